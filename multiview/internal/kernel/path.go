package kernel

// Levels are the costs of a pixel's levels in the order of the levels, padded to a
// multiple of 16 by at least one Beyond.
const (
	Group  = 16
	Beyond = 16000 // more than any path costs
)

// Stride returns how many elements hold n levels.
func Stride(n int) int { return (n + Group) &^ (Group - 1) }

// Path is a row of paths that end in pixels: their costs by level, and the least of
// each. A pixel more on either side is where paths start, and a group of elements is
// before the first.
type Path struct {
	stride int
	cost   []uint16
	least  []uint16
}

// NewPath returns a row of w pixels of n levels, at the start of all paths.
func NewPath(w, n int) *Path {
	p := &Path{Stride(n), make([]uint16, Group+(w+2)*Stride(n)+Group), make([]uint16, w+2)}
	p.Start(n)
	return p
}

// Start takes all paths back to their start.
func (p *Path) Start(n int) {
	for i := range p.cost {
		p.cost[i] = 0
		if (i-Group)%p.stride >= n || i < Group {
			p.cost[i] = Beyond
		}
	}
	clear(p.least)
}

// Extend takes the paths that ended dx pixels beside in the row before to the pixels of
// this row, and adds their costs to total. A step of a level costs small, any other
// jump of the pixel, which is not below small. dx of 0 and a row before that is this
// row itself means along the row, in the direction of step, 1 or -1.
func (p *Path) Extend(before *Path, dx, step int, cost, total, jump []uint16, small uint16) {
	w := len(jump)
	s := p.stride
	first := 0
	if step < 0 {
		first = w - 1
	}
	from := first + 1 + dx
	if before == p {
		from = first + 1 - step
	}
	_, _ = cost[w*s-1], total[w*s-1]
	if haveAVX2 && (s == Group || s == 2*Group) {
		extendRow(&p.cost[Group+(first+1)*s], &before.cost[Group+from*s], &p.least[first+1], &before.least[from],
			&cost[first*s], &total[first*s], &jump[first], w, small, step, s)
		return
	}
	for i := range w {
		x := first + i*step
		q := from + i*step
		o, b := Group+(x+1)*s, Group+q*s
		p.least[x+1] = extend(p.cost[o:o+s], before.cost[b-1:b+s+1], before.least[q], cost[x*s:x*s+s], total[x*s:x*s+s], small, jump[x])
	}
}

// extend takes a path one pixel on and returns its least cost. before has an element
// more on either side.
func extend(out, before []uint16, beforeLeast uint16, cost, total []uint16, small, jump uint16) uint16 {
	n := len(out)
	before, cost, total = before[:n+2], cost[:n], total[:n]
	far := beforeLeast + jump
	least := uint16(1<<16 - 1)
	for k := range n {
		c := cost[k] + min(before[k+1], min(before[k], before[k+2])+small, far) - beforeLeast
		out[k] = c
		total[k] = uint16(min(uint32(total[k])+uint32(c), 1<<16-1))
		least = min(least, c)
	}
	return least
}
