package mapping

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"github.com/metricslam/metricslam/internal/spill/spilltest"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/ground"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/internal/descriptors"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/mapping/patch"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// fullState is a small map that has something in every field.
func fullState(t testing.TB, keyframes int) *State {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	w := newSynthetic(syntheticSpec{keyframes: keyframes, points: 60, noisePx: .3, depth: true, depthNoise: .02, scaleSigma: .1})
	m := NewMapper(Default(), &fakeMatcher{}, nil)
	m.use(w.m)
	for i, k := range m.Map.Keyframes {
		small := geom.Camera{W: 48, H: 36, Fx: 40, Fy: 41, Cx: 23, Cy: 17}
		k.Camera, k.LogScale, k.Unit, k.StepM, k.StepLogStd, k.NoisePx = small, .01*float64(i), 1.5, .2, .03, 1.7
		gray, color := slam.NewGray(48, 36), slam.NewRGB(24, 18)
		for j := range gray.Pix {
			gray.Pix[j] = uint8(r.Uint32() >> (uint32(i) % 8))
		}
		for j := range k.Features {
			k.Features[j].Registered = j%2 == 1
		}
		for j := range color.Pix {
			color.Pix[j] = uint8(j / 8)
		}
		d := slam.DepthMap{W: 24, H: 18, Camera: small.Resized(24, 18), Sigma: .05, ScaleSigma: .1, PlaceSigma: .2, Source: "sim"}
		for range 24 * 18 {
			d.Depth = append(d.Depth, float32(max(0, 6*r.Float64()-1)))
			d.LogStd = append(d.LogStd, float32(.3*r.Float64()))
		}
		var keypoints []recognition.Keypoint
		for range 5 {
			keypoints = append(keypoints, recognition.Keypoint{Pixel: geom.Vec2{X: float64(float32(40 * r.Float64())), Y: 7}, Desc: descriptors.Random(r)})
		}
		im := images.Images{Gray: gray, Color: images.NewColor(color), Depth: images.NewDepth(d), Keypoints: images.NewKeypoints(keypoints)}
		putImages(t, m.Map, k, im)
	}
	for l := range m.Map.landmarks.all() {
		l.Slant = patch.Slant{X: 4 * r.NormFloat64(), Y: 4 * r.NormFloat64(), Info: r.Float64()}
		l.Ray = m.Map.Keyframes[l.Host].Camera.Ray(m.Map.Keyframes[l.Host].Features[l.Obs[0].Index].Pixel)
	}
	if keyframes > 3 {
		if err := m.loops.enter(m.Map.Keyframes[2]); err != nil {
			t.Fatal(err)
		}
		m.remove(m.Map.Keyframes[2], m.Map.Keyframes[1])
	}
	info := geom.Mat6{}
	for i := range 36 {
		info[i/6][i%6] = float64(i)
	}
	m.Map.Keyframes[keyframes-1].Tether = &Tether{From: 0, Z: walk(2), Info: info}
	m.loops.links = []*Link{{From: 0, To: keyframes - 1, Z: geom.Sim3FromSE3(walk(1), 1.1), Inliers: 44}}
	from, to := m.Map.Keyframes[0], m.Map.Keyframes[keyframes-1]
	m.loops.links[0].pairs = []linkPair{{from.Features[0].Pixel, to.Features[0].Pixel, 2}}
	var err error
	if m.loops.links[0].landmarks, err = m.Map.addLinkLandmarks(from, to, m.loops.links[0].pairs); err != nil {
		t.Fatal(err)
	}
	m.loops.links[0].units, m.loops.links[0].tried = [2]float64{1, 1.5}, 3
	m.loops.links[0].info[2][6] = .25
	m.loops.pending = []*Link{{From: 1, To: 0, Z: geom.Sim3FromSE3(walk(2), 1), Inliers: 20, pairs: []linkPair{{depthM: 1}}}}
	m.Scale, m.Map.parts, m.part = Scale{.02, .04}, 3, 1
	m.Ground = ground.Estimator{HeightM: 1.6, Normal: geom.Vec3{Y: 1}, Count: 7}
	s := stateOf(t, m)
	s.Origins = []Origin{{Source: "a b", Kind: "tum"}}
	s.Metrics[1] = metric.Estimate{Log: .1, Gain: .2, Sigma: .05, Sources: []metric.Source{
		{Name: "known distance 0,1", Log: .2, Sigma: .05, N: 1, Used: true, Rank: metric.RankDistance}, {Name: "depth network", Sigma: .1, N: 4, Conflict: true},
	}}
	return s
}

