package calibration

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Model is a model of the lens.
type Model string

// The models.
const (
	RadTan  Model = "radtan"  // pinhole with k1 k2 p1 p2 k3
	Fisheye Model = "fisheye" // Kannala-Brandt k1 k2 k3 k4
)

// Names are the parameters of a model in the order of Camera.Values.
func (m Model) Names() []string {
	if m == Fisheye {
		return []string{"fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4"}
	}
	return []string{"fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3"}
}

// Camera is a camera with its distortion.
type Camera struct {
	W, H   int
	Model  Model
	Values [9]float64 // by Model.Names
}

// Pinhole is the camera without its distortion.
func (c Camera) Pinhole() geom.Camera {
	v := c.Values
	return geom.Camera{W: c.W, H: c.H, Fx: v[0], Fy: v[1], Cx: v[2], Cy: v[3]}
}

// lens evaluates a model.
type lens interface {
	geom.Distorter
	DistortJacobian(geom.Vec2) (geom.Vec2, [3]float64)
}

func (c Camera) lens() lens {
	k := c.Values[4:]
	if c.Model == Fisheye {
		return geom.NewKannalaBrandt(k[0], k[1], k[2], k[3])
	}
	return geom.NewRadTan(k[0], k[1], k[2], k[3], k[4])
}

// byCoefficients is the derivative of the distorted point by the coefficients.
func (m Model) byCoefficients(p geom.Vec2) (d [2][5]float64) {
	x, y := p.X, p.Y
	r2 := x*x + y*y
	if m == RadTan {
		return [2][5]float64{
			{x * r2, x * r2 * r2, 2 * x * y, r2 + 2*x*x, x * r2 * r2 * r2},
			{y * r2, y * r2 * r2, r2 + 2*y*y, 2 * x * y, y * r2 * r2 * r2},
		}
	}
	r := math.Sqrt(r2)
	if r == 0 {
		return d
	}
	theta := math.Atan(r)
	t2 := theta * theta
	for k, power := 0, theta*t2; k < 4; k, power = k+1, power*t2 {
		d[0][k], d[1][k] = x/r*power, y/r*power
	}
	return d
}

// ray returns the ideal point of a pixel, NaN where no ray falls.
func (c Camera) ray(u geom.Vec2) geom.Vec2 {
	v := c.Values
	return c.lens().Undistort(geom.Vec2{X: (u.X - v[2]) / v[0], Y: (u.Y - v[3]) / v[1]})
}

// cameraVar is the camera as an unknown. Steps of the focal lengths are of their
// logarithm, those of the principal point in focal lengths, so that all unknowns
// are of the same size.
type cameraVar struct {
	cam, saved Camera
	lens       lens
}

func newCameraVar(c Camera) *cameraVar { return &cameraVar{cam: c, lens: c.lens()} }

func (v *cameraVar) Dim() int { return len(v.cam.Model.Names()) }
func (v *cameraVar) Retract(d []float64) {
	p := &v.cam.Values
	p[2], p[3] = p[2]+p[0]*d[2], p[3]+p[1]*d[3]
	p[0], p[1] = p[0]*math.Exp(d[0]), p[1]*math.Exp(d[1])
	for i, x := range d[4:] {
		p[4+i] += x
	}
	v.lens = v.cam.lens()
}
func (v *cameraVar) Save()    { v.saved = v.cam }
func (v *cameraVar) Restore() { v.cam, v.lens = v.saved, v.saved.lens() }

// scales turn a step of the variable into one of its values.
func (v *cameraVar) scales() [9]float64 {
	p := v.cam.Values
	return [9]float64{p[0], p[1], p[0], p[1], 1, 1, 1, 1, 1}
}

// poseVar is T_cb of a view, moved in the board's frame.
type poseVar struct{ pose, saved geom.SE3 }

func (v *poseVar) Dim() int            { return 6 }
func (v *poseVar) Retract(d []float64) { v.pose = v.pose.Retract(geom.Tangent6(d)) }
func (v *poseVar) Save()               { v.saved = v.pose }
func (v *poseVar) Restore()            { v.pose = v.saved }

// reprojection is the error of a corner in deviations. Variables: camera, pose.
type reprojection struct {
	cam    *cameraVar
	pose   *poseVar
	at     geom.Vec3 // on the board
	pixel  geom.Vec2
	weight float64 // 1/pixels
}

func (f *reprojection) Dim() int { return 2 }

func (f *reprojection) Linearize(r []float64, j [][]float64) bool {
	p := f.pose.pose.Apply(f.at)
	if p.Z < 1e-3 {
		return false
	}
	v := f.cam.cam.Values
	x := geom.Vec2{X: p.X / p.Z, Y: p.Y / p.Z}
	q, by := f.cam.lens.DistortJacobian(x)
	r[0], r[1] = f.weight*(v[0]*q.X+v[2]-f.pixel.X), f.weight*(v[1]*q.Y+v[3]-f.pixel.Y)
	if j == nil {
		return true
	}
	n := f.cam.Dim()
	coefficients := f.cam.cam.Model.byCoefficients(x)
	rows := [2]geom.Vec2{{X: by[0], Y: by[1]}, {X: by[1], Y: by[2]}}
	for i, value := range [2]float64{q.X, q.Y} {
		fw := f.weight * v[i]
		if j[0] != nil {
			row := j[0][i*n : i*n+n]
			row[0], row[1], row[2], row[3] = 0, 0, 0, 0
			row[i], row[2+i] = fw*value, fw
			for k := range row[4:] {
				row[4+k] = fw * coefficients[i][k]
			}
		}
		if j[1] != nil {
			g := geom.Vec3{X: rows[i].X, Y: rows[i].Y, Z: -(rows[i].X*x.X + rows[i].Y*x.Y)}.Scale(fw / p.Z)
			byT := f.pose.pose.R.TMulVec(g) // p moves by R (rho + phi x at)
			byR := f.at.Cross(byT)
			copy(j[1][i*6:], []float64{byT.X, byT.Y, byT.Z, byR.X, byR.Y, byR.Z})
		}
	}
	return true
}
