package sparse

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// graph is a random or regular test pattern.
type graph struct {
	dims, start, adj []int32
}

func newGraph(dims []int32, edges [][2]int32) graph {
	lists := make([][]int32, len(dims))
	for _, e := range edges {
		lists[e[0]] = append(lists[e[0]], e[1])
		lists[e[1]] = append(lists[e[1]], e[0])
	}
	g := graph{dims: dims, start: []int32{0}}
	for _, l := range lists {
		slices.Sort(l)
		g.adj = append(g.adj, slices.Compact(l)...)
		g.start = append(g.start, int32(len(g.adj)))
	}
	return g
}

// grid is a rows x cols mesh of blocks of size d.
func grid(rows, cols int, d int32) graph {
	dims := make([]int32, rows*cols)
	var edges [][2]int32
	for i := range dims {
		dims[i] = d
		if i%cols > 0 {
			edges = append(edges, [2]int32{int32(i), int32(i - 1)})
		}
		if i >= cols {
			edges = append(edges, [2]int32{int32(i), int32(i - cols)})
		}
	}
	return newGraph(dims, edges)
}

func randomGraph(rng *rand.Rand, n, edges int) graph {
	dims := make([]int32, n)
	for i := range dims {
		dims[i] = 1 + rng.Int32N(9)
	}
	var list [][2]int32
	for range edges {
		a, b := rng.Int32N(int32(n)), rng.Int32N(int32(n))
		if a != b {
			list = append(list, [2]int32{a, b})
		}
	}
	return newGraph(dims, list)
}

// fill makes a diagonally dominant matrix of the pattern, in the array of c and
// dense.
func (g graph) fill(c *Cholesky, rng *rand.Rand) (a []float64, dense [][]float64) {
	a = make([]float64, c.Size())
	n := int(c.offs[len(c.dims)])
	dense = make([][]float64, n)
	for i := range dense {
		dense[i] = make([]float64, n)
		dense[i][i] = 1
	}
	for col := range c.dims {
		for k := c.colStart[col]; k < c.colStart[col+1]; k++ {
			row := c.rows[k]
			for r := range c.dims[row] {
				for q := range c.dims[col] {
					i, j := c.offs[row]+r, c.offs[col]+q
					if i <= j {
						continue
					}
					x := rng.NormFloat64()
					dense[i][j], dense[j][i] = x, x
					dense[i][i] += math.Abs(x)
					dense[j][j] += math.Abs(x)
				}
			}
		}
	}
	for col := range c.dims {
		for k := c.colStart[col]; k < c.colStart[col+1]; k++ {
			row := int(c.rows[k])
			at, stride := c.Block(row, col), c.Stride(col)
			for r := range int(c.dims[row]) {
				for q := range int(c.dims[col]) {
					a[at+r*stride+q] = dense[int(c.offs[row])+r][int(c.offs[col])+q]
				}
			}
		}
	}
	return a, dense
}

func TestCholeskySolves(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	graphs := []graph{
		newGraph([]int32{3}, nil),
		newGraph([]int32{2, 5, 1}, nil),
		grid(1, 40, 6), grid(9, 8, 6), grid(5, 5, 1), grid(3, 30, 7),
		randomGraph(rng, 30, 10), randomGraph(rng, 40, 80), randomGraph(rng, 40, 600), randomGraph(rng, 100, 130),
	}
	for i, g := range graphs {
		c := New(g.dims, g.start, g.adj)
		seen := slices.Clone(c.Order)
		slices.Sort(seen)
		for k, v := range seen {
			if int(v) != k {
				t.Fatalf("graph %d: order is no permutation: %v", i, c.Order)
			}
		}
		a, dense := g.fill(c, rng)
		for round := range 2 { // the second round meets the memory of the first
			if !c.Factorize(a) {
				t.Fatalf("graph %d, round %d: not positive definite", i, round)
			}
			x := make([]float64, len(dense))
			for k := range x {
				x[k] = rng.NormFloat64()
			}
			b := slices.Clone(x)
			c.Solve(x)
			for r, row := range dense {
				sum := -b[r]
				for k, v := range row {
					sum += v * x[k]
				}
				if math.Abs(sum) > 1e-10 {
					t.Fatalf("graph %d: residual %g in row %d", i, sum, r)
				}
			}
		}
		a[0] = -1
		if c.Factorize(a) {
			t.Errorf("graph %d: an indefinite matrix was factored", i)
		}
	}
}

