package viewer

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// level is a ruler with y down as up's opposite, a floor 1.5 m below the origin and
// metres known to 3 %.
func level() ruler {
	return ruler{
		axes:  geom.Mat3{{0, 0, 1}, {-1, 0, 0}, {0, -1, 0}},
		floor: func() (floorBelow, bool) { return floorBelow{func(geom.Vec3) float64 { return -1.5 }, 0}, true }, scaleStd: .03,
	}
}

var measured = []struct {
	kind   Kind
	points []geom.Vec3
	want   float64
}{
	{Distance, []geom.Vec3{{}, {X: 3, Y: 4}}, 5},
	{Path, []geom.Vec3{{}, {X: 3}, {X: 3, Y: 4}, {X: 3, Y: 4, Z: -1}}, 8},
	{Area, []geom.Vec3{{Z: 2}, {X: 3, Z: 2}, {X: 3, Y: 2, Z: 2}, {Y: 2, Z: 2}}, 6},
	{Height, []geom.Vec3{{X: 1, Y: .5}}, 1},
	{Angle, []geom.Vec3{{X: 2}, {}, {Y: 5}}, 90},
	{Box, []geom.Vec3{{X: 1, Y: 1, Z: 1}, {X: 3, Y: 0, Z: 4}}, 6},
}

// Values are those of geometry, and deviations those of many maps that err as they
// are said to.
func TestMeasure(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	r := level()
	for _, tt := range measured {
		var points []Point
		for i, p := range tt.points {
			points = append(points, Point{p, .01 * float64(1+i)})
		}
		m := r.measure(tt.kind, points)
		if math.Abs(m.Value-tt.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", tt.kind, m.Value, tt.want)
		}
		const n = 4000
		var sum, squares float64
		for range n {
			at := make([]geom.Vec3, len(points))
			for i, p := range points {
				at[i] = p.At.Add(geom.Vec3{X: rng.NormFloat64(), Y: rng.NormFloat64(), Z: rng.NormFloat64()}.Scale(p.StdM))
			}
			v := r.value(tt.kind, at, math.Exp(r.scaleStd*rng.NormFloat64()))
			sum, squares = sum+v, squares+v*v
		}
		if std := math.Sqrt(squares/n - sum*sum/n/n); math.Abs(m.Std-std) > .08*std {
			t.Errorf("%s: deviation %.4g, %d maps have %.4g", tt.kind, m.Std, n, std)
		}
		if text := m.Text(); !strings.Contains(text, " +- ") {
			t.Errorf("%s: %q", tt.kind, text)
		}
		free := r
		free.scaleStd = math.Inf(1)
		if m := free.measure(tt.kind, points); tt.kind != Angle && (!math.IsInf(m.Std, 1) || !strings.Contains(m.Text(), "units")) || tt.kind == Angle && math.IsInf(m.Std, 1) {
			t.Errorf("%s of free scale: %q, deviation %g", tt.kind, m.Text(), m.Std)
		}
	}
}

// What was saved comes back; what is no measurement is refused and never written
// over.
func TestMeasurementFile(t *testing.T) {
	r := level()
	path := filepath.Join(t.TempDir(), "measurements.json")
	tape := newTape(path, r)
	for _, tt := range measured {
		tape.take(tt.kind)
		for _, p := range tt.points {
			tape.click(Point{p, .01}, r)
		}
		if kindPoints[tt.kind] == 0 {
			tape.finish(r)
		}
	}
	tape.save()
	again := newTape(path, r)
	if len(again.done) != len(measured) || again.note != "" {
		t.Fatalf("%d came back: %s", len(again.done), again.note)
	}
	for i, m := range again.done {
		if m.Value != tape.done[i].Value || m.Std != tape.done[i].Std || m.SizeM != tape.done[i].SizeM {
			t.Errorf("%v, was %v", m, tape.done[i])
		}
	}
	table, err := os.ReadFile(strings.TrimSuffix(path, ".json") + ".csv")
	if rows := strings.Split(strings.TrimSpace(string(table)), "\n"); err != nil || len(rows) != 1+len(measured) || !strings.HasPrefix(rows[1], "1,distance,5,") {
		t.Errorf("table:\n%s\nerror %v", table, err)
	}
	for _, bad := range []string{"no json", `{"measurements":[{"kind":"distance","points_m":[[0,0,0]],"points_std_m":[0]}]}`, `{"measurements":[{"kind":"volume"}]}`} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		tape := newTape(path, r)
		if tape.save(); !strings.Contains(tape.note, path) {
			t.Errorf("%s: %q", bad, tape.note)
		}
		if now, _ := os.ReadFile(path); string(now) != bad {
			t.Errorf("%s was written over", bad)
		}
	}
}

