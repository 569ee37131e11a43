package fusion

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// scene is an analytic signed distance, positive outside of things, in metres.
type scene func(p geom.Vec3) float64

func sphere(c geom.Vec3, r float64) scene {
	return func(p geom.Vec3) float64 { return p.Sub(c).Norm() - r }
}

// room is the inside of a box centred at the origin.
func room(half geom.Vec3) scene {
	return func(p geom.Vec3) float64 {
		return min(half.X-math.Abs(p.X), half.Y-math.Abs(p.Y), half.Z-math.Abs(p.Z))
	}
}

func union(a, b scene) scene { return func(p geom.Vec3) float64 { return min(a(p), b(p)) } }

// gradient returns the scene's outward normal at p.
func (s scene) gradient(p geom.Vec3) geom.Vec3 {
	const h = 1e-6
	d := func(e geom.Vec3) float64 { return s(p.Add(e)) - s(p.Sub(e)) }
	return geom.Vec3{X: d(geom.Vec3{X: h}), Y: d(geom.Vec3{Y: h}), Z: d(geom.Vec3{Z: h})}.Unit()
}

// render traces the depth of every pixel; 0 beyond 20 m.
func (s scene) render(cam geom.Camera, pose geom.SE3) slam.DepthMap {
	d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H), Source: "test"}
	for i := range d.Depth {
		ray := cam.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)})
		dir := pose.R.MulVec(ray)
		step := dir.Norm()
		z := 0.0
		for range 300 {
			f := s(pose.T.Add(dir.Scale(z)))
			z += f / step
			if math.Abs(f) < 1e-7 || z > 20 {
				break
			}
		}
		if z <= 20 {
			d.Depth[i] = float32(z)
		}
	}
	return d
}

// view renders a keyframe.
func (s scene) view(id int, cam geom.Camera, pose geom.SE3) slam.KeyframeView {
	return slam.KeyframeView{ID: id, Pose: pose, Camera: cam, Depth: s.render(cam, pose)}
}

// lookAt returns the pose of a camera at eye that looks at target, y down.
func lookAt(eye, target geom.Vec3) geom.SE3 {
	z := target.Sub(eye).Unit()
	down := geom.Vec3{Y: 1}
	if math.Abs(z.Y) > .99 {
		down = geom.Vec3{Z: 1}
	}
	x := down.Cross(z).Unit()
	return geom.SE3{R: geom.FromCols(x, z.Cross(x), z), T: eye}
}

// orbit returns n poses spread over a sphere around the origin, looking in
// (or out, for a negative radius).
func orbit(n int, radius float64) []geom.SE3 {
	poses := make([]geom.SE3, n)
	for i := range poses {
		y := 1 - 2*(float64(i)+.5)/float64(n)
		s, c := math.Sincos(float64(i) * math.Pi * (3 - math.Sqrt(5))) // golden angle
		r := math.Sqrt(1 - y*y)
		p := geom.Vec3{X: r * c, Y: y, Z: r * s}
		poses[i] = lookAt(p.Scale(math.Abs(radius)), geom.Vec3{})
		if radius < 0 {
			poses[i] = lookAt(p.Scale(.2), p)
		}
	}
	return poses
}

// testCamera is a small wide camera.
func testCamera() geom.Camera { return geom.CameraFromFOV(240, 180, 70*math.Pi/180) }

// views renders a keyframe at every pose, edges dropped.
func (s scene) views(poses []geom.SE3, cfg Config) []slam.KeyframeView {
	views := make([]slam.KeyframeView, len(poses))
	for i, p := range poses {
		views[i] = s.view(i, testCamera(), p)
		views[i].Depth = DropEdges(views[i].Depth, cfg)
	}
	return views
}
