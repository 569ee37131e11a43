package viewer

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func near(t *testing.T, what string, got, want geom.Vec3, tol float64) {
	t.Helper()
	if !(got.Sub(want).Norm() <= tol) {
		t.Errorf("%s: got %v, want %v within %g", what, got, want, tol)
	}
}

func randomOrbit(rng *rand.Rand) Orbit {
	v := func() geom.Vec3 { return geom.Vec3{X: rng.NormFloat64(), Y: rng.NormFloat64(), Z: rng.NormFloat64()} }
	o := NewOrbit(v(), v(), v(), .5+5*rng.Float64())
	o.Turn(6*rng.Float64(), 3*rng.Float64()-1.5)
	o.Ortho = rng.IntN(2) == 0
	return o
}

// The clip matrix puts a point where Project does: continuous coordinates begin
// at the edge of the first pixel.
func TestClipAgreesWithProject(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		v := randomOrbit(rng).View(641, 480)
		v.Camera.Cx += 30 * rng.Float64()
		v.Camera.Fy *= 1.1
		p := v.Pose.Apply(geom.Vec3{X: rng.NormFloat64(), Y: rng.NormFloat64(), Z: .5 + 5*rng.Float64()})
		u, z := v.Project(p)
		m := v.clipFromWorld(.1, 20)
		var c [4]float64
		for i := range c {
			c[i] = float64(m[4*i])*p.X + float64(m[4*i+1])*p.Y + float64(m[4*i+2])*p.Z + float64(m[4*i+3])
		}
		x, y := (c[0]/c[3]+1)/2*641-.5, (1-c[1]/c[3])/2*480-.5
		if math.Hypot(x-u.X, y-u.Y) > .02 {
			t.Fatalf("clip space puts %v at (%g, %g), Project at %v", p, x, y, u)
		}
		if d := c[2] / c[3]; (d > -1 && d < 1) != (z > .1 && z < 20) {
			t.Fatalf("depth %g m comes to %g", z, d)
		}
		origin, dir := v.Ray(u)
		s := p.Sub(origin).Dot(dir)
		near(t, "ray", origin.Add(dir.Scale(s)), p, 1e-9)
	}
}

func TestOrbit(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		o := randomOrbit(rng)
		v := o.View(800, 600)
		if d := v.Pose.R.Det(); math.Abs(d-1) > 1e-9 {
			t.Fatalf("determinant %g", d)
		}
		center := geom.Vec2{X: 399.5, Y: 299.5}
		if u, z := v.Project(o.Pivot); u.Sub(center).Norm() > 1e-6 || math.Abs(z-o.DistanceM) > 1e-9 {
			t.Fatalf("the pivot lies at %v, %g m", u, z)
		}
		if -v.Pose.R.Col(1).Dot(o.Up) < -1e-9 {
			t.Fatal("up is down")
		}
		// What is at the pivot follows the pointer.
		q, before := o, o.Pivot
		q.Pan(50, -20, 800)
		if u, _ := q.View(800, 600).Project(before); u.Sub(center).Sub(geom.Vec2{X: 50, Y: -20}).Norm() > 1e-6 {
			t.Fatalf("after moving by (50, -20) the old pivot lies at %v", u)
		}
		q.Zoom(1e-9)
		if q.DistanceM != minDistance {
			t.Fatalf("distance %g", q.DistanceM)
		}
		q.Turn(0, 100)
		near(t, "straight down", q.View(8, 6).Pose.R.Col(2), o.Up.Scale(-1), 1e-9)
	}
}

func TestFollow(t *testing.T) {
	o := NewOrbit(geom.Vec3{}, geom.Vec3{Y: -1}, geom.Vec3{Z: 1}, 3)
	cam := geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: 2}), T: geom.Vec3{X: 4, Z: 1}}
	for range 100 {
		o.Follow(cam, .2)
	}
	near(t, "pivot", o.Pivot, cam.T, 1e-6)
	ahead := o.rotation().Col(2)
	ahead.Y = 0
	near(t, "direction", ahead.Unit(), cam.R.Col(2), 1e-6)
	down := cam
	down.R = geom.ExpSO3(geom.Vec3{X: -math.Pi / 2}) // looks along -y: up
	yaw := o.YawRad
	if o.Follow(down, 1); o.YawRad != yaw {
		t.Error("a camera that looks up turned the view")
	}
}