var wholeState = cmp.Options{
	cmp.AllowUnexported(Feature{}, State{}, Keyframe{}, parent{}, Landmark{}, Link{}, linkPair{}),
	cmpopts.IgnoreFields(State{}, "Images", "asMap"), // compared by sameImages
	cmpopts.IgnoreFields(Keyframe{}, "reach"),
	cmpopts.IgnoreUnexported(ground.Estimator{}), // the last planes are measured anew
	cmpopts.EquateEmpty(),
}

func stateOf(t testing.TB, m *Mapper) *State {
	t.Helper()
	s, err := m.State()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sameImages asks that two states have images that make the same sections.
func sameImages(t *testing.T, want, got *State) {
	t.Helper()
	for i := range want.Keyframes {
		var data [2][]byte
		for j, s := range []*State{want, got} {
			im, err := s.Images.Get(i)
			if err != nil {
				t.Fatal(err)
			}
			if data[j], err = images.Encode(im); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(data[0], data[1]) {
			t.Errorf("keyframe %d has other images", i)
		}
	}
}

// changeImages gives a keyframe of a state other images.
func changeImages(t testing.TB, s *State, id int, change func(*images.Images)) {
	t.Helper()
	im, err := s.Images.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	change(&im)
	store := images.New(images.Options{Budget: math.MaxInt})
	if err := store.Put(id, im); err != nil {
		t.Fatal(err)
	}
	s.Images = slices.Clone(s.Images)
	s.Images[id] = store.Snapshot().Item(id)
}

func save(t testing.TB, s *State) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "map.mslam")
	store := NewStore()
	defer store.Close()
	if err := store.Save(path, s); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t testing.TB, path string) *Loaded {
	t.Helper()
	l, err := Load(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.File.Close() })
	return l
}

func TestSaveLoad(t *testing.T) {
	want := fullState(t, 4)
	l := load(t, save(t, want))
	if d := cmp.Diff(want, l.State, wholeState); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
	sameImages(t, want, l.State)
	m := NewMapper(Default(), &fakeMatcher{}, nil)
	if err := m.Restore(l.State); err != nil {
		t.Fatal(err)
	}
	got := stateOf(t, m)
	got.Origins, got.Metrics = want.Origins, want.Metrics
	if d := cmp.Diff(want, got, wholeState); d != "" {
		t.Errorf("restored (-want +got):\n%s", d)
	}
	sameImages(t, want, got)
	checkInvariants(t, m.Map)
	if next := l.State.NextTrack(); next != 60 {
		t.Errorf("tracks go on from %d, want 60", next)
	}
}

// What a user knew of distances when the map was made is not forgotten, whatever
// becomes of the map's lengths.
func TestRestoreMetres(t *testing.T) {
	s := fullState(t, 4)
	s.Metrics[0].Sources = []metric.Source{{Name: "known distance 0,1", Log: .2, Sigma: .01, Used: true, Rank: metric.RankDistance}}
	m := NewMapper(Default(), &fakeMatcher{}, nil)
	if err := m.Restore(load(t, save(t, s)).State); err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{.2, .2 - math.Log(3)} {
		var found bool
		known, err := m.metricOf(0)
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range known.Sources {
			if src.Rank == metric.RankDistance {
				found = true
				if math.Abs(src.Log-want) > 1e-9 {
					t.Errorf("the known distance says %g, want %g", src.Log, want)
				}
			}
		}
		if !found {
			t.Error("the known distance is forgotten")
		}
		m.Map.rescale(0, 3)
	}
}

func TestSaveEmpty(t *testing.T) {
	want := stateOf(t, NewMapper(Default(), &fakeMatcher{}, nil))
	if d := cmp.Diff(want, load(t, save(t, want)).State, wholeState); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A state is what the map was, whatever becomes of the map.
func TestStateStays(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 4, points: 60})
	m := NewMapper(Default(), &fakeMatcher{}, nil)
	m.use(w.m)
	s, same := stateOf(t, m), stateOf(t, m)
	w.disturb(0, .1, .1, .1)
	for _, k := range m.Map.Keyframes {
		k.Features[0].DepthM = 9
	}
	for id := range 20 {
		if l, ok := m.Map.landmarks.find(id); ok {
			m.Map.forgetObservation(l, l.Obs[0])
		}
	}
	if d := cmp.Diff(same, s, wholeState); d != "" {
		t.Errorf("the state changed with its map:\n%s", d)
	}
}

