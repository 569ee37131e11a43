package ground

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/photometric"
	"github.com/metricslam/metricslam/slam"
)

// View is a grey image with its camera and the pose T_wc it was taken from.
type View struct {
	Gray   slam.Gray
	Camera geom.Camera
	Pose   geom.SE3
}

// plane is an estimate of q with the deviation of log h.
type plane struct {
	q      geom.Vec3
	logStd float64
	ncc    float64 // correlation of the two images on the road
}

// align refines q from q0 between two views; normal is the
// expected direction, known to tiltStd radians. ok is false where the road shows too little.
func align(a, b View, q0, normal geom.Vec3, tiltStd float64) (g plane, ok bool) {
	g.q = q0
	for _, radius := range []int{2, 1} { // coarse to fine: the radius of the box sets the support of the gradient
		p := newPair(a, b, radius)
		for range maxSteps {
			e := p.at(g.q).Linearize()
			if !p.enough(e.N) {
				return g, false
			}
			d, info, ok := step(&e, g.q, tiltPrior{normal, tiltStd})
			if !ok {
				return g, false
			}
			g.q, g.ncc = g.q.Add(d), e.NCC
			g.logStd = math.Hypot(1/math.Sqrt(math.Max(info, 1e-12)), floorLogStd)
			if d.Norm() < convergedShare*g.q.Norm() {
				break
			}
		}
	}
	cos := g.q.Unit().Dot(normal)
	return g, g.ncc >= minNCC && cos > math.Cos(tiltSigmas*tiltStd) && g.q.IsFinite()
}

// search tries heights from near to far and returns the best correlation:
// the start of align where nothing is known.
func (p *pair) search(normal geom.Vec3) (q geom.Vec3, ncc float64) {
	ncc = -1
	base := p.rel.T.Norm()
	for ratio := searchNear; ratio < searchFar; ratio *= searchStep { // height in baselines
		cand := normal.Scale(1 / (ratio * base))
		if e := p.at(cand).Compare(); p.enough(e.N) && e.NCC > ncc {
			q, ncc = cand, e.NCC
		}
	}
	return q, ncc
}

// roadPixels samples the trapezium in front of a camera that looks ahead: from a
// little below the horizon to the lower edge, wider below.
func roadPixels(cam geom.Camera) []geom.Vec2 {
	top := cam.Cy + roadTopTan*cam.Fy
	bottom := float64(cam.H - borderPx)
	if top >= bottom {
		return nil
	}
	var area float64
	half := func(y float64) float64 { return roadHalfWidth * (y - cam.Cy) * cam.Fx / cam.Fy }
	for y := top; y <= bottom; y++ {
		area += 2 * half(y)
	}
	step := math.Max(1, math.Sqrt(area/samples))
	var px []geom.Vec2
	for y := top; y <= bottom; y += step {
		for x := cam.Cx - half(y); x <= cam.Cx+half(y); x += step {
			u := geom.Vec2{X: math.Round(x), Y: math.Round(y)}
			if cam.Contains(u, borderPx) {
				px = append(px, u)
			}
		}
	}
	return px
}

// pair is two views that are compared: the pixels of b's road, seen in a.
type pair struct {
	a    photometric.View
	rel  geom.SE3    // T_ab
	rays []geom.Vec3 // of b
	grey []float32   // there
}

// newPair smooths two views by boxes of a radius and samples the road of b.
func newPair(a, b View, radius int) *pair {
	p := &pair{a: photometric.View{Camera: a.Camera, Image: photometric.Smooth(a.Gray, radius)}, rel: a.Pose.Between(b.Pose)}
	ib := photometric.Smooth(b.Gray, radius)
	for _, u := range roadPixels(b.Camera) {
		p.rays = append(p.rays, b.Camera.Ray(u))
		p.grey = append(p.grey, float32(ib.Nearest(u)))
	}
	return p
}

// at returns the alignment with the plane of q.
func (p *pair) at(q geom.Vec3) *photometric.Problem {
	return &photometric.Problem{
		Settings: settings, View: &p.a, Grey: p.grey, Unknowns: 3,
		Point: func(i int) geom.Vec3 { return p.rel.R.MulVec(p.rays[i]).Add(p.rel.T.Scale(q.Dot(p.rays[i]))) },
		Derive: func(i int, _, d geom.Vec3, row *photometric.Row) {
			j := p.rays[i].Scale(d.Dot(p.rel.T))
			row[0], row[1], row[2] = j.X, j.Y, j.Z
		},
	}
}

// enough reports whether n pixels are enough of the road.
func (p *pair) enough(n int) bool {
	return n >= max(len(p.grey)/2, settings.MinPixels)
}

// step returns the Gauss-Newton step of q and the information on log h.
func step(e *photometric.Equations, q geom.Vec3, tilt tiltPrior) (d geom.Vec3, info float64, ok bool) {
	weight := independentShare / math.Max(e.Cost, 1)
	s := e.Scaled(weight)
	h := geom.Mat3{{s[0][0], s[0][1], s[0][2]}, {s[1][0], s[1][1], s[1][2]}, {s[2][0], s[2][1], s[2][2]}}
	g := geom.Vec3{X: e.G[0], Y: e.G[1], Z: e.G[2]}.Scale(weight)
	info = q.Dot(h.MulVec(q)) // d log h = - d q . q / |q|^2 along q
	tilt.add(&h, &g, q)
	inv, ok := h.Inverse()
	return inv.MulVec(g), info, ok
}

// tiltPrior holds the direction of q near the expected normal.
type tiltPrior struct {
	normal geom.Vec3
	std    float64 // radians
}

func (t tiltPrior) add(h *geom.Mat3, g *geom.Vec3, q geom.Vec3) {
	l := q.Norm()
	across := geom.Identity3().Add(geom.Outer(t.normal, t.normal).Scale(-1)) // projector onto the plane
	w := 1 / (t.std * t.std * l * l)
	*h = h.Add(across.Scale(w))
	*g = g.Sub(across.MulVec(q).Scale(w))
}
