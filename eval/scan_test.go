package eval

import (
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// chest adds the sides of a box in the corner that can be seen from inside.
func chest(m *slam.Mesh) {
	x, y, z := geom.Vec3{X: 1}, geom.Vec3{Y: 1}, geom.Vec3{Z: .7}
	quad(m, z, x, y)
	quad(m, x, y, z)
	quad(m, y, x, z)
}

// cornerViews are depth images of the walls x = 0, y = 0 and z = 0 (see corner) and the
// chest between them, seen from inside, up to where the walls end.
func cornerViews() (out []TrueView) {
	for _, eye := range []geom.Vec3{{X: 2.2, Y: 1.6, Z: 1.2}, {X: 2.4, Y: 1.2, Z: 1.4}, {X: 1.6, Y: 1.8, Z: 1.3}} {
		cam := geom.CameraFromFOV(160, 120, 1.4)
		forward := geom.Vec3{X: .3, Y: .3, Z: .2}.Sub(eye).Unit()
		right := geom.Vec3{Z: -1}.Cross(forward).Unit()
		down := forward.Cross(right)
		axes := geom.Mat3{{right.X, down.X, forward.X}, {right.Y, down.Y, forward.Y}, {right.Z, down.Z, forward.Z}}
		pose := geom.SE3{R: axes, T: eye}
		d := slam.DepthMap{W: cam.W, H: cam.H, Camera: cam, Depth: make([]float32, cam.W*cam.H)}
		for i := range d.Depth {
			ray := pose.R.MulVec(cam.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)}))
			z := math.Inf(1)
			for _, t := range [3]float64{-eye.X / ray.X, -eye.Y / ray.Y, -eye.Z / ray.Z} {
				if t > 0 {
					z = min(z, t)
				}
			}
			for _, t := range [3]float64{(1 - eye.X) / ray.X, (1 - eye.Y) / ray.Y, (.7 - eye.Z) / ray.Z} {
				if p := eye.Add(ray.Scale(t)); t > 0 && p.X < 1.001 && p.Y < 1.001 && p.Z < .701 {
					z = min(z, t)
				}
			}
			if p := eye.Add(ray.Scale(z)); p.X < 4 && p.Y < 3 && p.Z < 2 {
				d.Depth[i] = float32(z)
			}
		}
		out = append(out, TrueView{pose, d})
	}
	return out
}

func TestScanScore(t *testing.T) {
	scan, err := NewScan(cornerViews(), 5)
	if err != nil {
		t.Fatal(err)
	}
	start := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .01, Y: -.02, Z: .01}), T: geom.Vec3{X: .03, Y: -.02, Z: .03}}
	opt := ScanOptions{Start: start, ThresholdM: .05, Samples: 20_000, Seed: 1}
	right, m := corner(geom.IdentitySE3()), corner(geom.IdentitySE3())
	chest(right)
	chest(m)
	m.Deviation = make([]float32, len(m.Vertices))
	for i := range m.Deviation {
		m.Deviation[i] = .01
	}
	// A ghost that the views see through, and says so; and a wall behind what they see, which does not count.
	quad(m, geom.Vec3{X: 1.2, Y: .6, Z: 1.1}, geom.Vec3{X: .7}, geom.Vec3{Y: .7})
	quad(m, geom.Vec3{X: -1.5}, geom.Vec3{Y: 3}, geom.Vec3{Z: 2})
	m.Deviation = append(m.Deviation, .2, .2, .2, .2, .3, .3, .3, .3)
	for _, m := range []*slam.Mesh{right, m} { // 3 % too large
		for i := range m.Vertices {
			for a := range 3 {
				m.Vertices[i][a] *= 1.03
			}
		}
	}
	want, err := scan.ScoreMesh(right, opt)
	if err != nil {
		t.Fatal(err)
	}
	got, err := scan.ScoreMesh(m, opt)
	if err != nil {
		t.Fatal(err)
	}
	s := got.Shape
	if math.Abs(s.Scale-1/1.03) > .003 || got.Metric.Scale != 1 {
		t.Errorf("scales %.4f and %g, want %.4f and 1", s.Scale, got.Metric.Scale, 1/1.03)
	}
	if s.Recall < .98 || s.FScore < got.Metric.FScore {
		t.Errorf("recall %.4f; F %.4f with a scale of its own, %.4f without", s.Recall, s.FScore, got.Metric.FScore)
	}
	// The ghost is .5 of some 18 m2 in sight, the wall behind 6.
	if less := want.Shape.Precision - s.Precision; less < .005 || less > .06 {
		t.Errorf("precision %.4f, without what is wrong %.4f", s.Precision, want.Shape.Precision)
	}
	if n := len(s.Curve); n != len(curveShares) || s.Curve[1].Precision <= s.Precision || s.Curve[n-1].Precision != s.Precision {
		t.Errorf("what is certain must be better, and all of it like the whole: %+v", s.Curve)
	}
	if want.Shape.Curve != nil {
		t.Error("a curve of a mesh that states no deviation")
	}
}

func TestScanRefuses(t *testing.T) {
	if _, err := NewScan(nil, 5); err == nil || !strings.Contains(err.Error(), "no depth in range") {
		t.Errorf("no views: %v", err)
	}
	scan, err := NewScan(cornerViews(), 5)
	if err != nil {
		t.Fatal(err)
	}
	away := geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: 50}}
	if _, err := scan.ScoreMesh(corner(away), ScanOptions{Start: geom.IdentitySE3(), ThresholdM: .05, Samples: 30_000, Seed: 1}); err == nil || !strings.Contains(err.Error(), "nowhere near") {
		t.Errorf("a mesh far away: %v", err)
	}
	if _, err := scan.ScoreMesh(corner(geom.IdentitySE3()), ScanOptions{Start: geom.IdentitySE3(), ThresholdM: 0, Samples: 30_000, Seed: 1}); err == nil || !strings.Contains(err.Error(), "threshold") {
		t.Errorf("no threshold: %v", err)
	}
	if _, err := scan.ScoreMesh(&slam.Mesh{}, ScanOptions{Start: geom.IdentitySE3(), ThresholdM: .05, Samples: 30_000, Seed: 1}); err == nil {
		t.Error("an empty mesh is accepted")
	}
}
