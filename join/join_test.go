package join

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
	"github.com/metricslam/metricslam/slam"
)

// town is a ring road of 200 m that recordings drive in pieces that overlap, each in
// lengths and a frame of its own.
type town struct {
	rng        *rand.Rand
	recordings []*Recording
	truths     []slam.Trajectory
	anchors    []geom.Sim3 // of the true frame in that of the recording
	files      []*Links
}

const (
	ringM  = 200.
	stepM  = 1.
	pieceM = 60.
)

// onRing is the true pose at a way along the ring.
func onRing(wayM float64) geom.SE3 {
	a := 2 * math.Pi * wayM / ringM
	r := ringM / (2 * math.Pi)
	return geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: -a}), T: geom.Vec3{X: r * math.Cos(a), Z: r * math.Sin(a)}}
}

// newTown records n pieces spread over the ring; scales are what each recording's metres
// are off by, 1 where they run out.
func newTown(n int, scales ...float64) *town {
	w := &town{rng: rand.New(rand.NewPCG(5, uint64(n)))}
	for i := range n {
		s := math.Exp(.05 * w.rng.NormFloat64())
		if i < len(scales) {
			s = scales[i]
		}
		w.record(fmt.Sprint("r", i), ringM*float64(i)/float64(n), s)
	}
	for i := range n {
		w.link(i, (i+1)%n)
	}
	return w
}

// record adds a recording: its steps drift, its lengths are the true ones over scale.
func (w *town) record(name string, startM, scale float64) {
	r := &Recording{Name: name, Map: MapRef{File: name + ".mslam", SHA256: name}, LogStd: .1}
	var truth slam.Trajectory
	anchor := geom.Sim3FromSE3(geom.ExpSE3(geom.Tangent6{w.rng.NormFloat64(), 0, w.rng.NormFloat64(), 0, w.rng.NormFloat64(), 0}), 1/scale)
	pose := onRing(startM)
	for i := range int(pieceM / stepM) {
		way := startM + stepM*float64(i)
		if i > 0 {
			step := onRing(way - stepM).Between(onRing(way))
			noise := geom.ExpSE3(geom.Tangent6{.005 * w.rng.NormFloat64(), .005 * w.rng.NormFloat64(), .005 * w.rng.NormFloat64(), 0, .001 * w.rng.NormFloat64(), 0})
			pose = pose.Mul(step).Mul(noise)
		}
		time := float64(len(w.recordings)*1000 + i)
		truth = append(truth, slam.StampedPose{Time: time, Pose: onRing(way)})
		r.Keyframes = append(r.Keyframes, RecordedKeyframe{ID: 2 * i, Time: time, Pose: anchor.ApplyPose(pose)})
	}
	w.recordings, w.truths, w.anchors = append(w.recordings, r), append(w.truths, truth), append(w.anchors, anchor)
}

// link adds what two recordings have in common: keyframes within a metre of each other.
func (w *town) link(a, b int) {
	f := &Links{A: w.recordings[a].Map, B: w.recordings[b].Map}
	for i, p := range w.truths[a] {
		for k, q := range w.truths[b] {
			if p.Pose.T.Sub(q.Pose.T).Norm() < 1 && i%3 == 0 {
				f.Links = append(f.Links, w.linkOf(a, b, i, k, p.Pose.Between(q.Pose)))
			}
		}
	}
	w.files = append(w.files, f)
}

// linkOf is a link that measures ab, in the lengths of the two recordings.
func (w *town) linkOf(a, b, i, k int, ab geom.SE3) Link {
	noise := geom.ExpSE3(geom.Tangent6{.02 * w.rng.NormFloat64(), .02 * w.rng.NormFloat64(), .02 * w.rng.NormFloat64(), .002 * w.rng.NormFloat64(), .002 * w.rng.NormFloat64(), .002 * w.rng.NormFloat64()})
	z := geom.Sim3FromSE3(ab.Mul(noise), w.anchors[a].S/w.anchors[b].S)
	z.T = z.T.Scale(w.anchors[a].S)
	l := Link{A: 2 * i, B: 2 * k, Z: poseOf(z), Inliers: 100, Believed: true}
	info := posegraph.Diagonal(.02*w.anchors[b].S, .002, .05)
	for i := range info {
		l.Info = append(l.Info, info[i][i:]...)
	}
	return l
}

