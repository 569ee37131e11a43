package metric

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/marker"
)

const (
	cornerSigmaPx = .4   // pixels, of a corner against the map: its own, and the pose's of the keyframe
	maxViewRMSPx  = 4    // pixels: RMS of the corners of a view from which on it is left out
	maxRMSPx      = 2    // pixels: RMS above which a marker is no rigid part of the map
	maxViews      = 60   // that a fit takes: more say nothing new
	minParallax   = .02  // radians: least angle between two rays to a corner
	minDepth      = .005 // lengths of the map: a corner that is nearer lies behind the camera
)

// MaxSigma is the deviation of an edge's logarithm that still says something.
const MaxSigma = .3

// MarkerView is a marker in a keyframe.
type MarkerView struct {
	Pose    geom.SE3 // T_wc
	Camera  geom.Camera
	Corners [4]geom.Vec2
}

// MarkerFit is a square in the map: its pose and the logarithm of its edge, in
// lengths of the map.
type MarkerFit struct {
	Pose    geom.SE3 // T_wm
	LogEdge float64
	Sigma   float64 // of LogEdge
	Views   int     // that it rests on
	rmsPx   float64
}

// FitMarker finds the square that projects to the corners seen in two or more
// keyframes, by least squares over its pose and its edge; keyframes stay where
// they are. A view that does not fit is left out once. ok is false where the
// views lie too close together to tell the edge, or contradict each other.
func FitMarker(views []MarkerView) (f MarkerFit, ok bool) {
	views = thinned(views)
	if f, ok = startMarker(views); !ok {
		return f, false
	}
	f.solve(views, geom.Kernel{Kind: geom.Cauchy, Delta: cornerSigmaPx})
	kept := views[:0:0]
	for _, v := range views {
		if rms, ok := f.viewRMS(v); ok && rms <= maxViewRMSPx {
			kept = append(kept, v)
		}
	}
	if len(kept) < 2 || 2*len(kept) < len(views) {
		return f, false
	}
	f.solve(kept, geom.Kernel{})
	f.Views = len(kept)
	return f, f.rmsPx <= maxRMSPx && f.Sigma < MaxSigma && f.Pose.IsFinite()
}

// thinned keeps views spread evenly over all.
func thinned(v []MarkerView) []MarkerView {
	if len(v) <= maxViews {
		return v
	}
	out := make([]MarkerView, maxViews)
	for i := range out {
		out[i] = v[i*len(v)/maxViews]
	}
	return out
}

// startMarker triangulates the corners and takes the square nearest to them.
func startMarker(views []MarkerView) (f MarkerFit, ok bool) {
	if len(views) < 2 {
		return f, false
	}
	var c [4]geom.Vec3
	for i := range c {
		if c[i], ok = triangulateRays(views, i); !ok {
			return f, false
		}
	}
	x := c[1].Sub(c[0]).Add(c[2].Sub(c[3])).Unit()
	y := c[3].Sub(c[0]).Add(c[2].Sub(c[1]))
	y = y.Sub(x.Scale(x.Dot(y))).Unit()
	var edge float64
	for i := range c {
		edge += c[(i+1)%4].Sub(c[i]).Norm() / 4
	}
	if !(edge > 0) || y.Norm() < .5 || x.Norm() < .5 {
		return f, false
	}
	f.Pose.R = geom.FromCols(x, y, x.Cross(y))
	f.Pose.T = c[0].Add(c[1]).Add(c[2]).Add(c[3]).Scale(.25)
	f.LogEdge = math.Log(edge)
	return f, true
}

// triangulateRays returns the point nearest to the rays through a corner.
func triangulateRays(views []MarkerView, corner int) (p geom.Vec3, ok bool) {
	var a geom.Mat3
	var b geom.Vec3
	dirs := make([]geom.Vec3, len(views))
	for i, v := range views {
		d := v.Pose.R.MulVec(v.Camera.Ray(v.Corners[corner])).Unit()
		across := geom.Identity3().Add(geom.Outer(d, d).Scale(-1))
		a = a.Add(across)
		b = b.Add(across.MulVec(v.Pose.T))
		dirs[i] = d
		ok = ok || d.Cross(dirs[0]).Norm() > minParallax
	}
	inv, regular := a.Inverse()
	if !ok || !regular {
		return p, false
	}
	p = inv.MulVec(b)
	for _, v := range views {
		if v.Pose.ApplyInverse(p).Z < minDepth {
			return p, false
		}
	}
	return p, true
}

