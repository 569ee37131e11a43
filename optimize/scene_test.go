package optimize

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// poseVar is a camera-to-world pose, T <- T Exp(delta).
type poseVar struct{ T, saved geom.SE3 }

func (v *poseVar) Dim() int            { return 6 }
func (v *poseVar) Save()               { v.saved = v.T }
func (v *poseVar) Restore()            { v.T = v.saved }
func (v *poseVar) Retract(d []float64) { v.T = v.T.Retract(geom.Tangent6(d)) }

// vecVar is a vector of any dimension.
type vecVar struct{ x, saved []float64 }

func newVec(x ...float64) *vecVar { return &vecVar{x: x, saved: make([]float64, len(x))} }

func (v *vecVar) Dim() int { return len(v.x) }
func (v *vecVar) Save()    { copy(v.saved, v.x) }
func (v *vecVar) Restore() { copy(v.x, v.saved) }
func (v *vecVar) Retract(d []float64) {
	for i, x := range d {
		v.x[i] += x
	}
}

func (v *vecVar) vec3() geom.Vec3 { return geom.Vec3{X: v.x[0], Y: v.x[1], Z: v.x[2]} }

// priorFactor is (x - mean) / sigma of a vector.
type priorFactor struct {
	v     *vecVar
	mean  []float64
	sigma float64
}

func (f *priorFactor) Dim() int { return len(f.mean) }
func (f *priorFactor) Linearize(r []float64, J [][]float64) bool {
	n := len(f.mean)
	for i := range r {
		r[i] = (f.v.x[i] - f.mean[i]) / f.sigma
		if J != nil {
			for k := range n {
				J[0][i*n+k] = 0
			}
			J[0][i*n+i] = 1 / f.sigma
		}
	}
	return true
}

// pixelFactor is the reprojection of a point in units of focal lengths.
type pixelFactor struct {
	cam   *poseVar
	point *vecVar
	z     geom.Vec2
	sigma float64
}

func (f *pixelFactor) Dim() int { return 2 }
func (f *pixelFactor) Linearize(r []float64, J [][]float64) bool {
	p := f.cam.T.ApplyInverse(f.point.vec3())
	if p.Z < 1e-3 {
		return false
	}
	is, iz := 1/f.sigma, 1/p.Z
	r[0], r[1] = (p.X*iz-f.z.X)*is, (p.Y*iz-f.z.Y)*is
	if J == nil {
		return true
	}
	dp := [2]geom.Vec3{{X: iz * is, Z: -p.X * iz * iz * is}, {Y: iz * is, Z: -p.Y * iz * iz * is}}
	for i, d := range dp {
		// p_c moves by -rho + [p]x phi.
		c := d.Cross(p)
		copy(J[0][6*i:], []float64{-d.X, -d.Y, -d.Z, c.X, c.Y, c.Z})
		w := f.cam.T.R.MulVec(d)
		copy(J[1][3*i:], []float64{w.X, w.Y, w.Z})
	}
	return true
}

// idepthFactor is the reprojection of a point of a host camera, given by the
// logarithm of its inverse depth along the ray of its first observation.
type idepthFactor struct {
	host, cam *poseVar
	rho       *vecVar
	ray       geom.Vec3 // at depth 1 in the host
	z         geom.Vec2
	sigma     float64
}

func (f *idepthFactor) Dim() int { return 2 }
func (f *idepthFactor) Linearize(r []float64, J [][]float64) bool {
	depth := math.Exp(-f.rho.x[0])
	ph := f.ray.Scale(depth)
	p := f.cam.T.ApplyInverse(f.host.T.Apply(ph))
	if p.Z < 1e-3 {
		return false
	}
	is, iz := 1/f.sigma, 1/p.Z
	r[0], r[1] = (p.X*iz-f.z.X)*is, (p.Y*iz-f.z.Y)*is
	if J == nil {
		return true
	}
	rel := f.cam.T.R.T().Mul(f.host.T.R)
	dp := [2]geom.Vec3{{X: iz * is, Z: -p.X * iz * iz * is}, {Y: iz * is, Z: -p.Y * iz * iz * is}}
	for i, d := range dp {
		h := rel.TMulVec(d)
		ch, cc := ph.Cross(h), d.Cross(p)
		a, b := J[0][6*i:6*i+6], J[1][6*i:6*i+6]
		a[0], a[1], a[2], a[3], a[4], a[5] = h.X, h.Y, h.Z, ch.X, ch.Y, ch.Z
		b[0], b[1], b[2], b[3], b[4], b[5] = -d.X, -d.Y, -d.Z, cc.X, cc.Y, cc.Z
		J[2][i] = -h.Dot(ph)
	}
	return true
}

