package network

import (
	"errors"
	"math"

	"github.com/metricslam/metricslam/depth/canonical"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
)

// Bounds of a stated deviation of log depth: a network that claims less than
// .5 % is not believed, and beyond 2 there is no difference.
const (
	minLogStd = .005
	maxLogStd = 2
)

// scaling is the way from an output's value to metres: factor (value + shift).
type scaling struct{ factor, shift float32 }

func (r *reader) scaling(plan canonical.Plan) scaling {
	f := r.c.Scale.Factor
	switch r.c.Scale.Rule {
	case contract.Canonical:
		f *= canonical.ToMetres(1, plan.FocalPx, r.c.Scale.Focal)
	case contract.FOV:
		f *= plan.Camera.Fx / float64(plan.ResizedW)
	}
	return scaling{factor: float32(f)}
}

// decode makes the depth map; what cannot be depth is 0.
func (r *reader) decode(m fields, win window, s scaling) Prediction {
	p := Prediction{Depth: win.depth}
	d := &p.Depth
	d.Depth = make([]float32, d.W*d.H)
	d.Sigma, d.ScaleSigma = r.c.Sigma, r.c.ScaleSigma
	if m.logVariance.v != nil {
		d.LogStd = make([]float32, d.W*d.H)
	}
	z := m.depth
	if r.c.Kind == contract.Points {
		z.v = z.v[2*z.plane:]
	}
	for y := range d.H {
		v := y + win.top
		if v < 0 || v >= z.h {
			p.Rejected.OutOfView += d.W
			continue
		}
		for x := range d.W {
			u := x + win.left
			if u < 0 || u >= z.w {
				p.Rejected.OutOfView++
				continue
			}
			i := v*z.w + u
			depth := r.metres(z.v[i*z.stride], s, &p.Rejected)
			if depth > 0 && r.masked(m, i) {
				p.Rejected.Masked++
				depth = 0
			}
			d.Depth[y*d.W+x] = depth
		}
	}
	if d.LogStd != nil {
		fillLogStd(d.LogStd, d.W, d.H, m.logVariance, win, float32(r.c.Sigma))
	}
	return p
}

// metres returns the depth of an output value, 0 where it cannot be one.
func (r *reader) metres(v float32, s scaling, rej *Rejected) float32 {
	v += s.shift
	switch r.c.Kind {
	case contract.InverseDepth:
		v = s.factor / v
	case contract.LogDepth:
		v = s.factor * float32(math.Exp(float64(v)))
	default:
		v *= s.factor
	}
	switch {
	case v-v != 0: // NaN or infinite
		rej.NotFinite++
		return 0
	case v <= 0:
		rej.NotPositive++
		return 0
	}
	if c := r.c.ClampM; c[1] > 0 {
		v = min(max(v, float32(c[0])), float32(c[1]))
	}
	if c := r.c.RangeM; c[1] > 0 && (v < float32(c[0]) || v > float32(c[1])) {
		rej.OutOfRange++
		return 0
	}
	return v
}

// masked reports whether the network itself says that pixel i has no depth. A
// value that is not a number masks.
func (r *reader) masked(m fields, i int) bool {
	o := &r.c.Outputs
	return m.confidence.v != nil && hides(&o.Confidence, m.confidence.v[i]) ||
		m.mask.v != nil && hides(&o.Mask, m.mask.v[i]) ||
		m.sky.v != nil && hides(&o.Sky, m.sky.v[i])
}

func hides(k *contract.Masking, v float32) bool {
	return !(v >= float32(k.Min)) && k.Min != 0 || !(v <= float32(k.Max)) && k.Max != 0
}

// fillLogStd writes exp(v/2) of the log variances that show the picture; sigma
// where they are not finite.
func fillLogStd(out []float32, w, h int, lv field, win window, sigma float32) {
	for y := range h {
		for x := range w {
			out[y*w+x] = sigma
			u, v := x+win.left, y+win.top
			if u < 0 || v < 0 || u >= lv.w || v >= lv.h {
				continue
			}
			if l := lv.v[v*lv.w+u]; l-l == 0 {
				out[y*w+x] = float32(min(max(math.Exp(float64(l)/2), minLogStd), maxLogStd))
			}
		}
	}
}

// solveShift finds the shift t along the axis with which affine points (x, y, z)
// project to their pixels: it minimises the sum of
// (x/(z+t) - X)^2 + (y/(z+t) - Y)^2 over a grid of pixels with rays (X, Y, 1),
// by Gauss-Newton with halved steps (the last step of MoGe, Wang et al., CVPR
// 2025, with the focal length known).
func solveShift(m fields, win window) (float32, error) {
	pts := sampleAffine(m, win)
	if len(pts) < 8 {
		return 0, errors.New("the network gave too few finite points to find their shift")
	}
	zMin := math.Inf(1)
	var num, den float64
	for _, p := range pts {
		zMin = min(zMin, p.z)
		num += p.X*(p.x-p.X*p.z) + p.Y*(p.y-p.Y*p.z) // x = X (z + t), linear in t
		den += p.X*p.X + p.Y*p.Y
	}
	floor := 1e-3*math.Abs(zMin) - zMin // keeps every z + t positive
	t := max(num/den, floor)
	cost, _, _ := shiftCost(pts, t)
	for range 30 {
		_, g, h := shiftCost(pts, t)
		step := -g / h
		for k := 0; k < 20; k++ {
			next := max(t+step, floor)
			if c, _, _ := shiftCost(pts, next); c < cost {
				t, cost = next, c
				break
			}
			step /= 2
		}
		if math.Abs(step) < 1e-9*(1+math.Abs(t)) {
			break
		}
	}
	if math.IsNaN(t) || math.IsInf(t, 0) {
		return 0, errors.New("the shift of the points cannot be found")
	}
	return float32(t), nil
}

// affinePoint is a point of the network and the ray of its pixel.
type affinePoint struct{ x, y, z, X, Y float64 }

// sampleAffine takes finite, unmasked points on a grid of about 64x64.
func sampleAffine(m fields, win window) []affinePoint {
	d, f := win.depth, m.depth
	step := max(1, max(d.W, d.H)/64)
	var pts []affinePoint
	for y := 0; y < d.H; y += step {
		for x := 0; x < d.W; x += step {
			u, v := x+win.left, y+win.top
			if u < 0 || v < 0 || u >= f.w || v >= f.h {
				continue
			}
			i := v*f.w + u
			if m.mask.v != nil && !(m.mask.v[i] >= .5) {
				continue
			}
			ray := d.Camera.Ray(geom.Vec2{X: float64(x), Y: float64(y)})
			p := affinePoint{
				x: float64(f.v[i*f.stride]), y: float64(f.v[i*f.stride+f.plane]), z: float64(f.v[i*f.stride+2*f.plane]),
				X: ray.X, Y: ray.Y,
			}
			if s := p.x + p.y + p.z; s-s == 0 {
				pts = append(pts, p)
			}
		}
	}
	return pts
}

// shiftCost returns the cost of shift t, its derivative and the Gauss-Newton
// approximation of the second, each without the factor 2.
func shiftCost(pts []affinePoint, t float64) (cost, g, h float64) {
	for _, p := range pts {
		iz := 1 / (p.z + t)
		rx, ry := p.x*iz-p.X, p.y*iz-p.Y
		jx, jy := -p.x*iz*iz, -p.y*iz*iz
		cost += rx*rx + ry*ry
		g += rx*jx + ry*jy
		h += jx*jx + jy*jy
	}
	return cost, g, h
}