// square adds a square of side 2 m at depth z, seen from the origin side.
func square(m *slam.Mesh, x, y, z, half float32, c [3]uint8) {
	n := uint32(len(m.Vertices))
	for _, d := range [4][2]float32{{-1, -1}, {-1, 1}, {1, 1}, {1, -1}} {
		m.Vertices = append(m.Vertices, [3]float32{x + half*d[0], y + half*d[1], z})
		m.Colors = append(m.Colors, c)
	}
	// Anticlockwise as seen along +z with y down.
	m.Triangles = append(m.Triangles, [3]uint32{n, n + 1, n + 2}, [3]uint32{n, n + 2, n + 3})
}

func TestPick(t *testing.T) {
	m := &slam.Mesh{}
	square(m, 0, 0, 3, 1, [3]uint8{255, 0, 0})
	square(m, 0, 0, 2, .5, [3]uint8{0, 255, 0})
	for _, ortho := range []float64{0, 3} {
		v := View{Pose: geom.IdentitySE3(), Camera: geom.CameraFromFOV(101, 101, math.Pi/2), OrthoM: ortho}
		for _, p := range []geom.Vec3{{X: .2, Y: .3, Z: 2}, {X: .8, Y: -.9, Z: 3}} {
			u, _ := v.Project(p)
			got, ok := Pick(m, v, u, true)
			if !ok {
				t.Fatalf("nothing at %v", u)
			}
			near(t, "picked", got, p, 1e-6)
		}
		if _, ok := Pick(m, v, geom.Vec2{X: -200, Y: 50}, true); ok {
			t.Error("picked beside the mesh")
		}
		back := v
		back.Pose = geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: math.Pi}), T: geom.Vec3{Z: 5}}
		if _, ok := Pick(m, back, geom.Vec2{X: 50, Y: 50}, true); ok {
			t.Error("picked a surface from behind that is not drawn")
		}
		if p, ok := Pick(m, back, geom.Vec2{X: 50, Y: 50}, false); !ok || math.Abs(p.Z-3) > 1e-6 {
			t.Errorf("from behind: %v, %t", p, ok)
		}
	}
	if _, ok := Pick(nil, View{}, geom.Vec2{}, true); ok {
		t.Error("picked without a mesh")
	}
}

// room is a floor of 4 x 6 m with two walls, tilted, seen by cameras inside.
func room() (*Scene, geom.SE3) {
	tilt := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .3, Z: .2}), T: geom.Vec3{X: 5}}
	m := &slam.Mesh{}
	face := func(origin, a, b geom.Vec3, n int) {
		for i := range n {
			for j := range n {
				k := uint32(len(m.Vertices))
				for _, d := range [4][2]int{{0, 0}, {0, 1}, {1, 1}, {1, 0}} {
					p := origin.Add(a.Scale(float64(i+d[0]) / float64(n))).Add(b.Scale(float64(j+d[1]) / float64(n)))
					m.Vertices = append(m.Vertices, vec32(tilt.Apply(p)))
				}
				m.Triangles = append(m.Triangles, [3]uint32{k, k + 1, k + 2}, [3]uint32{k, k + 2, k + 3})
			}
		}
	}
	face(geom.Vec3{X: -2, Y: 1, Z: 0}, geom.Vec3{X: 4}, geom.Vec3{Z: -6}, 20)  // floor, seen from above (y down)
	face(geom.Vec3{X: -2, Y: -1, Z: 0}, geom.Vec3{X: 4}, geom.Vec3{Y: 2}, 20)  // far wall
	face(geom.Vec3{X: -2, Y: -1, Z: -6}, geom.Vec3{Z: 6}, geom.Vec3{Y: 2}, 20) // left wall
	s := &Scene{Snapshot: slam.Snapshot{Mesh: m}}
	for i := range 5 {
		p := tilt.Mul(geom.SE3{R: geom.ExpSO3(geom.Vec3{X: -.25}), T: geom.Vec3{X: float64(i) * .2, Z: -5}})
		s.Keyframes = append(s.Keyframes, slam.StampedPose{Time: float64(i), Pose: p})
	}
	return s, tilt
}

