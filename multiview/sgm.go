package multiview

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
	// Costs of the paths that come from the row before: along the column and both
	// diagonals, at this row and the one before.
	rows    [3][2][]int32
	mins    [3][2][]int32
	line    []int32 // along the row
	lineMin int32
}

var jumpPenalty = func() (p [256]int32) {
	for i := range p {
		p[i] = int32(jumpCost / (1 + float64(i)/jumpGrey))
	}
	return p
}()

// run sums the costs of the best paths that end in each pixel and level from
// eight directions. Costs must stay below 2^16 / 8 less the largest penalty.
func (a *aggregator) run(v *volume, grey []uint8) []uint16 {
	n := v.w * v.levels
	if len(a.total) != len(v.cost) {
		a.total = make([]uint16, len(v.cost))
		for d := range a.rows {
			for j := range 2 {
				a.rows[d][j], a.mins[d][j] = make([]int32, n), make([]int32, v.w)
			}
		}
	}
	clear(a.total)
	a.line = make([]int32, 2*v.levels)
	small := int32(stepCost * v.step)
	for _, dir := range []int{1, -1} {
		a.sweep(v, grey, dir, small)
	}
	return a.total
}

// sweep goes through the rows in one direction: paths from the side, from the row
// before and from its diagonals.
func (a *aggregator) sweep(v *volume, grey []uint8, dir int, small int32) {
	w, h, n := v.w, v.h, v.levels
	for step := range h {
		y := step
		if dir < 0 {
			y = h - 1 - step
		}
		now, last := step%2, 1-step%2
		for i := range w {
			x := i
			if dir < 0 {
				x = w - 1 - i
			}
			p := y*w + x
			cost, total := v.cost[p*n:p*n+n], a.total[p*n:p*n+n]
			for d := range 3 { // from above, from above left, from above right
				px := x + [3]int{0, -1, 1}[d]*dir
				out := a.rows[d][now][x*n : x*n+n]
				if step == 0 || px < 0 || px >= w {
					a.mins[d][now][x] = start(out, cost, total)
					continue
				}
				q := (y-dir)*w + px
				a.mins[d][now][x] = extend(out, a.rows[d][last][px*n:px*n+n], a.mins[d][last][px], cost, total, small, jump(grey[p], grey[q], small))
			}
			out, before := a.line[i%2*n:i%2*n+n], a.line[(1-i%2)*n:(1-i%2)*n+n]
			if i == 0 {
				a.lineMin = start(out, cost, total)
				continue
			}
			a.lineMin = extend(out, before, a.lineMin, cost, total, small, jump(grey[p], grey[p-dir], small))
		}
	}
}

func jump(a, b uint8, small int32) int32 {
	d := int32(a) - int32(b)
	return max(jumpPenalty[max(d, -d)], small)
}

// start begins a path.
func start(out []int32, cost, total []uint16) int32 {
	least := int32(1 << 30)
	cost, total = cost[:len(out)], total[:len(out)]
	for k := range out {
		c := int32(cost[k])
		out[k] = c
		total[k] += uint16(c)
		least = min(least, c)
	}
	return least
}

// extend takes a path one pixel on and returns its least cost.
func extend(out, before []int32, beforeMin int32, cost, total []uint16, small, jump int32) int32 {
	n := len(out)
	before, cost, total = before[:n], cost[:n], total[:n]
	far := beforeMin + jump
	least := int32(1 << 30)
	prev, cur := far, before[0]
	for k := range n {
		next := far
		if k+1 < n {
			next = before[k+1]
		}
		c := int32(cost[k]) + min(cur, min(prev, next)+small, far) - beforeMin
		out[k] = c
		total[k] += uint16(c)
		least = min(least, c)
		prev, cur = cur, next
	}
	return least
}

// best returns for each pixel the level of least total cost, between levels by the
// parabola through its neighbours.
func best(total []uint16, levels int, out []float32) {
	for i := range out {
		t := total[i*levels : (i+1)*levels]
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