// A map that is saved as it grows, or that was loaded, gives the same bytes as
// one that is saved once: images are taken over from the file before.
func TestSaveAgain(t *testing.T) {
	s := fullState(t, 5)
	once, err := os.ReadFile(save(t, s))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "map.mslam")
	store := NewStore()
	defer store.Close()
	part := fullState(t, 3)
	part.Images = s.Images[:3]
	for _, st := range []*State{part, s} {
		if err := store.Save(path, st); err != nil {
			t.Fatal(err)
		}
	}
	l := load(t, path)
	other := NewStore(l)
	defer other.Close()
	if err := other.Save(path, l.State); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(once, again) {
		t.Errorf("%d bytes, want the %d of a single save (error %v)", len(again), len(once), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files in the folder, want 1", len(entries))
	}
}

// A map cut at any byte, or with any bit changed, is refused by name and never
// panics.
func TestDamagedFiles(t *testing.T) {
	data, err := os.ReadFile(save(t, fullState(t, 2)))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2, 2))
	check := func(bad []byte, what string, at int) {
		t.Helper()
		f, err := mapfile.New(bytes.NewReader(bad), int64(len(bad)), "m.mslam")
		if err == nil {
			defer f.Close()
			_, err = Read(context.Background(), f)
		}
		if err == nil || !strings.Contains(err.Error(), "m.mslam") {
			t.Fatalf("%s at byte %d of %d: error %v", what, at, len(data), err)
		}
	}
	for n := range data {
		check(data[:n], "cut", n)
		bad := bytes.Clone(data)
		bad[n] ^= 1 << r.IntN(8)
		check(bad, "a bit changed", n)
	}
}

// What a file says has to make sense even where its checksums are right.
func TestNonsense(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*State)
	}{
		{"part", func(s *State) { s.Part = 3 }},
		{"keyframe's part", func(s *State) { s.Keyframes[1].Part = -1 }},
		{"pose of NaN", func(s *State) { s.Keyframes[1].Pose.T.X = math.NaN() }},
		{"pose that is no rotation", func(s *State) { s.Keyframes[1].Pose.R[0][0] = 2 }},
		{"camera", func(s *State) { s.Keyframes[0].Camera.Fx = 0 }},
		{"huge picture", func(s *State) { s.Keyframes[0].Camera.W = 1 << 20 }},
		{"unit", func(s *State) { s.Keyframes[0].Unit = 0 }},
		{"noise", func(s *State) { s.Keyframes[1].NoisePx = math.NaN() }},
		{"feature of no landmark", func(s *State) { s.Keyframes[0].Features[0].Landmark = 12345 }},
		{"feature at infinity", func(s *State) { s.Keyframes[0].Features[0].Pixel.X = math.Inf(1) }},
		{"observation of no keyframe", func(s *State) { s.Landmarks[0].Obs[0].KF = 99 }},
		{"host", func(s *State) { s.Landmarks[0].Host = 9 }},
		{"order of landmarks", func(s *State) { s.Landmarks[0], s.Landmarks[1] = s.Landmarks[1], s.Landmarks[0] }},
		{"depth", func(s *State) { s.Landmarks[0].InvDepth = math.NaN() }},
		{"parent", func(s *State) { s.Keyframes[2].parent.by = 4 }},
		{"tether", func(s *State) { s.Keyframes[3].Tether.From = 3 }},
		{"metres", func(s *State) { s.Metrics[1].Sigma = math.NaN() }},
		{"link", func(s *State) { s.Links[0].To = 4 }},
		{"depth of a link", func(s *State) { s.Pending[0].pairs[0].depthM = 0 }},
		{"scale of a link", func(s *State) { s.Links[0].Z.S = 0 }},
		{"picture of another size", func(s *State) {
			changeImages(t, s, 0, func(im *images.Images) { im.Gray = slam.NewGray(20, 20) })
		}},
		{"camera of a depth map", func(s *State) {
			changeImages(t, s, 0, func(im *images.Images) { im.Depth.Camera.Fx = math.NaN() })
		}},
	}
	for _, tt := range tests {
		s := fullState(t, 4)
		tt.spoil(s)
		_, err := Load(context.Background(), save(t, s))
		if !errors.Is(err, mapfile.ErrDamaged) {
			t.Errorf("%s: error %v, want a damaged map", tt.name, err)
		}
	}
}