// Up follows from the floor, though the cameras look down by 14 degrees; the
// automatic view has the room in it and its walls from inside.
func TestAutoOrbit(t *testing.T) {
	s, tilt := room()
	up := tilt.R.MulVec(geom.Vec3{Y: -1})
	near(t, "up", export.Upright(s.poses(), s.Mesh), up, .01)
	for _, size := range [][2]int{{800, 600}, {300, 900}} {
		o := AutoOrbit(s, size[0], size[1])
		v := o.View(size[0], size[1])
		var inside int
		for _, p := range s.Mesh.Vertices {
			if u, z := v.Project(vec(p)); z > 0 && v.Camera.Contains(u, 0) {
				inside++
			}
		}
		if share := float64(inside) / float64(len(s.Mesh.Vertices)); share < .95 {
			t.Errorf("%v: %.0f %% of the room is in the image", size, 100*share)
		}
		for _, n := range export.AreaNormals(s.Mesh)[800:] { // of the walls
			if n.Dot(v.Pose.R.Col(2)) > 0 {
				t.Fatal("a wall is seen from outside")
			}
		}
	}
	top, _, err := NamedView(s, "top", 640, 480)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "top looks", top.Pose.R.Col(2), up.Scale(-1), .01)
	cam, _, err := NamedView(s, "camera:3", 640, 480)
	if err != nil || cam.Pose != s.Keyframes[3].Pose {
		t.Errorf("camera:3: %v, %v", cam.Pose, err)
	}
	for _, name := range []string{"camera:5", "camera:-1", "camera:x", "below"} {
		if _, _, err := NamedView(s, name, 640, 480); err == nil {
			t.Errorf("view %s: no error", name)
		}
	}
}

func TestNiceLength(t *testing.T) {
	for x, want := range map[float64]float64{.7: .5, 1: 1, 1.99: 1, 2.1: 2, 7: 5, 30: 20, .0123: .01} {
		if got := niceLength(x); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%g: %g, want %g", x, got, want)
		}
	}
}

func TestControls(t *testing.T) {
	s, _ := room()
	c := newControls(s, DefaultStyle(), "", 800, 600)
	start := c.orbit
	c.drag(100, 30, false)
	if c.orbit.YawRad == start.YawRad || c.orbit.PitchRad <= start.PitchRad {
		t.Error("dragging did not turn the view")
	}
	c.drag(10, 0, true)
	c.scroll(3)
	if c.orbit.DistanceM >= start.DistanceM {
		t.Error("the wheel did not bring it nearer")
	}
	c.do(actReset)
	if c.orbit != start {
		t.Error("reset does not restore the view")
	}
	for _, k := range keys { // each changes something and none breaks another
		before := *c
		c.do(k.act)
		f := c.frame()
		if !f.view.Pose.IsFinite() {
			t.Errorf("%s: the view is not finite", k.help)
		}
		if k.act == actHelp && (len(f.help) != (len(keys)+1)/2+3 || before.help) {
			t.Error("no help")
		}
	}
	if !c.closed {
		t.Error("Q does not close")
	}

	c = newControls(s, DefaultStyle(), "", 800, 600)
	a, b := vec(s.Mesh.Vertices[0]).Add(vec(s.Mesh.Vertices[2])).Scale(.5), vec(s.Mesh.Vertices[400]).Add(vec(s.Mesh.Vertices[402])).Scale(.5)
	c.snap = false // they lie 5 cm from the edges of the room
	for range 2 {  // a second pair is measured as well
		for _, p := range []geom.Vec3{a, b} {
			u, _ := c.orbit.View(c.w, c.h).Project(p)
			if !c.click(u) {
				t.Fatalf("nothing at %v", u)
			}
		}
	}
	if len(c.tape.done) != 2 || math.Abs(c.tape.done[1].Value-b.Sub(a).Norm()) > 1e-4 {
		t.Errorf("measured %v, want %g m", c.tape.done, b.Sub(a).Norm())
	}
	u, _ := c.orbit.View(c.w, c.h).Project(a)
	c.click(u)
	if c.do(actClear); len(c.tape.pending) != 0 || len(c.tape.done) != 2 {
		t.Error("Esc keeps the point, or forgets what was measured")
	}
}

