package optimize

import "math"

// denseSolver is Cholesky of a matrix held as n x n, lower triangle, row-major.
type denseSolver struct {
	n    int
	offs []int32
	l    []float64
}

func newDenseSolver(n int, offs []int32) *denseSolver { return &denseSolver{n: n, offs: offs} }

func (c *denseSolver) size() int { return c.n * c.n }

func (c *denseSolver) block(row, col int) int { return int(c.offs[row])*c.n + int(c.offs[col]) }

func (c *denseSolver) factorize(a []float64) bool {
	c.l = a
	n := c.n
	for i := range n {
		ri := a[i*n : i*n+i+1]
		for j := range i {
			rj := a[j*n : j*n+j+1]
			sum := ri[j]
			for k, x := range rj[:j] {
				sum -= x * ri[k]
			}
			ri[j] = sum / rj[j]
		}
		sum := ri[i]
		for _, x := range ri[:i] {
			sum -= x * x
		}
		if !(sum > 0) || math.IsInf(sum, 0) {
			return false
		}
		ri[i] = math.Sqrt(sum)
	}
	return true
}

func (c *denseSolver) solve(x []float64) {
	n := c.n
	for i := range n {
		row := c.l[i*n : i*n+i+1]
		sum := x[i]
		for k, v := range row[:i] {
			sum -= v * x[k]
		}
		x[i] = sum / row[i]
	}
	for i := n - 1; i >= 0; i-- {
		row := c.l[i*n : i*n+i+1]
		x[i] /= row[i]
		for k, v := range row[:i] {
			x[k] -= v * x[i]
		}
	}
}