func (w *town) join(t *testing.T) (*Joined, *Score) {
	t.Helper()
	j, err := Join(context.Background(), w.recordings, w.files)
	if err != nil {
		t.Fatal(err)
	}
	s, err := j.Evaluate(w.truths)
	if err != nil {
		t.Fatal(err)
	}
	return j, s
}

// Twelve pieces become a ring that is as true as one piece, in metres that are truer than
// those of one.
func TestRing(t *testing.T) {
	w := newTown(12)
	j, s := w.join(t)
	if len(j.Components) != 1 || len(j.Warnings) > 0 || s.False > 0 {
		t.Fatalf("%d components, %d false links, warnings %q", len(j.Components), s.False, j.Warnings)
	}
	var alone float64
	for _, r := range s.Alone {
		alone += r.Sim3M / float64(len(s.Alone))
	}
	if s.Sim3M > .15 || math.Abs(math.Log(s.Scale)) > .05 {
		t.Errorf("Sim3 %.3f m with all, %.3f m alone, scale %.3f", s.Sim3M, alone, s.Scale)
	}
	for _, r := range s.Alone {
		if math.Abs(r.JointLog) > .01 {
			t.Errorf("%s is off the others' scale by %.3f", r.Name, r.JointLog)
		}
	}
}

// A recording whose metres are off by 30 % is brought to those of the others, and named.
func TestWrongScaleIsNamed(t *testing.T) {
	w := newTown(12, 1, 1, 1.3)
	j, s := w.join(t)
	if s.Sim3M > .15 || math.Abs(math.Log(s.Scale)) > .05 {
		t.Errorf("Sim3 %.3f m, scale %.3f", s.Sim3M, s.Scale)
	}
	for i, m := range j.Maps {
		if m.ScaleConflict != (i == 2) {
			t.Errorf("%s: conflict %v, factor %.3f", m.Name, m.ScaleConflict, m.ScaleFactor)
		}
	}
	if len(j.Warnings) != 1 || !strings.Contains(j.Warnings[0], "r2") {
		t.Errorf("warnings %q", j.Warnings)
	}
}

// Of two recordings that contradict each other both are named, and the joint deviation
// says it.
func TestTwoScalesDisagree(t *testing.T) {
	w := newTown(12)
	w.recordings, w.files = w.recordings[:2], w.files[:1]
	w.recordings[0].LogStd, w.recordings[1].LogStd = .03, .03
	w.recordings[1].Gain = math.Log(1.4)
	j, err := Join(context.Background(), w.recordings, w.files)
	if err != nil {
		t.Fatal(err)
	}
	if !j.Maps[0].ScaleConflict || !j.Maps[1].ScaleConflict || len(j.Warnings) != 1 || j.Components[0].ScaleLogStd < .1 {
		t.Errorf("conflicts %v %v, deviation %.3f, warnings %q", j.Maps[0].ScaleConflict, j.Maps[1].ScaleConflict, j.Components[0].ScaleLogStd, j.Warnings)
	}
}

// A recording that the others contradict takes no part in their metres.
func TestContradictedHasNoPart(t *testing.T) {
	w := newTown(5, 1, 1, 1, 1, 1)
	true1, _ := w.join(t)
	w = newTown(5, 1, 1, 1, 1, 1)
	w.recordings[3].Gain = math.Log(2)
	j, _ := w.join(t)
	if !j.Maps[3].ScaleConflict {
		t.Fatalf("not named: %q", j.Warnings)
	}
	way := func(j *Joined) float64 {
		k := j.Maps[0].Keyframes
		return k[len(k)-1].Sim3().T.Sub(k[0].Sim3().T).Norm()
	}
	if d := math.Log(way(j) / way(true1)); math.Abs(d) > .01 {
		t.Errorf("the others' metres moved by %.3f", d)
	}
}

