package simulate

import (
	"math"
	"slices"
	"strings"
	"testing"
)

const w, h = 64, 48

func flat(z float32) []float32 {
	d := make([]float32, w*h)
	for i := range d {
		d[i] = z
	}
	return d
}

func TestParse(t *testing.T) {
	p, err := Parse("seed=7, bias=0,drift=-.2")
	if err != nil {
		t.Fatal(err)
	}
	want := Params{Seed: 7, Bias: 0, Frame: .05, Warp: .05, Noise: .03, Drift: -.2}
	if p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	for _, bad := range []string{"bias", "bias=x", "bias=-1", "noise=NaN", "sed=1", "seed=-1", "frame=1e9"} {
		if _, err := Parse(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: got error %v", bad, err)
		}
	}
}

// TestOrder: the error of a frame depends neither on which frames were asked
// for before it nor on the order.
func TestOrder(t *testing.T) {
	a, b := New(Defaults()), New(Defaults())
	for _, k := range []int{0, 3, 9, 1} {
		if _, ok := a.Spoil(flat(2), w, h, k); !ok {
			t.Fatal("nothing to spoil")
		}
	}
	x, _ := a.Spoil(flat(2), w, h, 5)
	y, _ := b.Spoil(flat(2), w, h, 5)
	if !slices.Equal(x, y) {
		t.Error("the order of the frames matters")
	}
	p := Defaults()
	p.Seed = 2
	if z, _ := New(p).Spoil(flat(2), w, h, 5); slices.Equal(x, z) {
		t.Error("the seed does not matter")
	}
}

// TestStatistics: bias, drift, the deviation and correlation of the frame's
// error and the deviation of the noise are what was asked for.
func TestStatistics(t *testing.T) {
	m := New(Params{Seed: 3, Bias: .1, Frame: .05, Drift: .2})
	const n = 20000
	var s0, s1, mean float64
	var prev float64
	for k := range n {
		e := m.LogScale(k) - math.Log(1.1) - .2*float64(k)/1000
		mean += e / n
		s0 += e * e / n
		if k > 0 {
			s1 += e * prev / n
		}
		prev = e
	}
	if math.Abs(mean) > .01 {
		t.Errorf("mean of the frame's error %v, want 0 within .01", mean)
	}
	if sd := math.Sqrt(s0); math.Abs(sd-.05) > .005 {
		t.Errorf("deviation %v, want .05 within .005", sd)
	}
	if r := s1 / s0; math.Abs(r-ar) > .01 {
		t.Errorf("correlation %v, want %v within .01", r, ar)
	}
	out, _ := New(Params{Seed: 1, Noise: .03}).Spoil(flat(2), w, h, 0)
	var v float64
	for _, z := range out {
		l := math.Log(float64(z) / 2)
		v += l * l / float64(len(out))
	}
	if sd := math.Sqrt(v); math.Abs(sd-.03) > .004 {
		t.Errorf("noise %v, want .03 within .004", sd)
	}
}

// TestWarpIsSmooth: the warp passes near its nodes and changes slowly.
func TestWarpIsSmooth(t *testing.T) {
	m := New(Params{Seed: 1, Warp: .05})
	out, _ := m.Spoil(flat(1), w, h, 4)
	for y := range h {
		for x := 1; x < w; x++ {
			if d := math.Abs(math.Log(float64(out[y*w+x]) / float64(out[y*w+x-1]))); d > .02 {
				t.Fatalf("jump of %v at %d,%d", d, x, y)
			}
		}
	}
	node := m.warp(4)[1][1]
	got := math.Log(float64(out[(h/2)*w+3*w/8])) // near the centre of the second cell of the middle row
	if math.Abs(got-node) > .01 {
		t.Errorf("warp at its node: got %v, want %v within .01", got, node)
	}
}

// TestHoles: holes are filled 6 px deep from what surrounds them and unknown
// beyond; edges are blurred.
func TestHoles(t *testing.T) {
	d := flat(2)
	for y := 8; y < 40; y++ {
		for x := 20; x < 44; x++ {
			d[y*w+x] = 0
		}
	}
	out, ok := New(Params{}).Spoil(d, w, h, 0)
	if !ok {
		t.Fatal("nothing to spoil")
	}
	for x, want := range map[int]bool{19: true, 20: true, 25: true, 27: false, 32: false, 37: false, 38: true} {
		if got := out[24*w+x] > 0; got != want {
			t.Errorf("column %d known: got %v, want %v", x, got, want)
		}
	}
	for i, z := range out {
		if z != 0 && math.Abs(float64(z)-2) > 1e-5 {
			t.Fatalf("pixel %d: got %v, want 2", i, z)
		}
	}
	for i := range d {
		if d[i] = 1; i%w >= w/2 {
			d[i] = 4
		}
	}
	out, _ = New(Params{}).Spoil(d, w, h, 0)
	if z := float64(out[24*w+w/2]); z < 2 || z > 2.6 {
		t.Errorf("on the edge between 1 and 4 m: got %v, want a little above the geometric mean 2", z)
	}
}

func TestNothingKnown(t *testing.T) {
	if _, ok := New(Defaults()).Spoil(make([]float32, w*h), w, h, 0); ok {
		t.Error("spoilt depth of nothing")
	}
	for _, size := range [][2]int{{1, 1}, {1, 9}, {7, 1}, {5, 5}} {
		d := make([]float32, size[0]*size[1])
		d[len(d)-1] = 3
		if out, ok := New(Defaults()).Spoil(d, size[0], size[1], 0); !ok || out[len(d)-1] <= 0 {
			t.Errorf("%v: got %v %v", size, out, ok)
		}
	}
}

func BenchmarkSpoil640x480(b *testing.B) {
	m := New(Defaults())
	d := make([]float32, 640*480)
	for i := range d {
		d[i] = 2
	}
	for b.Loop() {
		m.Spoil(d, 640, 480, 3)
	}
}