// checkJacobian compares a factor's Jacobians with central differences.
func checkJacobian(t *testing.T, f Factor, vars []Variable, tol float64) {
	t.Helper()
	m := f.Dim()
	r, plus, minus := make([]float64, m), make([]float64, m), make([]float64, m)
	J := make([][]float64, len(vars))
	for k, v := range vars {
		J[k] = make([]float64, m*v.Dim())
	}
	if !f.Linearize(r, J) {
		t.Fatal("factor is not defined")
	}
	const h = 1e-6
	for k, v := range vars {
		for c := range v.Dim() {
			d := make([]float64, v.Dim())
			v.Save()
			d[c] = h
			v.Retract(d)
			f.Linearize(plus, nil)
			v.Restore()
			d[c] = -h
			v.Retract(d)
			f.Linearize(minus, nil)
			v.Restore()
			for i := range m {
				want := (plus[i] - minus[i]) / (2 * h)
				if got := J[k][i*v.Dim()+c]; math.Abs(got-want) > tol*(1+math.Abs(want)) {
					t.Errorf("variable %d: d r[%d] / d x[%d] = %g, want %g", k, i, c, got, want)
				}
			}
		}
	}
}

// scene is a synthetic map: cameras on an arc that look at points in a box.
type scene struct {
	cams         []*poseVar
	points       []*vecVar
	truthCams    []geom.SE3
	truthPoints  []geom.Vec3
	camID, ptID  []ID
	p            *Problem
	observations []FactorID
}

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// newScene makes a solvable problem with the first two cameras fixed; start
// values are disturbed by start, observations by noise (focal lengths).
func newScene(nCams, nPoints int, start, noise float64) *scene {
	rng := testRand(7)
	s := &scene{p: NewProblem()}
	for i := range nCams {
		a := float64(i) / float64(nCams)
		truth := geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: .3 * a, X: .1 * math.Sin(9*a)}), T: geom.Vec3{X: 2*a - 1, Y: .2 * math.Sin(7*a)}}
		cam := &poseVar{T: truth}
		if i > 1 {
			cam.T = truth.Retract(geom.Tangent6{start * rng.NormFloat64(), start * rng.NormFloat64(), start * rng.NormFloat64(),
				start * rng.NormFloat64(), start * rng.NormFloat64(), start * rng.NormFloat64()})
		}
		s.truthCams = append(s.truthCams, truth)
		s.cams = append(s.cams, cam)
		s.camID = append(s.camID, s.p.Add(cam))
	}
	s.p.Fix(s.camID[0])
	s.p.Fix(s.camID[1])
	for range nPoints {
		x := geom.Vec3{X: 4*rng.Float64() - 2, Y: 2*rng.Float64() - 1, Z: 3 + 3*rng.Float64()}
		pt := newVec(x.X+start*rng.NormFloat64(), x.Y+start*rng.NormFloat64(), x.Z+start*rng.NormFloat64())
		s.truthPoints = append(s.truthPoints, x)
		s.points = append(s.points, pt)
		id := s.p.AddEliminated(pt)
		s.ptID = append(s.ptID, id)
		for c, truth := range s.truthCams {
			if rng.Float64() < .3 && c > 1 {
				continue
			}
			z := truth.ApplyInverse(x).XY()
			z.X += noise * rng.NormFloat64()
			z.Y += noise * rng.NormFloat64()
			f := &pixelFactor{cam: s.cams[c], point: pt, z: z, sigma: 1e-3}
			s.observations = append(s.observations, s.p.AddFactor(f, geom.Kernel{}, s.camID[c], id))
		}
	}
	return s
}

// newWindow makes a local window as the SLAM back end has it: inverse depths in
// host cameras, each seen in four more.
func newWindow(nCams, nPoints int) *Problem {
	rng := testRand(3)
	p := NewProblem()
	var cams []*poseVar
	var truth []geom.SE3
	var ids []ID
	for i := range nCams {
		T := geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: .01 * float64(i)}), T: geom.Vec3{X: .1 * float64(i)}}
		truth = append(truth, T)
		c := &poseVar{T: T}
		if i > 1 {
			c.T = T.Retract(geom.Tangent6{.01 * rng.NormFloat64(), .01 * rng.NormFloat64(), .01 * rng.NormFloat64(), .003 * rng.NormFloat64(), .003 * rng.NormFloat64()})
		}
		cams = append(cams, c)
		ids = append(ids, p.Add(c))
	}
	p.Fix(ids[0])
	p.Fix(ids[1])
	for range nPoints {
		h := rng.IntN(nCams - 4)
		ray := geom.Vec3{X: rng.Float64() - .5, Y: rng.Float64() - .5, Z: 1}
		depth := 2 + 3*rng.Float64()
		rho := newVec(-math.Log(depth) + .1*rng.NormFloat64())
		id := p.AddEliminated(rho)
		x := truth[h].Apply(ray.Scale(depth))
		for c := h + 1; c <= h+4; c++ {
			z := truth[c].ApplyInverse(x).XY()
			z.X += 1e-3 * rng.NormFloat64()
			z.Y += 1e-3 * rng.NormFloat64()
			f := &idepthFactor{host: cams[h], cam: cams[c], rho: rho, ray: ray, z: z, sigma: 1e-3}
			p.AddFactor(f, geom.Kernel{Kind: geom.Huber, Delta: 2.5}, ids[h], ids[c], id)
		}
	}
	return p
}
