package mapping

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

func randomPose(r *rand.Rand, spread float64) geom.SE3 {
	var xi geom.Tangent6
	for i := range xi {
		xi[i] = spread * (2*r.Float64() - 1)
	}
	return geom.ExpSE3(xi)
}

// checkJacobians compares a factor's Jacobians with central differences.
func checkJacobians(t *testing.T, f optimize.Factor, vars []optimize.Variable) {
	t.Helper()
	const h, tol = 1e-6, 1e-4
	n := f.Dim()
	j := make([][]float64, len(vars))
	for k, v := range vars {
		j[k] = make([]float64, n*v.Dim())
	}
	r := make([]float64, n)
	if !f.Linearize(r, j) {
		t.Fatal("factor is undefined at the test's state")
	}
	plus, minus := make([]float64, n), make([]float64, n)
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
			for i := range n {
				want := (plus[i] - minus[i]) / (2 * h)
				if got := j[k][i*v.Dim()+c]; math.Abs(got-want) > tol*(1+math.Abs(want)) {
					t.Errorf("variable %d, row %d, column %d: got %g, want %g", k, i, c, got, want)
				}
			}
		}
	}
}

func TestFactorJacobians(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cam := geom.Camera{W: 640, H: 480, Fx: 528, Fy: 510, Cx: 320, Cy: 240}
	for range 20 {
		host, at := &poseVar{pose: randomPose(r, .3)}, &poseVar{pose: randomPose(r, .3)}
		depth, scale := &depthVar{rho: .2 + r.Float64()}, &scaleVar{s: r.NormFloat64() * .1}
		depth.ray = geom.Vec3{X: r.Float64() - .5, Y: r.Float64() - .5, Z: 1}
		ob := observed{host, at, depth}
		checkJacobians(t, &reprojection{ob, &cam, geom.Vec2{X: 300, Y: 200}, .7}, []optimize.Variable{host, at, depth})
		checkJacobians(t, &depthReading{ob, scale, .3, 5}, []optimize.Variable{host, at, depth, scale})
		checkJacobians(t, &hostReading{depth, scale, .3, 5}, []optimize.Variable{depth, scale})
		checkJacobians(t, &scaleTie{scale, .05, 10}, []optimize.Variable{scale})
	}
}

func TestFactorBehindCamera(t *testing.T) {
	host := &poseVar{pose: geom.IdentitySE3()}
	at := &poseVar{pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: 10}}}
	ob := observed{host, at, &depthVar{rho: 1, ray: geom.Vec3{Z: 1}}}
	cam := geom.Camera{W: 640, H: 480, Fx: 500, Fy: 500, Cx: 320, Cy: 240}
	if (&reprojection{ob, &cam, geom.Vec2{}, 1}).Linearize(make([]float64, 2), nil) {
		t.Error("a point behind the camera has a reprojection error")
	}
	if (&depthReading{observed: ob, weight: 1}).Linearize(make([]float64, 1), nil) {
		t.Error("a point behind the camera has a depth")
	}
}
