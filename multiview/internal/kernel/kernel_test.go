package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// both runs f with the vector kernels and without.
func both(t *testing.T, f func() [][]float64) {
	t.Helper()
	if !haveAVX2 {
		t.Skip("no AVX2")
	}
	vector := f()
	haveAVX2 = false
	defer func() { haveAVX2 = true }()
	for i, want := range f() {
		if !slices.Equal(vector[i], want) {
			for j := range want {
				if vector[i][j] != want[j] {
					t.Fatalf("output %d differs at %d of %d: %g, in Go %g", i, j, len(want), vector[i][j], want[j])
				}
			}
		}
	}
}

func numbers[T int32 | uint16 | uint32 | float32](v []T) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func bytes(r *rand.Rand, n int) []uint8 {
	out := make([]uint8, n)
	for i := range out {
		out[i] = uint8(r.Uint32())
	}
	return out
}

// projections is a view from beside, one from far aside and one from behind the scene.
var projections = []struct {
	m [3][3]float32
	t [3]float32
}{
	{[3][3]float32{{1, .01, .3}, {-.01, 1, .2}, {1e-4, -2e-4, 1}}, [3]float32{9, -4, .1}},
	{[3][3]float32{{1, .01, 25}, {.02, .98, -30}, {0, 0, 1}}, [3]float32{40, 60, 0}},
	{[3][3]float32{{1, 0, 0}, {0, 1, 0}, {.05, 0, 1}}, [3]float32{0, 0, -3}},
}

func depths(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		if r.IntN(7) > 0 {
			out[i] = .5 + 3*r.Float32()
		}
	}
	return out
}

func TestWarp(t *testing.T) {
	const w, h = 61, 37
	n := Padded(w)
	for _, p := range projections {
		both(t, func() (out [][]float64) {
			r := rand.New(rand.NewPCG(1, 2))
			k := NewWarp(p.m, p.t, bytes(r, w*h), w, h)
			for y := range h {
				row, inside := make([]int32, n), make([]int32, n)
				k.Row(y, depths(r, n), row, inside)
				out = append(out, numbers(row), numbers(inside))
			}
			return out
		})
	}
}

// A grey level between pixels is the bilinear one, and beyond the image that of its
// border.
func TestWarpLevels(t *testing.T) {
	pix := []uint8{0, 16, 32, 48, 64, 80} // 3 x 2
	shift := func(x, y float32) *Warp {
		return NewWarp([3][3]float32{{1, 0, x}, {0, 1, y}, {0, 0, 1}}, [3]float32{}, pix, 3, 2)
	}
	for _, c := range []struct{ x, y, want float32 }{
		{.5, .5, 16 * 32}, {1.25, .25, 16 * (20 + 12)}, {-4, .5, 0}, {9, 9, 16 * 80}, {2, 0, 16 * 32},
	} {
		row, inside := make([]int32, Lanes), make([]int32, Lanes)
		shift(c.x, c.y).Row(0, []float32{1, 0, 0, 0, 0, 0, 0, 0}, row, inside)
		if in := c.x >= 0 && c.x < 2 && c.y < 1; float32(row[0]) != c.want || (inside[0] == -1) != in {
			t.Errorf("(%g, %g): level %d, inside %d, want %g, %t", c.x, c.y, row[0], inside[0], c.want, in)
		}
		if row[1] != 0 || inside[1] != 0 {
			t.Error("a pixel of unknown depth has a level")
		}
	}
}

func TestPatches(t *testing.T) {
	const n = 56
	for _, radius := range []int{1, 2} {
		both(t, func() (out [][]float64) {
			r := rand.New(rand.NewPCG(3, 4))
			z, s := NewZNCC(radius, 1024, 614, 1), NewSums(n)
			sum := make([]uint32, n)
			now, before := make([]int32, n), make([]int32, n)
			ref, refBefore := make([]uint8, n), make([]uint8, n)
			for range 20 {
				copy(before, now)
				copy(refBefore, ref)
				copy(ref, bytes(r, n))
				mean, inv, inside := make([]float32, n), make([]float32, n), make([]int32, n)
				for x := range now {
					now[x] = r.Int32N(4081)
					mean[x], inv[x], inside[x] = 255*r.Float32(), r.Float32()/10, -r.Int32N(2)
				}
				s.Slide(now, before, ref, refBefore)
				z.Add(s, inside, mean, inv, sum)
			}
			return [][]float64{numbers(s.i), numbers(s.ii), numbers(s.ir), numbers(sum)}
		})
	}
}

