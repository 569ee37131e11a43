package problemfile

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// Problem returns the optimisation problem of the file, half the sum of squared
// pixel residuals, and a function that writes its state back to b.
func (b *BAL) Problem() (p *optimize.Problem, update func()) {
	p = optimize.NewProblem()
	cams := make([]balCamera, len(b.Cameras))
	camID := make([]optimize.ID, len(cams))
	for i, c := range b.Cameras {
		cams[i].balState = balState{
			r: geom.ExpSO3(geom.Vec3{X: c[0], Y: c[1], Z: c[2]}),
			t: geom.Vec3{X: c[3], Y: c[4], Z: c[5]},
			f: c[6], k1: c[7], k2: c[8],
		}
		camID[i] = p.Add(&cams[i])
	}
	points := make([]balPoint, len(b.Points))
	pointID := make([]optimize.ID, len(points))
	for i, x := range b.Points {
		points[i].x = geom.Vec3{X: x[0], Y: x[1], Z: x[2]}
		pointID[i] = p.AddEliminated(&points[i])
	}
	factors := make([]balFactor, len(b.Observations))
	for i, o := range b.Observations {
		factors[i] = balFactor{cam: &cams[o.Camera], point: &points[o.Point], z: geom.Vec2{X: o.X, Y: o.Y}}
		p.AddFactor(&factors[i], geom.Kernel{}, camID[o.Camera], pointID[o.Point])
	}
	return p, func() {
		for i := range cams {
			c := &cams[i]
			w := geom.LogSO3(c.r)
			b.Cameras[i] = [9]float64{w.X, w.Y, w.Z, c.t.X, c.t.Y, c.t.Z, c.f, c.k1, c.k2}
		}
		for i := range points {
			b.Points[i] = [3]float64{points[i].x.X, points[i].x.Y, points[i].x.Z}
		}
	}
}

// balState is a camera's pose, world to camera, and intrinsics.
type balState struct {
	r         geom.Mat3
	t         geom.Vec3
	f, k1, k2 float64
}

// balCamera moves by (phi, dt, df, dk1, dk2), R <- Exp(phi) R.
type balCamera struct {
	balState
	saved balState
}

func (c *balCamera) Dim() int { return 9 }
func (c *balCamera) Save()    { c.saved = c.balState }
func (c *balCamera) Restore() { c.balState = c.saved }
func (c *balCamera) Retract(d []float64) {
	c.r = geom.Orthonormalize(geom.ExpSO3(geom.Vec3{X: d[0], Y: d[1], Z: d[2]}).Mul(c.r))
	c.t = c.t.Add(geom.Vec3{X: d[3], Y: d[4], Z: d[5]})
	c.f += d[6]
	c.k1 += d[7]
	c.k2 += d[8]
}

type balPoint struct{ x, saved geom.Vec3 }

func (p *balPoint) Dim() int            { return 3 }
func (p *balPoint) Save()               { p.saved = p.x }
func (p *balPoint) Restore()            { p.x = p.saved }
func (p *balPoint) Retract(d []float64) { p.x = p.x.Add(geom.Vec3{X: d[0], Y: d[1], Z: d[2]}) }

// balFactor is a pixel residual, prediction less observation.
type balFactor struct {
	cam   *balCamera
	point *balPoint
	z     geom.Vec2
}

func (f *balFactor) Dim() int { return 2 }

// Linearize is not defined in the plane of the camera's centre. Points behind
// the camera project as the benchmark's model says.
func (f *balFactor) Linearize(r []float64, J [][]float64) bool {
	c := f.cam
	q := c.r.MulVec(f.point.x)
	p := q.Add(c.t)
	if math.Abs(p.Z) < 1e-12 {
		return false
	}
	iz := -1 / p.Z
	u, v := p.X*iz, p.Y*iz
	n := u*u + v*v
	d := 1 + n*(c.k1+c.k2*n)
	r[0], r[1] = c.f*d*u-f.z.X, c.f*d*v-f.z.Y
	if J == nil {
		return true
	}
	// Derivative by p of f d(|p|^2) p: f (d I + 2 d' p p^T), then by P.
	g := 2 * (c.k1 + 2*c.k2*n)
	a00, a01, a11 := c.f*(d+g*u*u), c.f*g*u*v, c.f*(d+g*v*v)
	rows := [2]geom.Vec3{
		{X: a00 * iz, Y: a01 * iz, Z: (a00*u + a01*v) * iz},
		{X: a01 * iz, Y: a11 * iz, Z: (a01*u + a11*v) * iz},
	}
	uv := [2]float64{u, v}
	for i, b := range rows {
		w := q.Cross(b) // d(Exp(phi) q) = phi x q
		jc := J[0][9*i : 9*i+9]
		jc[0], jc[1], jc[2] = w.X, w.Y, w.Z
		jc[3], jc[4], jc[5] = b.X, b.Y, b.Z
		jc[6], jc[7], jc[8] = d*uv[i], c.f*n*uv[i], c.f*n*n*uv[i]
		x := c.r.TMulVec(b)
		jp := J[1][3*i : 3*i+3]
		jp[0], jp[1], jp[2] = x.X, x.Y, x.Z
	}
	return true
}
