package images

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/spill"
	"github.com/metricslam/metricslam/internal/spill/spilltest"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// some returns images with something everywhere, and without colour or depth for
// some seeds.
func some(seed uint64) Images {
	r := rand.New(rand.NewPCG(seed, 4))
	gray, rgb := slam.NewGray(48, 36), slam.NewRGB(24, 18)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(r.Uint32() >> (uint32(seed) % 8))
	}
	for i := range rgb.Pix {
		rgb.Pix[i] = uint8(i/8 + int(seed))
	}
	im := Images{Gray: gray}
	if seed%4 != 1 {
		im.Color = NewColor(rgb)
	}
	if seed%5 != 1 {
		d := depthOf(24, 18, func(int, int) float64 { return 6*r.Float64() - 1 })
		for range d.Depth {
			d.LogStd = append(d.LogStd, float32(.3*r.Float64()))
		}
		im.Depth = NewDepth(d)
	}
	var list []recognition.Keypoint
	for range 5 {
		k := recognition.Keypoint{Pixel: geom.Vec2{X: float64(float32(40 * r.Float64())), Y: 7}}
		k.Desc[seed%32] = byte(r.Uint32())
		list = append(list, k)
	}
	im.Keypoints = NewKeypoints(list)
	return im
}

// watcher notes which images lie decoded.
type watcher map[int][]uint8

func (w watcher) Keep(id int, g slam.Gray) { w[id] = g.Pix }
func (w watcher) Forget(id int)            { delete(w, id) }

func encode(t *testing.T, im Images) []byte {
	t.Helper()
	data, err := Encode(im)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// In any order of use few images lie decoded, each is what was put, and makes the
// same section of a map file.
func TestStore(t *testing.T) {
	for name, folder := range map[string]string{"memory": "", "file": t.TempDir()} {
		t.Run(name, func(t *testing.T) { testStore(t, folder) })
	}
}

func testStore(t *testing.T, folder string) {
	const n = 12
	kept := make(watcher)
	one := some(0)
	s := New(Options{Budget: 3 * one.bytes(), Scratch: folder, Watcher: kept})
	for id := range n {
		if err := s.Put(id, some(uint64(id))); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 0, 5, 11, 5, 2, 3, 11, 7, 0, 9} {
		got, err := s.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encode(t, got), encode(t, some(uint64(id)))) {
			t.Fatalf("id %d has other images", id)
		}
		if !bytes.Equal(kept[id], got.Gray.Pix) {
			t.Errorf("the watcher has another image of id %d", id)
		}
		total := 0
		for _, e := range s.open {
			total += e.item.images.bytes()
		}
		if total > s.budget || len(kept) != len(s.open) {
			t.Fatalf("%d lie decoded and take %d bytes of %d, the watcher has %d", len(s.open), total, s.budget, len(kept))
		}
	}
	if err := s.Spare(); err != nil || len(s.open) > 0 || len(kept) > 0 {
		t.Errorf("%d and %d of the watcher are left decoded, %v", len(s.open), len(kept), err)
	}
	for id, item := range s.items {
		im := item.images
		if folder != "" && (im.Keypoints.list != nil || item.gray.data != nil || im.Color.jpeg.data != nil || item.depth.data != nil) {
			t.Errorf("id %d is still in memory", id)
		}
		if list, err := s.Keypoints(id); err != nil || len(list) != 5 {
			t.Errorf("id %d: %d keypoints, %v", id, len(list), err)
		}
	}
	s.Drop(3)
	if im, err := s.Get(3); err != nil || !im.Gray.Empty() {
		t.Errorf("what was dropped is there: %v", err)
	}
	if im, err := s.Get(99); err != nil || !im.Gray.Empty() {
		t.Errorf("what was never put is there: %v", err)
	}
}

