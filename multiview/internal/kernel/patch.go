package kernel

// Sums holds, by column, what ZNCC needs of the rows of a patch: sums of the
// neighbour's grey levels, of their squares and of their products with the
// keyframe's.
type Sums struct{ i, ii, ir []int32 }

// NewSums returns the sums of no row, for rows of n elements.
func NewSums(n int) *Sums {
	n += 2 * Lanes // patches reach beyond the row
	return &Sums{make([]int32, n), make([]int32, n), make([]int32, n)}
}

// Clear forgets all rows.
func (s *Sums) Clear() {
	clear(s.i)
	clear(s.ii)
	clear(s.ir)
}

// Slide adds a row of the neighbour (now) with that of the keyframe (ref), and takes
// away one that was added before. Levels of the neighbour are below 2^15.
func (s *Sums) Slide(now, before []int32, ref, refBefore []uint8) {
	n := len(now)
	before, ref, refBefore = before[:n], ref[:n], refBefore[:n]
	if haveAVX2 {
		slideRow(&s.i[Lanes], &s.ii[Lanes], &s.ir[Lanes], &now[0], &before[0], &ref[0], &refBefore[0], n)
		return
	}
	s.slide(now, before, ref, refBefore)
}

func (s *Sums) slide(now, before []int32, ref, refBefore []uint8) {
	n := len(now)
	a, b, c := s.i[Lanes:Lanes+n], s.ii[Lanes:Lanes+n], s.ir[Lanes:Lanes+n]
	for x, p := range now {
		o := before[x]
		a[x] += p - o
		b[x] += p*p - o*o
		c[x] += p*int32(ref[x]) - o*int32(refBefore[x])
	}
}

// ZNCC is what turns sums into costs.
type ZNCC struct {
	radius       int
	first        lanes // scale of sums of levels and of products
	second       lanes // and of squares
	noise        lanes
	unit         lanes
	most         [Lanes]int32
	wide         bool
	mostScaled   int32
	firstF, secF float32
}

// NewZNCC returns the costs of patches of 2 radius + 1 pixels, radius 1 or 2, where
// levels of the neighbour are 16 times the keyframe's: unit (1 - ZNCC), at most most.
// noise is the variance of a pixel that says nothing.
func NewZNCC(radius int, unit float32, most int32, noise float32) *ZNCC {
	n := float32((2*radius + 1) * (2*radius + 1))
	invN := 1 / n
	const level = 1. / 16
	z := &ZNCC{radius: radius, noise: all(noise), unit: all(unit), wide: radius == 2, mostScaled: most}
	z.firstF, z.secF = level*invN, level*level*invN
	z.first, z.second = all(z.firstF), all(z.secF)
	for i := range z.most {
		z.most[i] = most
	}
	return z
}

// One is the count of one view in the sums of costs, above the cost.
const One = 1 << 16

// Add adds One and the cost of each pixel's patch to sum where inside is -1. mean and
// inv are the mean and the inverse deviation of the keyframe's patches.
func (z *ZNCC) Add(s *Sums, inside []int32, mean, inv []float32, sum []uint32) {
	n := len(inside)
	mean, inv, sum = mean[:n], inv[:n], sum[:n]
	if haveAVX2 {
		o := Lanes - z.radius
		znccRow(z, &s.i[o], &s.ii[o], &s.ir[o], &inside[0], &mean[0], &inv[0], &sum[0], n)
		return
	}
	z.add(s, inside, mean, inv, sum)
}

func (z *ZNCC) add(s *Sums, inside []int32, mean, inv []float32, sum []uint32) {
	r := z.radius
	for x, in := range inside {
		if in == 0 {
			continue
		}
		var si, sii, sir int32
		for o := Lanes + x - r; o <= Lanes+x+r; o++ {
			si, sii, sir = si+s.i[o], sii+s.ii[o], sir+s.ir[o]
		}
		m := float32(si) * z.firstF
		variance := float32(sii)*z.secF - m*m + z.noise[0]
		cov := float32(sir)*z.firstF - m*mean[x]
		c := int32((1 - cov*inv[x]/sqrt32(variance)) * z.unit[0])
		sum[x] += One + uint32(min(max(c, 0), z.mostScaled))
	}
}