// Two pieces that look like others across the ring are not believed, though three links
// say so.
func TestFalseLinks(t *testing.T) {
	w := newTown(12)
	f := &Links{A: w.recordings[0].Map, B: w.recordings[6].Map}
	for i := range 3 {
		f.Links = append(f.Links, w.linkOf(0, 6, 10+2*i, 10+2*i, geom.IdentitySE3()))
	}
	w.files = append(w.files, f)
	slices.Reverse(w.files) // which links are given first does not matter
	j, s := w.join(t)
	if s.False > 0 || s.Sim3M > .15 {
		t.Errorf("%d false links of %d, Sim3 %.3f m", s.False, s.Links, s.Sim3M)
	}
	rejected := 0
	for _, l := range j.Links {
		if l.State == Rejected {
			rejected++
		}
	}
	if rejected != 3 {
		t.Errorf("%d links rejected, want the 3 false ones", rejected)
	}
}

// What nothing connects stays apart, and is said.
func TestTwoComponents(t *testing.T) {
	w := newTown(12)
	w.record("far", 500, 1)
	w.record("farther", 505, 1)
	w.link(12, 13)
	j, err := Join(context.Background(), w.recordings, w.files)
	if err != nil {
		t.Fatal(err)
	}
	if len(j.Components) != 2 || j.Components[0].Recordings != 12 || j.Maps[13].Component != 1 {
		t.Fatalf("components %+v", j.Components)
	}
	if len(j.Warnings) != 1 || !strings.Contains(j.Warnings[0], "farther") {
		t.Errorf("warnings %q", j.Warnings)
	}
}

// The order of the files of links and the number of runs do not matter to a byte.
func TestSameBytes(t *testing.T) {
	var last []byte
	for run := range 2 {
		w := newTown(5)
		if run == 1 {
			slices.Reverse(w.files)
		}
		j, _ := w.join(t)
		path := filepath.Join(t.TempDir(), "joined.json")
		if err := j.Write(path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && string(last) != string(data) {
			t.Error("two runs write different files")
		}
		last = data
		back, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Maps) != 5 || back.Maps[3].Keyframes[7].Pose != j.Maps[3].Keyframes[7].Pose {
			t.Error("what was read is not what was written")
		}
	}
}

// Pairs are found by places in common, and their number does not grow where maps
// have none.
func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	image := func() []byte {
		d := make([]byte, 32*indexKeypoints)
		for i := range d {
			d[i] = byte(r.Uint32())
		}
		return d
	}
	shared := [][]byte{image(), image(), image()}
	var all []*Index
	for i := range 12 {
		x := &Index{Map: MapRef{File: fmt.Sprint(i)}}
		for k := range 5 {
			x.Keyframes = append(x.Keyframes, IndexKeyframe{ID: k, Descriptors: image()})
		}
		if i == 3 || i == 7 {
			for k, d := range shared {
				x.Keyframes = append(x.Keyframes, IndexKeyframe{ID: 5 + k, Descriptors: d})
			}
		}
		all = append(all, x)
	}
	p, err := FindPairs(all)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Pairs) != 1 || p.Pairs[0].A != 3 || p.Pairs[0].B != 7 || p.Pairs[0].Keyframes != 6 {
		t.Errorf("pairs %+v, want maps 3 and 7 by 6 keyframes", p.Pairs)
	}
	if _, err := FindPairs([]*Index{all[0], all[0]}); err == nil {
		t.Error("a map that is given twice is taken")
	}
}

