package mapping

import (
	"sort"

	"github.com/metricslam/metricslam/geom"
)

// retrack searches landmarks that keyframe k does not list but should see, in the
// images of the older keyframes that see most of them, and lists those that it
// finds. It is what keeps a camera that looks around in one place from drifting.
func (m *Mapper) retrack(k *Keyframe) error {
	if m.cfg.RetrackFrom == 0 {
		return nil
	}
	return m.rematch(k, retrackGatePx)
}

// retrackKeyframes returns the keyframes of k's part with most landmarks in
// view that are close in viewpoint.
func (m *Mapper) retrackKeyframes(k *Keyframe) []int {
	type candidate struct{ kf, n int }
	var all []candidate
	wide := cornerSecant(k.Camera)
	for _, o := range m.Map.Keyframes {
		if o == k || o.Part != k.Part || o.Pose.R.Col(2).Dot(k.Pose.R.Col(2)) < retrackAxisMin || !similarRoll(o, k) || m.outOfReach(k, o, wide) {
			continue
		}
		var n int
		for i := 0; i < len(o.Features); i += retrackSample {
			if _, _, ok := m.inView(k, o, o.Features[i]); ok {
				n++
			}
		}
		if n >= retrackFewest {
			all = append(all, candidate{o.ID, n})
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].n != all[j].n {
			return all[i].n > all[j].n
		}
		return all[i].kf > all[j].kf
	})
	ids := make([]int, 0, m.cfg.RetrackFrom)
	for _, c := range all[:min(len(all), m.cfg.RetrackFrom)] {
		ids = append(ids, c.kf)
	}
	return ids
}

// similarRoll reports whether two images are turned alike about the optical axis.
func similarRoll(a, b *Keyframe) bool {
	down := b.Pose.R.TMulVec(a.Pose.R.Col(1))
	n := down.X*down.X + down.Y*down.Y
	return n > 0 && down.Y > 0 && down.Y*down.Y/n > retrackRollMin*retrackRollMin
}

// inView returns the landmark of a feature of o and its projection in k, if it
// is known, in the image, and near enough to its size in o.
func (m *Mapper) inView(k, o *Keyframe, f Feature) (l *Landmark, u geom.Vec2, ok bool) {
	if f.Landmark < 0 {
		return nil, u, false
	}
	l = m.Map.landmarks.get(f.Landmark)
	if l == nil || !l.Known() || len(l.Obs) < 2 {
		return nil, u, false
	}
	w := m.Map.Position(l)
	p := k.Pose.ApplyInverse(w)
	if p.Z < minDepthM {
		return nil, u, false
	}
	zoom := o.Pose.ApplyInverse(w).Z / p.Z
	if zoom < retrackZoomMin || zoom > retrackZoomMax {
		return nil, u, false
	}
	u = k.Camera.Project(p)
	return l, u, k.Camera.Contains(u, retrackBorder)
}

// landmarksInView lists the landmarks of o that should be in view of k, where o sees
// them and where k should, but for those that skip names.
func (m *Mapper) landmarksInView(k, o *Keyframe, skip func(id int) bool) (ids []int, from, want []geom.Vec2) {
	for _, f := range o.Features {
		if l, u, ok := m.inView(k, o, f); ok && !skip(l.ID) {
			ids, from, want = append(ids, l.ID), append(from, f.Pixel), append(want, u)
		}
	}
	return ids, from, want
}

// rematchAll searches, in each keyframe of a part, the landmarks that its
// neighbours before and after see and it does not list: the more views hold a
// landmark, the less the map can bend.
func (m *Mapper) rematchAll(part int) error {
	for _, k := range m.Map.Keyframes {
		if k.Part != part || k.Culled() {
			continue
		}
		if err := m.rematch(k, rematchGatePx); err != nil {
			return err
		}
	}
	return nil
}

// rematch lists landmarks in keyframe k that are found within gatePx of where
// they should be.
func (m *Mapper) rematch(k *Keyframe, gatePx float64) error {
	seen := make(map[int]bool, len(k.Features))
	for _, f := range k.Features {
		seen[f.Landmark] = true
	}
	for _, kf := range m.retrackKeyframes(k) {
		if err := m.rematchFrom(k, m.Map.Keyframes[kf], seen, gatePx); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapper) rematchFrom(k, o *Keyframe, seen map[int]bool, gatePx float64) error {
	ids, from, want := m.landmarksInView(k, o, func(id int) bool { return seen[id] })
	guess := append([]geom.Vec2(nil), want...)
	for _, kf := range [2]*Keyframe{o, k} {
		if _, err := m.Map.Images(kf); err != nil { // the matcher has them now
			return err
		}
	}
	ok, err := m.match.Match(o.ID, k.ID, from, guess)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if ok[i] && guess[i].Sub(want[i]).Norm() < gatePx {
			seen[id] = true
			if err := m.addLandmark(k, m.Map.landmarks.get(id), guess[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// addLandmark lists a landmark in keyframe k at pixel u. A feature of k at the same
// corner that nobody else has seen is that landmark, found anew.
func (m *Mapper) addLandmark(k *Keyframe, l *Landmark, u geom.Vec2) error {
	for i := range k.Features {
		f := &k.Features[i]
		if f.Landmark < 0 || f.Pixel.Sub(u).Norm2() > sameCornerPx*sameCornerPx {
			continue
		}
		if twin := m.Map.landmarks.get(f.Landmark); twin != nil && len(twin.Obs) == 1 {
			m.Map.forgetObservation(twin, twin.Obs[0])
		}
	}
	return m.Map.observe(l, k, u)
}
