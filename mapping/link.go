package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// Link is a place seen twice: keyframe To shows what keyframe From showed.
type Link struct {
	From, To int
	Z        geom.Sim3 // T_from_to; its scale is 1 where both maps are metric
	Inliers  int

	info      posegraph.Information
	pairs     []linkPair // features of both that show the same point
	landmarks []int      // made of them
	tried     int        // links that said the same when it was judged in vain
	units     [2]float64 // Keyframe.Unit of From and To that its lengths are in
}

type linkPair struct {
	from, to geom.Vec2 // pixels
	depthM   float64   // in from
}

// linkInfo is the information of a link's Z, as a tangent in b: what the
// reprojection errors tell about the pose ba = T_b_a of points in a seen along
// rays in b, less what a depth wrong for all of them would do. spread is the
// narrower half-width of the features, in radians.
func linkInfo(ba geom.SE3, rays []geom.Vec2, points []geom.Vec3, pixelSigma, depth float64) (info posegraph.Information, spread float64) {
	w := slices.Repeat([]geom.Info2{geom.IsotropicInfo(1 / (pixelSigma * pixelSigma))}, len(rays))
	_, h := geom.RefinePnP(ba, rays, points, w, geom.Kernel{Kind: geom.Huber, Delta: 1.5}, 0)
	cov, ok := geom.InverseSPD6(&h)
	if !ok {
		return info, 0
	}
	for i := range 3 {
		cov[i][i] += linkShiftShare * depth * linkShiftShare * depth
		cov[i+3][i+3] += linkTurnRad * linkTurnRad
	}
	centre, axes, widths := raySpread(rays)
	c := geom.Vec3{X: centre.X, Y: centre.Y, Z: 1}.Scale(depth)
	for k := range 2 {
		// Turning about the wide axis is held by the narrow width.
		sigma := linkDepthShare / math.Max(widths[1-k], 1e-3)
		phi := geom.Vec3{X: axes[k].X, Y: axes[k].Y}
		rho := c.Cross(phi)
		t := [6]float64{rho.X, rho.Y, rho.Z, phi.X, phi.Y, phi.Z}
		for i := range 6 {
			for j := range 6 {
				cov[i][j] += sigma * sigma * t[i] * t[j]
			}
		}
	}
	inv, ok := geom.InverseSPD6(&cov)
	if !ok {
		return info, 0
	}
	for i := range 6 {
		copy(info[i][:6], inv[i][:])
	}
	info[6][6] = 1 / (linkLogScale * linkLogScale)
	return info, widths[1]
}

// raySpread returns the centre of rays on the z = 1 plane, the axes of their
// scatter, wide one first, and its standard deviations along them.
func raySpread(rays []geom.Vec2) (centre geom.Vec2, axes [2]geom.Vec2, widths [2]float64) {
	n := float64(len(rays))
	for _, r := range rays {
		centre = centre.Add(r.Scale(1 / n))
	}
	var xx, xy, yy float64
	for _, r := range rays {
		d := r.Sub(centre)
		xx, xy, yy = xx+d.X*d.X/n, xy+d.X*d.Y/n, yy+d.Y*d.Y/n
	}
	s, c := math.Sincos(.5 * math.Atan2(2*xy, xx-yy))
	axes = [2]geom.Vec2{{X: c, Y: s}, {X: -s, Y: c}}
	half, root := (xx+yy)/2, math.Hypot((xx-yy)/2, xy)
	return centre, axes, [2]float64{math.Sqrt(half + root), math.Sqrt(math.Max(half-root, 0))}
}

// toCurrentUnits puts the lengths of a link into those of its keyframes as they are
// now.
func (c *loopCloser) toCurrentUnits(l *Link) {
	now := [2]float64{c.m.Keyframes[l.From].Unit, c.m.Keyframes[l.To].Unit}
	if l.units == now {
		return
	}
	if l.units[0] > 0 {
		f, t := now[0]/l.units[0], now[1]/l.units[1]
		l.Z.T = l.Z.T.Scale(f)
		l.Z.S *= f / t
		for i := range l.pairs {
			l.pairs[i].depthM *= f
		}
		for i := range 3 {
			l.info[i][i] /= t * t
			for j := i + 1; j < 6; j++ {
				l.info[i][j] /= t
				if j < 3 {
					l.info[i][j] /= t
				}
			}
		}
	}
	l.units = now
}

// information of a link; one that comes from a map file has lost its own.
func (c *loopCloser) information(l *Link) posegraph.Information {
	if l.info[0][0] > 0 {
		return l.info
	}
	few := math.Max(1, math.Sqrt(linkSure/float64(max(l.Inliers, 1))))
	return posegraph.Diagonal(3*few*linkShiftShare*c.m.sceneDepth(c.m.Keyframes[l.To]), 3*few*linkTurnRad, linkLogScale)
}

// chi2 is the squared deviation of a link, in units of its covariance, where
// its keyframe To is at pose to.
func (c *loopCloser) chi2(l *Link, to geom.Sim3) float64 {
	from := geom.Sim3FromSE3(c.m.Keyframes[l.From].Pose, 1)
	e := geom.LogSim3(l.Z.Inverse().Mul(from.Inverse().Mul(to)))
	info := c.information(l)
	return chi2(&info, e)
}

// residualPx is the median distance, in pixels, between the features of a link and
// where the map would have them.
func (c *loopCloser) residualPx(l *Link) float64 {
	from, to := c.m.Keyframes[l.From], c.m.Keyframes[l.To]
	rel := to.Pose.Between(from.Pose)
	var px []float64
	for _, p := range l.pairs {
		if q := rel.Apply(from.Camera.Unproject(p.from, p.depthM)); q.Z > minDepthM {
			px = append(px, to.Camera.Project(q).Sub(p.to).Norm())
		}
	}
	return stats.Median(px)
}

// move is how a link would move the newer keyframe's map: T with
// T T_w_to = T_w_from Z.
func (c *loopCloser) move(l *Link) geom.Sim3 {
	from := geom.Sim3FromSE3(c.m.Keyframes[l.From].Pose, 1)
	to := geom.Sim3FromSE3(c.m.Keyframes[l.To].Pose, 1)
	return from.Mul(l.Z).Mul(to.Inverse())
}

// sortLinks orders links by falling number of inliers, newest first.
func sortLinks(links []*Link) {
	slices.SortStableFunc(links, func(a, b *Link) int {
		if a.Inliers != b.Inliers {
			return b.Inliers - a.Inliers
		}
		if a.To != b.To {
			return b.To - a.To
		}
		return b.From - a.From
	})
}