// A facade of a kind that stands everywhere makes no pair: two maps that have a third of
// the corners in common that neighbours of one map have are not compared.
func TestPairsOfLookAlikes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	fill := func(d []byte) {
		for i := range d {
			d[i] = byte(r.Uint32())
		}
	}
	style := make([]byte, 32*indexKeypoints*3/10)
	fill(style)
	var all []*Index
	for i := range 3 {
		x := &Index{Map: MapRef{File: fmt.Sprint(i)}}
		house := make([]byte, 32*indexKeypoints)
		fill(house)
		copy(house, style)
		for k := range 4 {
			x.Keyframes = append(x.Keyframes, IndexKeyframe{ID: k, Descriptors: house})
		}
		all = append(all, x)
	}
	p, err := FindPairs(all)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Pairs) != 0 {
		t.Errorf("pairs %+v of maps that share a style", p.Pairs)
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ text, want string }{
		{`{`, "not a file of links"},
		{`{"kind":"pairs","version":1}`, `holds "pairs"`},
		{`{"kind":"links","version":9}`, "version 9"},
		{`{"kind":"links","version":1,"links":[{"z":{"q_xyzw":[0,0,0,0],"t":[0,0,0]}}]}`, "no pose"},
		{`{"kind":"links","version":1,"links":[{"z":{"q_xyzw":[0,0,0,1],"t":[0,0,0]},"info":[1]}]}`, "information"},
	} {
		if _, err := ReadLinks(write("l.json", c.text)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "l.json") {
			t.Errorf("%s: got %v, want %q", c.text, err, c.want)
		}
	}
	for text, want := range map[string]string{
		`{"kind":"joined","version":1}`:                                                                 "no recordings",
		`{"kind":"joined","version":1,"maps":[{"component":2}],"components":[{}]}`:                      "component 2 of 1",
		`{"kind":"joined","version":1,"maps":[{}],"components":[{}],"links":[{"a":0,"b":7}]}`:           "recordings 0 and 7 of 1",
		`{"kind":"joined","version":1,"maps":[{"keyframes":[{"q_xyzw":[0,0,0,0]}]}],"components":[{}]}`: "no pose",
	} {
		if _, err := Read(write("j.json", text)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "j.json") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	w := newTown(3)
	w.files = append(w.files, &Links{A: MapRef{File: "other.mslam", SHA256: "other"}, B: w.recordings[0].Map})
	if _, err := Join(context.Background(), w.recordings, w.files); err == nil || !strings.Contains(err.Error(), "other.mslam") {
		t.Errorf("links of another map: %v", err)
	}
	if _, err := ReadRecording(write("x.mslam", "nothing")); err == nil {
		t.Error("a file that is no map is taken")
	}
}

// What joining costs as recordings become more: bytes are those of the graph and of its
// solution, all allocations together.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{10, 30, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newTown(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Join(context.Background(), w.recordings, w.files); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The last adjustment takes the links of visits that held, and none of visits of which
// none is left.
func TestSpareLinks(t *testing.T) {
	link := func(a, b int, believed bool) Link { return Link{A: a, B: b, Believed: believed} }
	j := &joiner{files: []*Links{
		{Links: []Link{link(0, 0, true), link(2, 2, true), link(3, 3, false), link(500, 500, true)}},
		{Links: []Link{link(0, 0, true), link(1, 1, true)}},
	}}
	// Of the first pair one link takes part; the one beside it comes along. The others are not
	// believed, of another visit, or of a pair of which none is left.
	if got := j.spare([]edge{{0, 0}}); len(got) != 1 || got[0] != (edge{0, 1}) {
		t.Errorf("spare links %v, want the second of the first pair", got)
	}
	w := newTown(6)
	out, err := Join(context.Background(), w.recordings, w.files)
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, l := range out.Links {
		count[l.State]++
	}
	if count[Spare] == 0 || count[Rejected] > 0 || count[Doubted] > 0 {
		t.Errorf("links %v, want all in use", count)
	}
}