// residuals writes the pixel errors of a view's corners, and, where j is given,
// their derivatives by xi of T_wm <- T_wm Exp(xi) and by the log of the edge. With
// p the corner in the marker's frame and G = d pixel / d p_c:
//
//	d r / d xi = G R_cw R_wm [I, -[p]x],  d r / d log e = G R_cw R_wm p
func (f *MarkerFit) residuals(v MarkerView, r *[8]float64, j *[8][7]float64) bool {
	for i, p := range marker.Square(math.Exp(f.LogEdge)) {
		pc := v.Pose.ApplyInverse(f.Pose.Apply(p))
		if pc.Z <= 0 {
			return false
		}
		e := v.Camera.Project(pc).Sub(v.Corners[i])
		r[2*i], r[2*i+1] = e.X, e.Y
		if j == nil {
			continue
		}
		d := v.Camera.ProjectJacobian(pc)
		for row := range 2 {
			g := f.Pose.R.TMulVec(v.Pose.R.MulVec(geom.Vec3{X: d[row][0], Y: d[row][1], Z: d[row][2]}))
			rot := p.Cross(g)
			j[2*i+row] = [7]float64{g.X, g.Y, g.Z, rot.X, rot.Y, rot.Z, g.Dot(p)}
		}
	}
	return true
}

// solve refines the square by Levenberg-Marquardt, with a robust loss of a view's
// RMS, and sets the deviation of its edge from that of the pixels, or of the
// residuals where they are larger. The corners of a view share the error of its
// pose: they count as one.
func (f *MarkerFit) solve(views []MarkerView, loss geom.Kernel) {
	lambda := 1e-3
	h, g, cost := f.normal(views, loss)
	for range 20 {
		damped := h
		for i := range 7 {
			damped[i][i] *= 1 + lambda
		}
		step := g
		if !solve7(damped, &step) {
			break
		}
		next := *f
		next.Pose = f.Pose.Retract(geom.Tangent6{-step[0], -step[1], -step[2], -step[3], -step[4], -step[5]})
		next.LogEdge -= step[6]
		nh, ng, ncost := next.normal(views, loss)
		if !(ncost < cost) {
			if lambda *= 10; lambda > 1e6 {
				break
			}
			continue
		}
		done := cost-ncost < 1e-9*cost
		*f, h, g, cost = next, nh, ng, ncost
		if lambda /= 10; done {
			break
		}
	}
	n := float64(8 * len(views))
	f.rmsPx = math.Sqrt(cost / (n / 2))
	column := [7]float64{6: 1}
	f.Sigma = math.Inf(1)
	if solve7(h, &column) && column[6] > 0 {
		noise := math.Max(cornerSigmaPx, math.Sqrt(cost/math.Max(n-7, 1)))
		f.Sigma = 2 * noise * math.Sqrt(column[6])
	}
}

// normal returns J^T J, J^T r and the sum of squares, all weighted by the loss;
// the sum is infinite where a corner lies behind a camera.
func (f *MarkerFit) normal(views []MarkerView, loss geom.Kernel) (h [7][7]float64, g [7]float64, cost float64) {
	var r [8]float64
	var j [8][7]float64
	for _, v := range views {
		if !f.residuals(v, &r, &j) {
			return h, g, math.Inf(1)
		}
		var sum float64
		for _, e := range r {
			sum += e * e
		}
		rho, w := loss.Eval(sum / 4)
		cost += 4 * rho
		for i := range 8 {
			for a := range 7 {
				g[a] += w * j[i][a] * r[i]
				for b := range 7 {
					h[a][b] += w * j[i][a] * j[i][b]
				}
			}
		}
	}
	return h, g, cost
}

func (f *MarkerFit) viewRMS(v MarkerView) (rmsPx float64, ok bool) {
	var r [8]float64
	if !f.residuals(v, &r, nil) {
		return 0, false
	}
	var sum float64
	for _, e := range r {
		sum += e * e
	}
	return math.Sqrt(sum / 4), true
}

// solve7 solves h x = g for a positive definite h, in place of g.
func solve7(h [7][7]float64, g *[7]float64) bool {
	var a [49]float64
	for i := range h {
		copy(a[7*i:], h[i][:i+1])
	}
	return geom.SolveSPD(a[:], g[:])
}
