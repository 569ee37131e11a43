package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/marker"
)

// markerFit is a square in the map: its pose and the logarithm of its edge, in
// lengths of the map.
type markerFit struct {
	pose    geom.SE3 // T_wm
	logEdge float64
	sigma   float64 // of logEdge
	views   int
	rmsPx   float64
}

// fitMarker finds the square that projects to the corners seen in two or more
// keyframes, by least squares over its pose and its edge; keyframes stay where
// they are. A view that does not fit is left out once. ok is false where the
// views lie too close together to tell the edge, or contradict each other.
func fitMarker(views []markerView) (f markerFit, ok bool) {
	if f, ok = startMarker(views); !ok {
		return f, false
	}
	f.solve(views, geom.Kernel{Kind: geom.Cauchy, Delta: markerPixelSigma})
	kept := views[:0:0]
	for _, v := range views {
		if rms, ok := f.viewRMS(v); ok && rms <= markerWorstPx {
			kept = append(kept, v)
		}
	}
	if len(kept) < 2 || 2*len(kept) < len(views) {
		return f, false
	}
	f.solve(kept, geom.Kernel{})
	f.views = len(kept)
	return f, f.rmsPx <= markerFitPx && f.sigma < markerMost && f.pose.IsFinite()
}

// startMarker triangulates the corners and takes the square nearest to them.
func startMarker(views []markerView) (f markerFit, ok bool) {
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
	f.pose.R = geom.FromCols(x, y, x.Cross(y))
	f.pose.T = c[0].Add(c[1]).Add(c[2]).Add(c[3]).Scale(.25)
	f.logEdge = math.Log(edge)
	return f, true
}

// minMarkerParallax is the least angle between two rays to a corner, radians.
const minMarkerParallax = .02

// triangulateRays returns the point nearest to the rays through a corner.
func triangulateRays(views []markerView, corner int) (p geom.Vec3, ok bool) {
	var a geom.Mat3
	var b geom.Vec3
	dirs := make([]geom.Vec3, len(views))
	for i, v := range views {
		d := v.pose.R.MulVec(v.camera.Ray(v.corners[corner])).Unit()
		across := geom.Identity3().Add(geom.Outer(d, d).Scale(-1))
		a = a.Add(across)
		b = b.Add(across.MulVec(v.pose.T))
		dirs[i] = d
		ok = ok || d.Cross(dirs[0]).Norm() > minMarkerParallax
	}
	inv, regular := a.Inverse()
	if !ok || !regular {
		return p, false
	}
	p = inv.MulVec(b)
	for _, v := range views {
		if v.pose.ApplyInverse(p).Z < minDepthM/10 {
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
func (f *markerFit) residuals(v markerView, r *[8]float64, j *[8][7]float64) bool {
	for i, p := range marker.Square(math.Exp(f.logEdge)) {
		pc := v.pose.ApplyInverse(f.pose.Apply(p))
		if pc.Z <= 0 {
			return false
		}
		e := v.camera.Project(pc).Sub(v.corners[i])
		r[2*i], r[2*i+1] = e.X, e.Y
		if j == nil {
			continue
		}
		d := v.camera.ProjectJacobian(pc)
		for row := range 2 {
			g := f.pose.R.TMulVec(v.pose.R.MulVec(geom.Vec3{X: d[row][0], Y: d[row][1], Z: d[row][2]}))
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
func (f *markerFit) solve(views []markerView, loss geom.Kernel) {
	lambda := 1e-3
	h, g, cost := f.normal(views, loss)
	for range 20 {
		damped := h
		for i := range 7 {
			damped[i][i] *= 1 + lambda
		}
		step, ok := solve7(damped, g)
		if !ok {
			break
		}
		next := *f
		next.pose = f.pose.Retract(geom.Tangent6{-step[0], -step[1], -step[2], -step[3], -step[4], -step[5]})
		next.logEdge -= step[6]
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
	unit := [7]float64{6: 1}
	column, ok := solve7(h, unit)
	f.sigma = math.Inf(1)
	if ok && column[6] > 0 {
		noise := math.Max(markerPixelSigma, math.Sqrt(cost/math.Max(n-7, 1)))
		f.sigma = 2 * noise * math.Sqrt(column[6])
	}
}

// normal returns J^T J, J^T r and the sum of squares, all weighted by the loss;
// the sum is infinite where a corner lies behind a camera.
func (f *markerFit) normal(views []markerView, loss geom.Kernel) (h [7][7]float64, g [7]float64, cost float64) {
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

func (f *markerFit) viewRMS(v markerView) (rmsPx float64, ok bool) {
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

// solve7 solves h x = g for a positive definite h by elimination.
func solve7(h [7][7]float64, g [7]float64) (x [7]float64, ok bool) {
	for i := range 7 {
		if !(h[i][i] > 1e-300) {
			return x, false
		}
		for k := i + 1; k < 7; k++ {
			f := h[k][i] / h[i][i]
			for c := i; c < 7; c++ {
				h[k][c] -= f * h[i][c]
			}
			g[k] -= f * g[i]
		}
	}
	for i := 6; i >= 0; i-- {
		x[i] = g[i]
		for c := i + 1; c < 7; c++ {
			x[i] -= h[i][c] * x[c]
		}
		x[i] /= h[i][i]
	}
	return x, true
}
