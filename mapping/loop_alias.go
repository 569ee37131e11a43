package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// Two corners of a town with the same advertising column have all that makes a
// link: corners that pair, a pose by them, landmarks that patches confirm. What
// tells them apart is what is not there: the houses behind. So where a link says that
// two keyframes are together which the map has far apart, most of the landmarks that
// should be in view must look like what they are; some are hidden, or blurred. Of 35
// links between places of synthetic:tour that are not one, the best reaches .53; of
// the true ones on streets all reach .84. In the dark of tum/desk, where the map is
// off by less than what it sees is away, true ones reach .34 to .9, and are not asked.
// looksAlike reports whether the landmarks of a that should be in view of b, which lies
// at ba = T_b_a, look alike there.
func (c *loopCloser) looksAlike(a, b *Keyframe, ba geom.SE3) (bool, error) {
	find, ok, err := c.m.newFinder(a, b, ba, false, aliasNCC)
	if !ok {
		return false, err
	}
	var ncc []float64
	c.expected(a, b, ba, func(f Feature, l *Landmark, p geom.Vec3, u geom.Vec2) {
		if c, ok := find.NCC(f.Pixel, c.m.plane(l, a, f.Pixel, p.Z), u, aliasReachPx); ok {
			ncc = append(ncc, c)
		}
	})
	slices.Sort(ncc)
	return len(ncc) >= linkMinInliers && ncc[int((1-aliasShare)*float64(len(ncc)))] >= aliasNCC, nil
}

// farFromMap reports whether the map has two keyframes of a part far from where T_b_a
// says, in median depths of what they see.
func (c *loopCloser) farFromMap(a, b *Keyframe, ba geom.SE3, depthM float64) bool {
	return a.Part == b.Part && b.Pose.Between(a.Pose).T.Sub(ba.T).Norm() > aliasDepths*depthM
}

// expected calls do for each landmark of a that should be in view of b, with its
// place p in a and its pixel u in b.
func (c *loopCloser) expected(a, b *Keyframe, ba geom.SE3, do func(f Feature, l *Landmark, p geom.Vec3, u geom.Vec2)) {
	for _, f := range a.Features {
		l, ok := c.m.landmarks.find(f.Landmark)
		if !ok || !l.Known() || l.LogStd > refineMaxLogStd || l.ID >= firstLinkLandmark {
			continue
		}
		p := a.Pose.ApplyInverse(c.m.Position(l))
		q := ba.Apply(p)
		if p.Z < minDepthM || q.Z < minDepthM {
			continue
		}
		if u := b.Camera.Project(q); b.Camera.Contains(u, retrackBorder) {
			do(f, l, p, u)
		}
	}
}

// ambiguous reports whether other places look nearly as much like the views of a
// group as the one that it names: neither its best link nor all of them together
// surpass by aliasRatio what one other place has.
func (c *loopCloser) ambiguous(group []*Link) bool {
	own := make(map[*Link]bool)
	best, sum := 0, 0
	for _, l := range group {
		own[l] = true
		best, sum = max(best, l.Inliers), sum+l.Inliers
	}
	var others []*Link
	for _, o := range c.pending {
		if !own[o] && slices.ContainsFunc(group, func(l *Link) bool { return posegraph.SameVisit(o.To, l.To) }) {
			others = append(others, o)
		}
	}
	for _, o := range others {
		place := 0
		for _, p := range others {
			if posegraph.SameVisit(o.From, p.From) {
				place += p.Inliers
			}
		}
		if aliasRatio*float64(o.Inliers) > float64(best) && aliasRatio*float64(place) > float64(sum) {
			return true
		}
	}
	return false
}
