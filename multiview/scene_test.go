package multiview

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// scene is a wall 2 m ahead that leans, a box before it, and a patch of the wall
// without texture.
type scene struct{ cam geom.Camera }

var testScene = scene{geom.CameraFromFOV(320, 240, 1)}

// hit returns the depth along the ray, the grey level and whether the surface has
// texture.
func (s scene) hit(pose geom.SE3, u geom.Vec2) (z, grey float64, textured bool) {
	ray := s.cam.Ray(u)
	o, d := pose.T, pose.R.MulVec(ray)
	// The wall: z = 2 + .3 x.
	z = (2 + .3*o.X - o.Z) / (d.Z - .3*d.X)
	p := o.Add(d.Scale(z))
	// The box's front: z = 1.4, |x| < .3, |y| < .25.
	if zb := (1.4 - o.Z) / d.Z; zb > 0 {
		if q := o.Add(d.Scale(zb)); math.Abs(q.X) < .3 && math.Abs(q.Y) < .25 {
			return zb, pattern(q.X+7, q.Y-3), true
		}
	}
	if math.Abs(p.X-.75) < .2 && math.Abs(p.Y) < .3 {
		return z, 128, false
	}
	return z, pattern(p.X, p.Y), true
}

// pattern is a texture of many frequencies.
func pattern(x, y float64) float64 {
	v := 128.
	for i, f := range []float64{9, 17, 31, 58, 101} {
		a := float64(i) * 1.3
		v += 22 * math.Sin(f*(x*math.Cos(a)+y*math.Sin(a))+a) * math.Cos(.7*f*(y*math.Cos(a)-x*math.Sin(a)))
	}
	return min(max(v, 0), 255)
}

// view is a keyframe at (x, y) whose prior is wrong by a bias, a warp and a bulge
// of the patch without texture.
func (s scene) view(id int, x, y float64) (v slam.KeyframeView, truth []float32, textured []bool) {
	w, h := s.cam.W, s.cam.H
	pose := geom.IdentitySE3()
	pose.T = geom.Vec3{X: x, Y: y}
	n := w * h
	v = slam.KeyframeView{
		ID: id, Pose: pose, Camera: s.cam, ImageCamera: s.cam, Image: slam.NewGray(w, h),
		Depth: slam.DepthMap{W: w, H: h, Camera: s.cam, Depth: make([]float32, n), Sigma: .1, ScaleSigma: .1, Source: "test"},
	}
	truth, textured = make([]float32, n), make([]bool, n)
	for i := range n {
		px, py := float64(i%w), float64(i/w)
		z, _, tex := s.hit(pose, geom.Vec2{X: px, Y: py})
		var grey float64
		for _, d := range [4][2]float64{{-.25, -.25}, {.25, -.25}, {-.25, .25}, {.25, .25}} {
			_, g, _ := s.hit(pose, geom.Vec2{X: px + d[0], Y: py + d[1]})
			grey += g / 4
		}
		v.Image.Pix[i] = uint8(grey + .5)
		truth[i], textured[i] = float32(z), tex
		warp := .05 + .08*math.Sin(px/60+float64(id))*math.Cos(py/50)
		v.Depth.Depth[i] = float32(z * math.Exp(warp))
	}
	return v, truth, textured
}
