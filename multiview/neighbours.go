package multiview

import (
	"cmp"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

const (
	minOverlap = .4 // share of a keyframe's points that a neighbour must see

	// The angle between the rays of the two views: below, depth is weakly seen,
	// above, the same surface looks different.
	bestAngle              = 10 * math.Pi / 180
	angleBelow, angleAbove = 2.5 * math.Pi / 180, 5 * math.Pi / 180
	leastAngle             = .5 * math.Pi / 180
	// A camera that goes straight on never gets the best angle: this share of the
	// score grows with the angle, so that the largest at hand wins.
	angleTail = .01

	ratioSigma = .3 // of the logarithm of the ratio of distances: patches shrink

	// A neighbour that is chosen damps those near it by up to dampMost, within
	// dampReach of its baseline.
	dampReach, dampMost = .6, .9

	// Points of a keyframe that are looked at, along x and y.
	pointsAcross, pointsDown = 16, 12
)

// relation is how a camera sees the points of a keyframe.
type relation struct {
	overlap float64 // share of the points in its image
	angle   float64 // median between the rays, radians
	ratio   float64 // median |log| of the ratio of the depths
}

// gridPoints are points of a depth map, evenly spread, in the world.
func gridPoints(d slam.DepthMap, pose geom.SE3) (out []geom.Vec3) {
	for j := range pointsDown {
		for i := range pointsAcross {
			x, y := (2*i+1)*d.W/(2*pointsAcross), (2*j+1)*d.H/(2*pointsDown)
			if z := float64(d.Depth[y*d.W+x]); z > 0 {
				out = append(out, pose.Apply(d.Camera.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, z)))
			}
		}
	}
	return out
}

// relate tells how a camera at pose sees the points of one at ref.
func relate(points []geom.Vec3, ref, pose geom.SE3, cam geom.Camera) relation {
	angles, ratios := make([]float64, 0, len(points)), make([]float64, 0, len(points))
	for _, p := range points {
		q := pose.ApplyInverse(p)
		if q.Z <= 0 || !cam.Contains(cam.Project(q), 0) {
			continue
		}
		a, b := p.Sub(ref.T), p.Sub(pose.T)
		angles = append(angles, math.Acos(min(a.Dot(b)/(a.Norm()*b.Norm()), 1)))
		ratios = append(ratios, math.Abs(math.Log(q.Z/ref.ApplyInverse(p).Z)))
	}
	if len(angles) == 0 {
		return relation{}
	}
	return relation{float64(len(angles)) / float64(len(points)), stats.Median(angles), stats.Median(ratios)}
}

// score is what a neighbour is worth to a sweep, 0 where it is of no use.
func (r relation) score() float64 {
	if r.overlap < minOverlap || r.angle < leastAngle {
		return 0
	}
	width := angleBelow
	if r.angle > bestAngle {
		width = angleAbove
	}
	a, l := (r.angle-bestAngle)/width, r.ratio/ratioSigma
	return r.overlap * (math.Exp(-a*a/2) + angleTail*r.angle/bestAngle) * math.Exp(-l*l/2)
}

// neighbours returns up to n keyframes that show the points best, from different
// places.
func neighbours(near []*keyframe, self *keyframe, points []geom.Vec3, n int) (out []*keyframe) {
	type candidate struct {
		k               *keyframe
		score, baseline float64
	}
	var all []candidate
	for _, k := range near {
		if k == self {
			continue
		}
		if s := relate(points, self.pose(), k.pose(), k.image.Camera).score(); s > 0 {
			all = append(all, candidate{k, s, k.pose().T.Sub(self.pose().T).Norm()})
		}
	}
	for len(out) < n && len(all) > 0 {
		best := slices.MaxFunc(all, func(a, b candidate) int { // the first of equals
			return cmp.Compare(a.score, b.score)
		})
		out = append(out, best.k)
		all = slices.DeleteFunc(all, func(c candidate) bool { return c.k == best.k })
		for i := range all {
			d := all[i].k.pose().T.Sub(best.k.pose().T).Norm() / max(best.baseline, 1e-9) / dampReach
			all[i].score *= 1 - dampMost*math.Exp(-2*d*d)
		}
	}
	return out
}