// A patch costs nothing against itself, and all against its negative.
func TestZNCC(t *testing.T) {
	const n, radius = 16, 1
	for _, negative := range []bool{false, true} {
		s, z := NewSums(n), NewZNCC(radius, 1024, 614, 1e-3)
		r := rand.New(rand.NewPCG(5, 6))
		var pix [3][]uint8
		none, noRef := make([]int32, n), make([]uint8, n)
		for y := range pix {
			pix[y] = bytes(r, n)
			now := make([]int32, n)
			for x, p := range pix[y] {
				now[x] = 16 * int32(p)
				if negative {
					now[x] = 16 * (255 - int32(p))
				}
			}
			s.Slide(now, none, pix[y], noRef)
		}
		mean, inv, inside, sum := make([]float32, n), make([]float32, n), make([]int32, n), make([]uint32, n)
		for x := radius; x < n-radius; x++ {
			var a, b float32
			for y := range pix {
				for _, p := range pix[y][x-1 : x+2] {
					a, b = a+float32(p), b+float32(p)*float32(p)
				}
			}
			mean[x], inside[x] = a/9, -1
			inv[x] = 1 / sqrt32(b/9-mean[x]*mean[x])
		}
		z.Add(s, inside, mean, inv, sum)
		for x := radius; x < n-radius; x++ {
			if c := sum[x] - One; !negative && c > 1 || negative && c != 614 {
				t.Errorf("pixel %d, negative %t: cost %d", x, negative, c)
			}
		}
	}
}

func TestPaths(t *testing.T) {
	const w = 21
	for _, levels := range []int{13, 31} {
		for _, step := range []int{1, -1} {
			both(t, func() (out [][]float64) {
				r := rand.New(rand.NewPCG(7, 8))
				s := Stride(levels)
				now, last, line := NewPath(w, levels), NewPath(w, levels), NewPath(w, levels)
				for range 6 {
					cost, total, jump := make([]uint16, w*s), make([]uint16, w*s), make([]uint16, w)
					for i := range cost {
						cost[i] = Beyond
						if i%s < levels {
							cost[i] = uint16(r.UintN(614))
						}
					}
					for i := range jump {
						jump[i] = uint16(50 + r.UintN(1200))
					}
					for dx := -1; dx <= 1; dx++ {
						now.Extend(last, dx, step, cost, total, jump, 45)
						out = append(out, numbers(now.cost))
					}
					line.Extend(line, 0, step, cost, total, jump, 45)
					for x := range w {
						out = append(out, numbers(total[x*s:x*s+levels]), numbers(line.least))
					}
					now, last = last, now
				}
				return out
			})
		}
	}
}

// The best path is the best of all sequences of levels.
func TestPathIsBest(t *testing.T) {
	const w, levels, small, jump = 5, 4, 45, 130
	r := rand.New(rand.NewPCG(9, 10))
	s := Stride(levels)
	cost, total := make([]uint16, w*s), make([]uint16, w*s)
	for i := range cost {
		cost[i] = Beyond
		if i%s < levels {
			cost[i] = uint16(r.UintN(400))
		}
	}
	jumps := slices.Repeat([]uint16{jump}, w)
	p := NewPath(w, levels)
	p.Extend(p, 0, 1, cost, total, jumps, small)
	var best func(x, k int) int // of all paths that end in level k of pixel x
	best = func(x, k int) int {
		c := int(cost[x*s+k])
		if x == 0 {
			return c
		}
		least := 1 << 30
		for j := range levels {
			step := [...]int{0, small, jump, jump}[max(j-k, k-j)]
			least = min(least, best(x-1, j)+step)
		}
		return c + least
	}
	for x := 1; x < w; x++ {
		for k := range levels {
			// Paths are counted from the least of the pixel before.
			before := best(x-1, 0)
			for j := range levels {
				before = min(before, best(x-1, j))
			}
			if got, want := int(total[x*s+k]), best(x, k)-before; got != want {
				t.Errorf("pixel %d level %d: %d, want %d", x, k, got, want)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	const w, h = 61, 37
	n := Padded(w)
	for _, p := range projections {
		both(t, func() (out [][]float64) {
			r := rand.New(rand.NewPCG(11, 12))
			k := NewJudge(p.m, p.t, depths(r, w*h), w, h)
			for y := range h {
				depth, tolerance := depths(r, n), make([]float32, n)
				for i := range tolerance {
					tolerance[i] = .02 + .3*r.Float32()
				}
				agree, against := make([]float32, n), make([]float32, n)
				k.Row(y, depth, tolerance, agree, against)
				out = append(out, numbers(agree), numbers(against))
			}
			return out
		})
	}
}

// What stands for log and exp in the hot loop agrees with them.
func TestLogRatioAndBell(t *testing.T) {
	for i := range 101 {
		e := float64(i-50) / 100
		if got := float64(LogRatio(float32(2*math.Exp(e)), 2)); math.Abs(got-e) > 4e-4 {
			t.Errorf("log of a ratio: got %g, want %g", got, e)
		}
		x := Far * e * 2
		if got, want := float64(Bell(float32(x))), math.Exp(-x*x/2); math.Abs(got-want) > .002 {
			t.Errorf("bell at %g: got %g, want %g", x, got, want)
		}
	}
}
