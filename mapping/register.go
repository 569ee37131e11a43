package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/patch"
)

// A feature that is followed from image to image wanders: every step adds
// its error to the one before. register finds it again in a keyframe by the
// patch around its first observation, warped as the landmark's depth and the
// two poses say, so that its error no longer grows with its age.

// registration is a feature of a keyframe, and the observation that it is looked for from.
type registration struct {
	feature  int
	landmark *Landmark
	from     Observation
}

// register moves the features of keyframe k to where the first observations of
// their landmarks say or, where these look too different, the nearest keyframe
// whose own feature was found. It notes those that it finds.
func (m *Map) register(k *Keyframe) error {
	var first, again []registration
	for i := range k.Features {
		if l, ok := m.landmarks.find(k.Features[i].Landmark); ok && l.Known() && l.Host != k.ID {
			first = append(first, registration{i, l, l.Obs[0]})
		}
	}
	missed, err := m.registerAgainst(k, first)
	if err != nil {
		return err
	}
	for _, g := range missed {
		var ok bool
		if g.from, ok = m.nearestRegistered(g.landmark, k.ID); ok {
			again = append(again, g)
		}
	}
	_, err = m.registerAgainst(k, again)
	return err
}

// nearestRegistered returns the observation of l that was found in the keyframe next to kf.
func (m *Map) nearestRegistered(l *Landmark, kf int) (best Observation, ok bool) {
	gap := math.MaxInt
	for _, o := range l.Obs {
		d := max(o.KF-kf, kf-o.KF)
		if o.KF != kf && d < gap && m.Keyframes[o.KF].Features[o.Index].Registered {
			best, gap, ok = o, d, true
		}
	}
	return best, ok
}

// patchSearch looks for the patch of one registration.
type patchSearch struct {
	registration
	finder patch.Finder
	pixel  geom.Vec2 // of the observation that it is looked for from
	plane  geom.Vec3
	known  float64 // information on the slant
	host   bool    // the observation is that of the landmark's host

	match patch.Match
	found bool
}

// registerAgainst looks for features of keyframe k and returns those that it does not
// find. It takes them in the order of the keyframes that they are looked for from:
// each of those is opened once.
func (m *Map) registerAgainst(k *Keyframe, all []registration) (missed []registration, err error) {
	slices.SortStableFunc(all, func(a, b registration) int { return a.from.KF - b.from.KF })
	searches := make([]patchSearch, 0, len(all))
	var find patch.Finder
	var hasImages bool
	var hold float64 // images that are not sharp say little of a slant
	for n, g := range all {
		from := m.Keyframes[g.from.KF]
		if n == 0 || all[n-1].from.KF != g.from.KF {
			if find, hasImages, err = m.newFinder(from, k, k.Pose.Inverse().Mul(from.Pose), true, registerMinNCC); err != nil {
				return nil, err
			}
			hold = math.Pow(max(k.NoisePx, from.NoisePx, 1), 4)
			if patch.Radius/k.Camera.Focal() > patch.MaxPlaneRad {
				hold = patch.FixedSlant
			}
		}
		z := from.Pose.ApplyInverse(m.Position(g.landmark)).Z
		if !hasImages || z < minDepthM {
			missed = append(missed, g)
			continue
		}
		l, u := g.landmark, from.Features[g.from.Index].Pixel
		searches = append(searches, patchSearch{
			registration: g, finder: find, pixel: u, plane: m.plane(l, from, u, z), known: l.Slant.Known() * hold, host: from.ID == l.Host,
		})
	}
	spread(m.threads, len(searches), func(i int) {
		s := &searches[i]
		s.match, s.found = s.finder.Find(s.pixel, s.plane, s.known, k.Features[s.feature].Pixel, registerMaxPx)
	})
	for i := range searches {
		s := &searches[i]
		if !s.found {
			missed = append(missed, s.registration)
			continue
		}
		f := &k.Features[s.feature]
		f.Pixel, f.Registered = s.match.Pixel, true
		if s.host {
			s.landmark.Slant = s.landmark.Slant.Update(s.match.Turn, s.match.Info)
		}
	}
	return missed, nil
}

// registerAll registers the features of all keyframes of a part anew.
func (m *Map) registerAll(part int) error {
	for _, k := range m.Keyframes {
		if k.Part != part {
			continue
		}
		for i := range k.Features {
			k.Features[i].Registered = false
		}
	}
	for _, k := range m.Keyframes {
		if k.Part == part && !k.Culled() {
			if err := m.register(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// registered reports whether the features that were found hold the keyframe by themselves.
func (k *Keyframe) registered() bool {
	n := 0
	for _, f := range k.Features {
		if f.Registered {
			n++
		}
	}
	return n >= registerSure
}

// newFinder returns a finder between two keyframes at the relative pose T_to_from.
func (m *Map) newFinder(from, to *Keyframe, rel geom.SE3, full bool, minNCC float64) (f patch.Finder, ok bool, err error) {
	a, err := m.Images(from)
	if err != nil {
		return f, false, err
	}
	b, err := m.Images(to)
	if err != nil {
		return f, false, err
	}
	f, ok = patch.NewFinder(patch.View{Gray: a.Gray, Camera: from.Camera}, patch.View{Gray: b.Gray, Camera: to.Camera}, rel, full, minNCC)
	return f, ok, nil
}

// plane returns the surface of l as keyframe from sees it: the inverse depth along
// ray r is plane . r, and 1/depthM along that of pixel u.
func (m *Map) plane(l *Landmark, from *Keyframe, u geom.Vec2, depthM float64) geom.Vec3 {
	plane := l.Slant.Plane(l.Ray, l.InvDepth)
	if from.ID != l.Host {
		plane = m.Keyframes[l.Host].Pose.Between(from.Pose).R.TMulVec(plane)
	}
	return patch.PlaneAt(plane, from.Camera.Ray(u), depthM)
}
