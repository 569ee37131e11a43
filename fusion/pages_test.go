package fusion

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/spill"
)

// A field of which a fifth fits into memory gives the same mesh, meshed once or as
// it grows.
func TestPagesGiveTheSame(t *testing.T) {
	s := union(room(geom.Vec3{X: 3, Y: 1.2, Z: 3}), sphere(geom.Vec3{X: 1.2, Y: .5, Z: .9}, .4))
	cfg := testConfig(.04)
	views := s.views(append(orbit(16, -1), orbit(5, -1)...), cfg)
	all, want := fuseViews(t, views, cfg)
	cfg.MaxBlocks, cfg.Scratch = all.Blocks()/5, t.TempDir()
	v, err := NewVolume(cfg)
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for i, view := range views {
		if err := v.Integrate(view); err != nil {
			t.Fatal(err)
		}
		if i%6 == 3 {
			meshOf(t, v)
		}
		most = max(most, v.resident)
	}
	if got := meshOf(t, v); !reflect.DeepEqual(got, want) {
		t.Errorf("%d vertices and %d triangles, want %d and %d or others", len(got.Vertices), len(got.Triangles), len(want.Vertices), len(want.Triangles))
	}
	if v.Full() || v.Blocks() != all.Blocks() {
		t.Errorf("%d blocks of %d, full: %v", v.Blocks(), all.Blocks(), v.Full())
	}
	touched := len(v.touch.idx)
	if most > cfg.MaxBlocks+touched || v.resident > cfg.MaxBlocks+touched || most < cfg.MaxBlocks/2 {
		t.Errorf("%d blocks at most and %d at the end in memory, want %d and what one view needs, some %d", most, v.resident, cfg.MaxBlocks, touched)
	}
	n := 0
	for _, b := range v.blocks {
		if b != nil {
			n++
		}
	}
	if n != v.resident {
		t.Errorf("%d blocks are in memory, %d are counted", n, v.resident)
	}
}

func TestBlockRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var want block
	for i := range want {
		want[i] = voxel{float32(r.NormFloat64()), float32(r.ExpFloat64()), uint16(r.Uint32()), uint16(r.Uint32()), uint16(r.Uint32()), uint16(r.Uint32())}
	}
	want[7].sdf = float32(math.Inf(1))
	p, err := spill.New(t.TempDir()).Put(want.encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readBlock(p); err != nil || *got != want || p.Size() != blockBytes {
		t.Errorf("another block came back, %v", err)
	}
}

// Without a folder, or with one that takes no file, what fits is mapped, and said to
// be that.
func TestPagesWithoutFolder(t *testing.T) {
	cfg := testConfig(.04)
	cfg.MaxBlocks, cfg.Scratch = 100, filepath.Join(t.TempDir(), "missing")
	views := room(geom.Vec3{X: 2, Y: 1.2, Z: 1.6}).views(orbit(3, -1), cfg)
	m, stats, err := Fuse(t.Context(), sequence(views...), cfg)
	if err != nil || !stats.Full || len(m.Triangles) == 0 {
		t.Errorf("a folder that takes no file: %d blocks, full: %v, %v", stats.Blocks, stats.Full, err)
	}
	cfg.Scratch = ""
	_, stats, err = Fuse(t.Context(), sequence(views...), cfg)
	if err != nil || !stats.Full || stats.Blocks != 100 || !strings.Contains(stats.Warning(), "100 blocks") {
		t.Errorf("without a folder: %d blocks, full: %v, %v", stats.Blocks, stats.Full, err)
	}
}

// BenchmarkPage puts a block away and takes it back.
func BenchmarkPage(b *testing.B) {
	cfg := testConfig(.04)
	cfg.Scratch = b.TempDir()
	v, err := NewVolume(cfg)
	if err != nil {
		b.Fatal(err)
	}
	k, _ := packKey(1, 2, 3)
	v.allocate([]blockKey{k}, nil)
	b.SetBytes(2 * blockBytes)
	for b.Loop() {
		v.state[0].changed++
		if err := v.putAway(0); err != nil {
			b.Fatal(err)
		}
		if err := v.need([]int32{0}); err != nil {
			b.Fatal(err)
		}
	}
}