// A growing map is fitted until the user takes the view; following beats both.
func TestControlsLive(t *testing.T) {
	s, _ := room()
	c := newControls(&Scene{Live: true, Snapshot: slam.Snapshot{Pose: geom.IdentitySE3()}}, DefaultStyle(), "", 800, 600)
	before := c.orbit
	if c.show(s); c.orbit == before {
		t.Error("the view did not follow the growing map")
	}
	c.scroll(1)
	before = c.orbit
	if c.show(s); c.orbit != before {
		t.Error("the view was taken from the user")
	}
	c.do(actFollow)
	live := *s
	live.Live, live.Pose = true, geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: 50}}
	for range 60 {
		c.show(&live)
	}
	near(t, "pivot", c.orbit.Pivot, live.Pose.T, .01)
}

func TestFeed(t *testing.T) {
	f := NewLiveFeed(nil, "name")
	if !f.Wants(0) || f.scene().Check() != ErrEmpty {
		t.Error("a new feed wants nothing, or shows something")
	}
	s, _ := room()
	snap := slam.Snapshot{Pose: geom.IdentitySE3(), Keyframes: s.Keyframes, Mesh: s.Mesh}
	f.Publish(snap)
	if f.Wants(1) {
		t.Error("it wants another before the window has the first")
	}
	if got, ok := f.take(); !ok || got.Mesh != s.Mesh || !f.Wants(2) {
		t.Error("the snapshot did not come")
	}
	snap.Mesh = nil
	f.Publish(snap)
	if got, _ := f.take(); got.Mesh != s.Mesh {
		t.Error("the mesh was lost")
	}
	snap.Points = []geom.Vec3{{X: math.NaN()}}
	if f.Publish(snap); !f.Wants(3) {
		t.Error("a landmark of NaN was published")
	}
}

func TestAlignTruth(t *testing.T) {
	s, tilt := room()
	var truth slam.Trajectory
	for i, p := range s.Keyframes {
		p.Pose = tilt.Inverse().Mul(p.Pose)
		p.Pose.T.Y += .1 * float64(i*i)
		s.Keyframes[i].Pose.T = tilt.Apply(p.Pose.T)
		truth = append(truth, p)
	}
	got, err := AlignTruth(truth, s.Keyframes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		near(t, "truth", got[i].Pose.T, s.Keyframes[i].Pose.T, 1e-6)
	}
	if _, err := AlignTruth(truth[:0], s.Keyframes); err == nil {
		t.Error("no truth: no error")
	}
}

func TestCheck(t *testing.T) {
	nan := float32(math.NaN())
	bad := geom.IdentitySE3()
	bad.T.X = math.Inf(1)
	for name, s := range map[string]*Scene{
		"vertex": {Snapshot: slam.Snapshot{Mesh: &slam.Mesh{Vertices: [][3]float32{{0, nan, 0}}}}},
		"index":  {Snapshot: slam.Snapshot{Mesh: &slam.Mesh{Vertices: [][3]float32{{}}, Triangles: [][3]uint32{{0, 0, 1}}}}},
		"pose":   {Snapshot: slam.Snapshot{Trajectory: slam.Trajectory{{Pose: bad}}}},
		"point":  {Snapshot: slam.Snapshot{Points: []geom.Vec3{{Z: math.NaN()}}}},
		"image":  {Snapshot: slam.Snapshot{Points: []geom.Vec3{{}}, Image: slam.RGB{W: 9, H: 9, Pix: make([]uint8, 5)}}},
	} {
		if err := s.Check(); err == nil || errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Scene{Snapshot: slam.Snapshot{Mesh: &slam.Mesh{}}}).Check(); !errors.Is(err, ErrEmpty) {
		t.Errorf("empty: %v", err)
	}
}
