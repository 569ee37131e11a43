package multiview

import "github.com/metricslam/metricslam/multiview/internal/kernel"

// SGM's penalties of a step of the log ratio between neighbouring pixels.
const (
	// A small step costs stepCost times its height: slants of the ratio are cheap.
	stepCost = .1 / .0226 * costUnit
	// A jump costs jumpCost where the image is flat, less across its edges:
	// jumpCost / (1 + |dI| / jumpGrey), dI in grey levels.
	jumpCost = 1.2 * costUnit
	jumpGrey = 6
)

// aggregator runs semi-global matching over a volume and keeps its memory.
type aggregator struct {
	total []uint16 // sum over the eight paths
	// The paths that come from the row before: along the column and both diagonals,
	// at this row and the one before.
	rows  [3][2]*kernel.Path
	line  *kernel.Path // along the row
	jumps []uint16
}

var jumpPenalty = func() (p [256]uint16) {
	for i := range p {
		p[i] = uint16(jumpCost / (1 + float64(i)/jumpGrey))
	}
	return p
}()

// run sums the costs of the best paths that end in each pixel and level from
// eight directions. Costs must stay below 2^16 / 8 less the largest penalty.
func (a *aggregator) run(v *volume, grey []uint8) []uint16 {
	if len(a.total) != len(v.cost) || len(a.jumps) != v.w {
		a.total, a.jumps = make([]uint16, len(v.cost)), make([]uint16, v.w)
		for d := range a.rows {
			for j := range 2 {
				a.rows[d][j] = kernel.NewPath(v.w, v.levels)
			}
		}
		a.line = kernel.NewPath(v.w, v.levels)
	}
	clear(a.total)
	small := uint16(stepCost * v.step)
	for _, dir := range []int{1, -1} {
		a.sweep(v, grey, dir, small)
	}
	return a.total
}

// sweep goes through the rows in one direction: paths from the side, from the row
// before and from its diagonals.
func (a *aggregator) sweep(v *volume, grey []uint8, dir int, small uint16) {
	for d := range a.rows {
		a.rows[d][0].Start(v.levels)
		a.rows[d][1].Start(v.levels)
	}
	n := v.w * v.stride
	for step := range v.h {
		y := step
		if dir < 0 {
			y = v.h - 1 - step
		}
		now, last := step%2, 1-step%2
		cost, total := v.cost[y*n:(y+1)*n], a.total[y*n:(y+1)*n]
		row := grey[y*v.w : (y+1)*v.w]
		for d, side := range [3]int{0, -1, 1} { // from above, from above left, from above right
			dx, from := side*dir, row
			if step > 0 {
				from = grey[(y-dir)*v.w : (y-dir+1)*v.w]
			}
			a.jump(row, from, dx, small)
			a.rows[d][now].Extend(a.rows[d][last], dx, dir, cost, total, a.jumps, small)
		}
		a.jump(row, row, -dir, small)
		a.line.Extend(a.line, -dir, dir, cost, total, a.jumps, small)
	}
}

// jump fills in what jumps cost from pixels of row from, dx aside, to those of row to.
// Where a path starts they cost nothing that matters.
func (a *aggregator) jump(to, from []uint8, dx int, small uint16) {
	for x := max(0, -dx); x < len(to)-max(0, dx); x++ {
		d := int(to[x]) - int(from[x+dx])
		a.jumps[x] = max(jumpPenalty[max(d, -d)], small)
	}
}

// best returns for each pixel the level of least total cost, between levels by the
// parabola through its neighbours.
func best(total []uint16, levels, stride int, out []float32) {
	for i := range out {
		t := total[i*stride : i*stride+levels]
		k := 0
		for j, c := range t {
			if c < t[k] {
				k = j
			}
		}
		out[i] = float32(k)
		if k > 0 && k < levels-1 {
			a, b, c := int32(t[k-1]), int32(t[k]), int32(t[k+1])
			if curve := a - 2*b + c; curve > 0 {
				out[i] += float32(a-c) / float32(2*curve)
			}
		}
	}
}