// The order of a path must be free of fill, and that of a grid near the n log n
// of nested dissection.
func TestOrderKeepsFillLow(t *testing.T) {
	blocks := func(g graph) (n int) {
		c := New(g.dims, g.start, g.adj)
		before := neighboursBefore(g.start, g.adj, c.Order)
		for _, r := range columnRows(before, eliminationTree(before)) {
			n += len(r)
		}
		return n
	}
	if got := blocks(grid(1, 200, 6)); got != 199 {
		t.Errorf("path of 200: %d blocks below the diagonal, want 199", got)
	}
	// 31 n log2 n / 4 (George 1973) is 39000 for the band order's 40*40*40 = 64000.
	if got := blocks(grid(40, 40, 1)); got > 20000 {
		t.Errorf("grid of 40 x 40: %d blocks below the diagonal, want at most 20000", got)
	}
}

func BenchmarkFactorizeGrid(b *testing.B) {
	g := grid(50, 50, 6)
	c := New(g.dims, g.start, g.adj)
	a := make([]float64, c.Size())
	for j := range c.dims {
		at := c.Block(j, j)
		for k := range int(c.dims[j]) {
			a[at+k*(c.Stride(j)+1)] = 1
		}
	}
	flops := 0.
	for _, n := range c.nodes {
		flops += panelFlops(n.ns, n.nu)
	}
	for b.Loop() {
		c.Factorize(a)
	}
	b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkOrderGrid(b *testing.B) {
	g := grid(70, 70, 6)
	for b.Loop() {
		New(g.dims, g.start, g.adj)
	}
}

// The vector kernel and the portable one must agree for every shape, and write
// nothing outside.
func TestGemmAndSyrkMatchPlainSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	random := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		return x
	}
	defer func(v bool) { haveStrip3 = v }(haveStrip3)
	for _, vector := range []bool{haveStrip3, false} {
		haveStrip3 = vector
		for range 400 {
			m, n, k := 1+rng.IntN(13), 1+rng.IntN(13), rng.IntN(19)
			lda, ldb, ldc := k+rng.IntN(3), k+rng.IntN(3), n+rng.IntN(3)
			a, b, c := random((m-1)*lda+k), random((n-1)*ldb+k), random((m-1)*ldc+n)
			got := slices.Clone(c)
			subGemm(got, ldc, a, lda, b, ldb, m, n, k)
			for i, x := range got {
				want := c[i]
				if r, q := i/ldc, i%ldc; q < n {
					for p := range k {
						want -= a[r*lda+p] * b[q*ldb+p]
					}
				}
				if math.Abs(x-want) > 1e-13*float64(k+1) {
					t.Fatalf("vector %v, m %d n %d k %d: c[%d] = %g, want %g", vector, m, n, k, i, x, want)
				}
			}
			c = random((m-1)*(m+2) + m)
			got = slices.Clone(c)
			subSyrk(got, m+2, a, lda, m, k)
			for i, x := range got {
				r, q := i/(m+2), i%(m+2)
				if q > r && q < m {
					continue
				}
				want := c[i]
				for p := 0; q <= r && p < k; p++ {
					want -= a[r*lda+p] * a[q*lda+p]
				}
				if math.Abs(x-want) > 1e-13*float64(k+1) {
					t.Fatalf("vector %v, n %d k %d: syrk c[%d] = %g, want %g", vector, m, k, i, x, want)
				}
			}
		}
	}
}

func BenchmarkFactorDense(b *testing.B) {
	for _, n := range []int{90, 300, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a, l := make([]float64, n*n), make([]float64, n*n)
			for i := range n {
				for j := range i {
					a[i*n+j] = 1 / float64(1+i-j)
				}
				a[i*n+i] = 20
			}
			for b.Loop() {
				copy(l, a)
				if !FactorDense(l, n) {
					b.Fatal("not positive definite")
				}
			}
			b.ReportMetric(panelFlops(n, 0)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// panelFlops counts the multiplications and additions of one front.
func panelFlops(ns, nu int) float64 {
	s, u := float64(ns), float64(nu)
	return s*s*s/3 + s*s*u + s*u*u
}
