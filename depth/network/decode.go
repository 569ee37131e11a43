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
	d.Sigma, d.ScaleSigma, d.PlaceSigma = r.c.Sigma, r.c.ScaleSigma, r.c.PlaceSigma
	if m.logVariance.v != nil {
		d.LogStd = make([]float32, d.W*d.H)
	}
	z := m.depth
	if r.c.Kind == contract.Points {
		z.v = z.v[2*z.plane:]
	}
	g := r.gate(s)
	hidden := m.confidence.v != nil || m.mask.v != nil || m.sky.v != nil
	x0, x1 := min(max(0, -win.left), d.W), max(0, min(d.W, z.w-win.left))
	for y := range d.H {
		v := y + win.top
		if v < 0 || v >= z.h || x0 >= x1 {
			p.Rejected.OutOfView += d.W
			continue
		}
		p.Rejected.OutOfView += d.W - (x1 - x0)
		at := v*z.w + win.left + x0
		row := d.Depth[y*d.W+x0 : y*d.W+x1]
		g.row(row, z.v[at*z.stride:], z.stride, &p.Rejected)
		if !hidden {
			continue
		}
		for x := range row {
			if row[x] > 0 && r.masked(m, at+x) {
				p.Rejected.Masked++
				row[x] = 0
			}
		}
	}
	if d.LogStd != nil {
		fillLogStd(d.LogStd, d.W, d.H, m.logVariance, win, float32(r.c.Sigma))
	}
	return p
}

// gate turns values into metres and refuses what cannot be depth.
type gate struct {
	kind             contract.Kind
	s                scaling
	clampLo, clampHi float32 // bounds that depth is held within
	lo, hi           float32 // bounds beyond which it is unknown
}

func (r *reader) gate(s scaling) gate {
	g := gate{kind: r.c.Kind, s: s, clampHi: math.MaxFloat32, hi: math.MaxFloat32}
	if c := r.c.ClampM; c[1] > 0 {
		g.clampLo, g.clampHi = float32(c[0]), float32(c[1])
	}
	if c := r.c.RangeM; c[1] > 0 {
		g.lo, g.hi = float32(c[0]), float32(c[1])
	}
	return g
}

// row writes the depth of len(out) values, stride apart; 0 where they cannot be
// one.
func (g *gate) row(out, values []float32, stride int, rej *Rejected) {
	for x := range out {
		v := values[x*stride] + g.s.shift
		switch g.kind {
		case contract.InverseDepth:
			v = g.s.factor / v
		case contract.LogDepth:
			v = g.s.factor * exp32(v)
		default:
			v *= g.s.factor
		}
		if v >= g.clampLo && v <= g.clampHi && v >= g.lo && v <= g.hi && v > 0 {
			out[x] = v
			continue
		}
		out[x] = g.odd(v, rej)
	}
}

// odd handles a depth that is outside a bound or no number.
func (g *gate) odd(v float32, rej *Rejected) float32 {
	switch {
	case v-v != 0: // NaN or infinite
		rej.NotFinite++
		return 0
	case v <= 0:
		rej.NotPositive++
		return 0
	}
	v = min(max(v, g.clampLo), g.clampHi)
	if v < g.lo || v > g.hi {
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

// fillLogStd writes exp(v/2) of the log variances that show the image; sigma
// where they are not finite.
func fillLogStd(out []float32, w, h int, lv field, win window, sigma float32) {
	for y := range h {
		row := out[y*w : (y+1)*w]
		v := y + win.top
		for x := range row {
			row[x] = sigma
			u := x + win.left
			if u < 0 || v < 0 || u >= lv.w || v >= lv.h {
				continue
			}
			if l := lv.v[v*lv.w+u]; l-l == 0 {
				e := exp32(l / 2)
				if e < minLogStd {
					e = minLogStd
				} else if e > maxLogStd {
					e = maxLogStd
				}
				row[x] = e
			}
		}
	}
}

// exp32 is exp to within 1e-6 of its value: 2^n by the exponent's bits and the
// series of 2^f for -.5 <= f <= .5. It is some five times faster than
// float64's, which matters for a value a pixel.
func exp32(x float32) float32 {
	const log2e = 1.4426950408889634
	t := x * log2e
	switch {
	case t > 127:
		return float32(math.Inf(1))
	case t < -125:
		return 0
	case t != t:
		return t
	}
	n := int32(t + 128.5) // rounds, since t + 128 is positive
	f := (t - float32(n-128)) * (1 / log2e)
	p := 1 + f*(1+f*(1./2+f*(1./6+f*(1./24+f*(1./120+f*(1./720))))))
	return p * math.Float32frombits(uint32(n-128+127)<<23)
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