// Points and measurements are taken back, selected and deleted.
func TestTape(t *testing.T) {
	r := level()
	tape := newTape("", r)
	at := func(x float64) Point { return Point{At: geom.Vec3{X: x}} }
	for x := range 6 {
		tape.click(at(float64(x*x)), r)
	}
	tape.click(at(0), r)
	if tape.undo(); len(tape.pending) != 0 || len(tape.done) != 3 {
		t.Fatalf("%d pending, %d done", len(tape.pending), len(tape.done))
	}
	tape.next() // none
	tape.next() // the first
	if tape.remove(); len(tape.done) != 2 || tape.done[0].Value != 5 {
		t.Errorf("left: %v", tape.done)
	}
	if tape.undo(); len(tape.done) != 1 || tape.selected != 0 {
		t.Errorf("%d done, %d selected", len(tape.done), tape.selected)
	}
	tape.take(Area)
	tape.click(at(1), r)
	if tape.finish(r); len(tape.done) != 1 || !strings.Contains(tape.note, "3 points") {
		t.Errorf("an area of one point: %q", tape.note)
	}
	if tape.save(); tape.note == "" {
		t.Error("saving nowhere says nothing")
	}
}

// Deviation of the mesh and the floor of a room reach the tape, and a box clips.
func TestPointsOfScene(t *testing.T) {
	s, _ := room()
	s.ScaleSigma = .02
	s.Mesh.Deviation = make([]float32, len(s.Mesh.Vertices))
	for i := range s.Mesh.Deviation {
		s.Mesh.Deviation[i] = .015
	}
	c := newControls(s, DefaultStyle(), "", 800, 600)
	p := vec(s.Mesh.Vertices[0]).Add(vec(s.Mesh.Vertices[2])).Scale(.5)
	u, _ := c.orbit.View(c.w, c.h).Project(p)
	got, ok := c.pointAt(u)
	if !ok || got.At.Sub(p).Norm() > 1e-3 || math.Abs(got.StdM-.015) > 1e-6 {
		t.Fatalf("point %v, want %v", got, p)
	}
	c.do(actHeight)
	c.click(u)
	if len(c.tape.done) != 1 || c.tape.done[0].Value < -.3 || c.tape.done[0].Std < .0149 {
		t.Errorf("height %v", c.tape.done)
	}
	bare := newTape("", rulerOf(&Scene{}, c.orbit)) // nothing to stand on
	bare.take(Height)
	if bare.click(got, rulerOf(&Scene{}, c.orbit)); len(bare.done)+len(bare.pending) != 0 || !strings.Contains(bare.note, "floor") {
		t.Errorf("a height over nothing: %v, %q", bare.done, bare.note)
	}
	c.clip = &clipBox{axes: geom.Identity3(), lo: geom.Vec3{X: 1e3}, hi: geom.Vec3{X: 2e3}}
	if _, ok := c.pointAt(u); ok {
		t.Error("what is clipped away was clicked")
	}
}

// A run is replayed from its first to its last pose, by keys and by the slider.
func TestReplay(t *testing.T) {
	s := &Scene{}
	for i := range 11 {
		s.Trajectory = append(s.Trajectory, slam.StampedPose{Time: 100 + float64(i), Pose: geom.IdentitySE3()})
	}
	r := newReplay(s)
	if !r.possible() || !math.IsInf(r.until(), 1) || r.advance(1) {
		t.Fatalf("%+v", r)
	}
	r.play()
	if !r.advance(2.5) || len(before(s.Trajectory, r.until())) != 3 {
		t.Errorf("after 2.5 s: %+v", r)
	}
	for r.advance(1) {
		if r.at > 110 {
			t.Fatal("it plays past the end")
		}
	}
	a, b := r.slider(1000, 500, 10)
	if !r.grab(a.Add(b).Scale(.5), 1000, 500, 10, false) || math.Abs(r.at-105) > 1e-9 {
		t.Errorf("the slider's middle is %g s", r.at)
	}
	if r.grab(geom.Vec2{X: 10, Y: 10}, 1000, 500, 10, false) {
		t.Error("the slider reaches into a corner")
	}
	if r.step(-1000); r.at != 100 {
		t.Errorf("before the beginning: %g s", r.at)
	}
	if r := newReplay(&Scene{Live: true, Snapshot: s.Snapshot}); r.possible() {
		t.Error("a run that goes on is replayed")
	}
}