// A store that holds everything leaves it decoded.
func TestSpareWhereAllFits(t *testing.T) {
	s := New(Options{Budget: 1 << 30})
	for id := range 3 {
		if err := s.Put(id, some(uint64(id))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Spare(); err != nil || len(s.open) != 3 {
		t.Errorf("%d of 3 lie decoded, %v", len(s.open), err)
	}
}

// A snapshot is what was stored, whatever becomes of the store, and an item names
// its content.
func TestSnapshot(t *testing.T) {
	s := New(Options{Scratch: t.TempDir()})
	for id := range 6 {
		if err := s.Put(id, some(uint64(id))); err != nil {
			t.Fatal(err)
		}
	}
	snap := s.Snapshot()
	s.Drop(1)
	other := some(2)
	other.Depth = NewDepth(depthOf(24, 18, func(int, int) float64 { return 2 }))
	if err := s.Put(2, other); err != nil {
		t.Fatal(err)
	}
	for id := range 6 {
		im, err := snap.Get(id)
		if err != nil || !bytes.Equal(encode(t, im), encode(t, some(uint64(id)))) {
			t.Errorf("id %d has other images, %v", id, err)
		}
	}
	now := s.Snapshot()
	for id := range 6 {
		if same := now.Item(id) == snap.Item(id); same != (id != 1 && id != 2) {
			t.Errorf("id %d: the same item: %v", id, same)
		}
	}
	adopted := New(Options{Scratch: t.TempDir()})
	if err := adopted.Adopt(snap, 10); err != nil {
		t.Fatal(err)
	}
	if im, err := adopted.Get(13); err != nil || !bytes.Equal(encode(t, im), encode(t, some(3))) {
		t.Errorf("what was adopted differs, %v", err)
	}
}

// A scratch file that was cut short or changed is an error of whatever needs it,
// never an empty image.
func TestScratchFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*os.File) error
		want  error
	}{
		{"cut short", func(f *os.File) error { return f.Truncate(10) }, nil},
		{"changed", func(f *os.File) error {
			_, err := f.WriteAt(bytes.Repeat([]byte{0xAA}, 1<<16), 0)
			return err
		}, spill.ErrDamaged},
	} {
		folder := t.TempDir()
		s := New(Options{Scratch: folder})
		for id := range 5 {
			if err := s.Put(id, some(uint64(4*id))); err != nil {
				t.Fatal(err)
			}
		}
		snap := s.Snapshot()
		if err := c.spoil(spilltest.Open(t, folder)); err != nil {
			t.Fatal(err)
		}
		im, err := s.Get(0)
		if err == nil || !strings.Contains(err.Error(), "keyframe 0") || c.want != nil && !errors.Is(err, c.want) || !im.Gray.Empty() {
			t.Errorf("%s: get: %v", c.name, err)
		}
		if list, err := s.Keypoints(0); err == nil {
			t.Errorf("%s: %d keypoints", c.name, len(list))
		}
		if _, err := snap.Get(0); err == nil {
			t.Errorf("%s: a snapshot reads", c.name)
		}
		open, err := s.Get(4) // decoded, its keypoints are not
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Encode(open); err == nil {
			t.Errorf("%s: a section of a map file is made", c.name)
		}
	}
}

// Without a folder that takes a file memory holds what is packed.
func TestNoScratch(t *testing.T) {
	s := New(Options{Scratch: "/nowhere/at/all"})
	for id := range 5 {
		if err := s.Put(id, some(uint64(id))); err != nil {
			t.Fatal(err)
		}
	}
	for id := range 5 {
		if im, err := s.Get(id); err != nil || !bytes.Equal(encode(t, im), encode(t, some(uint64(id)))) {
			t.Errorf("id %d: %v", id, err)
		}
	}
}

// Sections come back as they were, colours to what JPEG leaves; sizes and cameras
// that cannot be are refused.
func TestSection(t *testing.T) {
	want := some(2)
	d, err := mapfile.NewDecoder(encode(t, want))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(d)
	if err != nil || !bytes.Equal(got.Gray.Pix, want.Gray.Pix) || !slices.Equal(got.Depth.code, want.Depth.code) || got.Depth.DepthInfo != want.Depth.DepthInfo {
		t.Errorf("other images, %v", err)
	}
	a, _ := want.Color.RGB()
	b, err := got.Color.RGB()
	worst := 0
	for i := range a.Pix {
		worst = max(worst, int(a.Pix[i])-int(b.Pix[i]), int(b.Pix[i])-int(a.Pix[i]))
	}
	if err != nil || worst > 12 {
		t.Errorf("colours are %d grey levels off, %v", worst, err)
	}
	if !bytes.Equal(encode(t, got), encode(t, want)) {
		t.Error("the section of what was read differs: colours were packed anew")
	}
	want.Depth.Camera.Fx = math.NaN()
	if d, err = mapfile.NewDecoder(encode(t, want)); err != nil {
		t.Fatal(err)
	}
	if _, err := Decode(d); err == nil {
		t.Error("a depth map without a camera is read")
	}
}

// BenchmarkGet decodes images of 640x480.
func BenchmarkGet(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	gray := slam.NewGray(640, 480)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(100 + 50*math.Sin(float64(i%640)/30) + 3*r.NormFloat64())
	}
	depth := NewDepth(depthOf(640, 480, func(x, y int) float64 { return 2 + .01*float64(x) + .01*r.NormFloat64() }))
	for name, folder := range map[string]string{"memory": "", "file": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			s := New(Options{Scratch: folder})
			for id := range minOpen + 1 {
				if err := s.Put(id, Images{Gray: gray, Depth: depth}); err != nil {
					b.Fatal(err)
				}
			}
			id := 0
			for b.Loop() {
				if _, err := s.Get(id); err != nil {
					b.Fatal(err)
				}
				id = (id + 1) % (minOpen + 1)
			}
		})
	}
}