// patchable are the sections of a small map, which are spoilt before they are
// packed under right checksums again.
type patchable struct {
	tags     []string
	sections [][]byte
}

func newPatchable(t testing.TB) (p patchable) {
	t.Helper()
	whole, err := mapfile.Open(save(t, fullState(t, 2)))
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	for _, s := range sections {
		p.tags = append(p.tags, s.tag)
	}
	p.tags = append(p.tags, tagImages)
	for _, tag := range p.tags {
		e, _ := whole.Find(tag, 0)
		raw, err := whole.Read(e)
		if err != nil {
			t.Fatal(err)
		}
		p.sections = append(p.sections, raw)
	}
	return p
}

// read writes the map with a patch in one section and reads it back: an error or
// a map that a mapper can take, but no panic.
func (p patchable) read(t *testing.T, which uint8, at int, patch []byte) {
	var b bytes.Buffer
	w, err := mapfile.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i, tag := range p.tags {
		raw := p.sections[i]
		if int(which)%len(p.tags) == i {
			raw = bytes.Clone(raw)
			copy(raw[min(uint(at), uint(len(raw))):], patch)
		}
		if err := w.Add(tag, 0, raw); err != nil {
			t.Fatal(err)
		}
		if tag == tagImages {
			if err := w.Add(tag, 1, raw); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := mapfile.New(bytes.NewReader(b.Bytes()), int64(b.Len()), "patched")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if s, err := Read(context.Background(), file); err == nil {
		if err := NewMapper(Default(), &fakeMatcher{}, nil).Restore(s); err != nil {
			t.Error(err)
		}
	} else if !errors.Is(err, mapfile.ErrDamaged) {
		t.Errorf("section %s at %d: error %v, want a damaged map", p.tags[int(which)%len(p.tags)], at, err)
	}
}

func TestPatched(t *testing.T) {
	p := newPatchable(t)
	r := rand.New(rand.NewPCG(9, 1))
	for range 300 { // FuzzRead goes on
		which := uint8(r.IntN(len(p.tags)))
		patch := make([]byte, 1+r.IntN(8))
		for i := range patch {
			patch[i] = byte(r.Uint32())
		}
		p.read(t, which, r.IntN(len(p.sections[which])), patch)
	}
}

// Sections of any content under right checksums.
func FuzzRead(f *testing.F) {
	p := newPatchable(f)
	for i := range p.tags {
		f.Add(uint8(i), 40, []byte{1, 2, 3})
		f.Add(uint8(i), 0, p.sections[i])
	}
	f.Fuzz(func(t *testing.T, which uint8, at int, patch []byte) {
		defer fuzzbound.Check(t)()
		p.read(t, which, at, patch)
	})
}

func BenchmarkState(b *testing.B) {
	w := newSynthetic(syntheticSpec{keyframes: 200, points: 20000})
	m := NewMapper(Default(), &fakeMatcher{}, nil)
	m.use(w.m)
	for b.Loop() {
		stateOf(b, m)
	}
}

// A scratch file that fails while a map is saved leaves the last good file, and
// the error says which keyframe is concerned.
func TestSaveWithoutScratch(t *testing.T) {
	folder := t.TempDir()
	s := fullState(t, 5)
	m := NewMapper(Config{Scratch: folder}, &fakeMatcher{}, nil)
	m.cfg.ScaleTieSigma = 1
	if err := m.Restore(s); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "map.mslam")
	store := NewStore()
	defer store.Close()
	if err := store.Save(path, stateOf(t, m)); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := spilltest.Open(t, folder).Truncate(0); err != nil {
		t.Fatal(err)
	}
	fresh := NewStore() // has no section of the file before
	defer fresh.Close()
	if err := fresh.Save(path, stateOf(t, m)); err == nil || !strings.Contains(err.Error(), "keyframe") {
		t.Errorf("saved without what was spilled: %v", err)
	}
	if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, good) {
		t.Errorf("the file has %d bytes, %d before; %v", len(left), len(good), err)
	}
}

// Of a large map some keyframes lie packed once it is loaded: it saves the same.
func TestLoadLarge(t *testing.T) {
	s := fullState(t, 12)
	path := save(t, s)
	l := load(t, path)
	m := NewMapper(Config{Scratch: t.TempDir()}, &fakeMatcher{}, nil) // hardly any memory
	if err := m.Restore(l.State); err != nil {
		t.Fatal(err)
	}
	sameImages(t, s, stateOf(t, m))
}
