package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// Two corners of a town with the same advertising column have all that makes a
// link: corners that pair, a pose by them, landmarks that patches confirm. What
// tells them apart is what is not there: the houses behind. So where a link says that
// two keyframes are together which the map has far apart, most of the landmarks that
// should be in sight must look like what they are; some are hidden, or blurred. Of 35
// links between places of synthetic:tour that are not one, the best reaches .53; of
// the true ones on streets all reach .84. In the dark of tum/desk, where the map is
// off by less than what it sees is away, true ones reach .34 to .9, and are not asked.
const (
	afarDepths = 3  // median depths by which a link moves a keyframe, from which on it is asked
	alikeShare = .6 // of the landmarks that should be in sight
	alikeNCC   = .6 // correlation that they reach
	alikeReach = 1  // pixels of half the size that they may lie off
)

// alike reports whether the landmarks of a that should be in sight of b, which lies
// at ba = T_b_a, look alike there.
func (m *Mapper) alike(a, b *Keyframe, ba geom.SE3) (bool, error) {
	find, ok, err := m.Map.newFinder(a, b, ba, false, alikeNCC)
	if !ok {
		return false, err
	}
	var ncc []float64
	m.expected(a, b, ba, func(f Feature, l *Landmark, p geom.Vec3, u geom.Vec2) {
		if c, ok := find.NCC(f.Pixel, m.Map.plane(l, a, f.Pixel, p.Z), u, alikeReach); ok {
			ncc = append(ncc, c)
		}
	})
	slices.Sort(ncc)
	return len(ncc) >= linkMinInliers && ncc[int((1-alikeShare)*float64(len(ncc)))] >= alikeNCC, nil
}

// fromAfar reports whether the map has two keyframes of a part far from where T_b_a
// says, in median depths of what they see.
func (m *Mapper) fromAfar(a, b *Keyframe, ba geom.SE3, depthM float64) bool {
	return a.Part == b.Part && b.Pose.Between(a.Pose).T.Sub(ba.T).Norm() > afarDepths*depthM
}

// expected calls do for each landmark of a that should be in sight of b, with its
// place p in a and its pixel u in b.
func (m *Mapper) expected(a, b *Keyframe, ba geom.SE3, do func(f Feature, l *Landmark, p geom.Vec3, u geom.Vec2)) {
	for _, f := range a.Features {
		l, ok := m.Map.landmarks.find(f.Landmark)
		if !ok || !l.Known() || l.LogStd > sharpenMaxStd || l.ID >= firstTie {
			continue
		}
		p := a.Pose.ApplyInverse(m.Map.Position(l))
		q := ba.Apply(p)
		if p.Z < minDepthM || q.Z < minDepthM {
			continue
		}
		if u := b.Camera.Project(q); b.Camera.Contains(u, retrackBorder) {
			do(f, l, p, u)
		}
	}
}
