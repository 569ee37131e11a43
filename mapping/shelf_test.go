package mapping

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// keeper is a matcher that notes which pictures it has.
type keeper struct {
	fakeMatcher
	kept map[int][]uint8
}

func (k *keeper) Keep(id int, g slam.Gray) { k.kept[id] = g.Pix }
func (k *keeper) Forget(id int)            { delete(k.kept, id) }

// TestShelf opens keyframes in any order: few lie open, each shows what it showed
// before, and a map file holds the same bytes of one that lies packed.
func TestShelf(t *testing.T) {
	for name, scratch := range map[string]string{"memory": "", "file": t.TempDir()} {
		t.Run(name, func(t *testing.T) { testShelf(t, scratch) })
	}
}

func testShelf(t *testing.T, scratch string) {
	s := fullState(12)
	var want [][]byte
	var gray []slam.Gray
	var depth []slam.DepthMap
	for _, k := range s.Keyframes {
		data, err := encodePictures(k)
		if err != nil {
			t.Fatal(err)
		}
		want, gray, depth = append(want, data), append(gray, k.Gray), append(depth, k.Depth.Unpack())
	}
	m := NewMap()
	m.Keyframes = s.Keyframes
	match := &keeper{kept: make(map[int][]uint8)}
	most := 3 * m.Keyframes[0].openBytes()
	m.shelf = newShelf(Config{Scratch: scratch}, match)
	m.shelf.most = most
	for _, k := range m.Keyframes {
		m.shelf.shelvePlaces(k)
	}
	for _, i := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 0, 5, 11, 5, 2, 3, 11, 7, 0, 9} {
		k := m.Keyframes[i]
		if k.Culled() {
			continue
		}
		m.Open(k)
		if !bytes.Equal(k.Gray.Pix, gray[i].Pix) || k.Gray.W != gray[i].W {
			t.Fatalf("keyframe %d shows another picture", i)
		}
		if !bytes.Equal(match.kept[i], gray[i].Pix) {
			t.Errorf("the matcher has another picture of keyframe %d", i)
		}
		if d := k.Depth.Unpack(); !slices.Equal(d.Depth, depth[i].Depth) || !slices.Equal(d.LogStd, depth[i].LogStd) {
			t.Errorf("keyframe %d has another depth", i)
		}
		if n := openBytes(m.shelf.open); n > most || len(match.kept) != len(m.shelf.open) {
			t.Fatalf("%d lie open and take %d bytes of %d, the matcher has %d", len(m.shelf.open), n, most, len(match.kept))
		}
	}
	if n := openBytes(m.Keyframes); n > most {
		t.Errorf("all keyframes take %d bytes of %d", n, most)
	}
	m.spare()
	if n := openBytes(m.Keyframes); n > 0 || len(match.kept) > 0 || len(m.shelf.open) > 0 {
		t.Errorf("%d bytes, %d keyframes and %d pictures of the matcher are left open", n, len(m.shelf.open), len(match.kept))
	}
	for i, k := range m.Keyframes {
		if p := k.shelved; scratch != "" && (k.Place != nil || p.gray.data != nil || p.color.data != nil || p.depth.data != nil || p.places.data != nil) {
			t.Errorf("keyframe %d is still in memory", i)
		}
		data, err := encodePictures(k)
		if err != nil || !bytes.Equal(data, want[i]) {
			t.Errorf("keyframe %d: another section in a file, %v", i, err)
		}
		if had := s.Keyframes[i].jpegSize(); k.Picture().W != had {
			t.Errorf("keyframe %d: colours %d pixels wide, want %d", i, k.Picture().W, had)
		}
	}
}

// A map that fits the shelf stays open.
func TestShelfHoldsAll(t *testing.T) {
	m := NewMap()
	m.Keyframes = fullState(3).Keyframes
	m.shelf.most = 1 << 30
	for _, k := range m.Keyframes {
		m.Open(k)
	}
	m.spare()
	if len(m.shelf.open) != len(m.Keyframes) || openBytes(m.Keyframes) == 0 {
		t.Errorf("%d of %d keyframes lie open", len(m.shelf.open), len(m.Keyframes))
	}
}

func openBytes(all []*Keyframe) (n int) {
	for _, k := range all {
		n += k.openBytes()
	}
	return n
}

func (k *Keyframe) jpegSize() int { w, _, _, _ := k.jpeg(); return w }

// A network's depth that goes along with the focal length is packed anew.
func TestShelfStretched(t *testing.T) {
	m := NewMap()
	k := &Keyframe{Camera: testCamera, Unit: 1}
	k.Depth = packDepth(slam.DepthMap{W: 8, H: 6, Depth: slices.Repeat([]float32{2}, 48), ScaleSigma: .1})
	m.Keyframes = append(m.Keyframes, k)
	m.shelf.pack(k)
	m.Open(k)
	cam := testCamera
	cam.Fx, cam.Fy = 1.1*cam.Fx, 1.1*cam.Fy
	k.changeCamera(cam)
	m.shelf.pack(k)
	m.shelf.forget(k)
	m.Open(k)
	if z, _, ok := readDepth(&k.Depth, cam, geom.Vec2{X: cam.Cx, Y: cam.Cy}); !ok || z < 2.19 || z > 2.21 {
		t.Errorf("depth %.3f, want 2.2", z)
	}
}

// BenchmarkOpen opens a keyframe of 640x480 that lies packed.
func BenchmarkOpen(b *testing.B) {
	k := &Keyframe{Camera: testCamera, Unit: 1, Gray: slam.NewGray(640, 480)}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range k.Gray.Pix {
		k.Gray.Pix[i] = uint8(100 + 50*math.Sin(float64(i%640)/30) + 3*r.NormFloat64())
	}
	k.Depth = packDepth(depthOf(640, 480, func(x, y int) float64 { return 2 + .01*float64(x) + .01*r.NormFloat64() }))
	for name, scratch := range map[string]string{"memory": "", "file": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			s := newShelf(Config{Scratch: scratch}, nil)
			k := *k
			s.pack(&k)
			for b.Loop() {
				k.unpack()
				s.pack(&k)
			}
		})
	}
}
