package kernel

import "math"

// Far is how many tolerances apart depths contradict each other.
const Far = 3

// bellSteps is how many values of the bell are kept a unit.
const bellSteps = 256

var bell = func() (t [Far*bellSteps + 2]float32) {
	for i := range t {
		x := (float64(i) + .5) / bellSteps
		t[i] = float32(math.Exp(-x * x / 2))
	}
	return t
}()

// Bell returns exp(-x^2 / 2) within .002, for |x| up to Far.
func Bell(x float32) float32 { return bell[int(max(x, -x)*bellSteps)] }

// LogRatio returns log(a / b) within 4e-4 where that is at most .5, which decides;
// beyond it grows more slowly. It is the series of the area tangent, whose argument is
// at most 1.
func LogRatio(a, b float32) float32 {
	x := (a - b) / (a + b)
	return 2 * x * (1 + x*x*(1./3))
}

// Judge compares depth with that of another image of w x h pixels, in which a pixel
// (x, y) at depth z falls on the homogeneous pixel z (M (x, y, 1)) + T.
type Judge struct {
	m, t, last [3]lanes
	row        [3]lanes // what M has of the row
	wide, high lanes
	depth      []float32
	w          int32
	full       [3][3]float32
}

// NewJudge returns the comparison with depth, 0 where it is unknown.
func NewJudge(m [3][3]float32, t [3]float32, depth []float32, w, h int) *Judge {
	k := &Judge{depth: depth[:w*h], w: int32(w), full: m, wide: all(float32(w)), high: all(float32(h))}
	for i := range 3 {
		k.m[i], k.last[i], k.t[i] = all(m[i][0]), all(m[i][2]), all(t[i])
	}
	return k
}

// Row adds to agree the bell of how many tolerances the depth of row y is from that of
// the other image, and 1 to against where it is seen through. Something that hides it
// says nothing.
func (k *Judge) Row(y int, depth, tolerance, agree, against []float32) {
	fy := float32(y)
	for i := range 3 {
		k.row[i] = all(k.full[i][1] * fy)
	}
	n := len(depth)
	tolerance, agree, against = tolerance[:n], agree[:n], against[:n]
	if haveAVX2 {
		judgeRow(k, &bell, &depth[0], &tolerance[0], &agree[0], &against[0], n)
		return
	}
	k.compare(depth, tolerance, agree, against)
}

func (k *Judge) compare(depth, tolerance, agree, against []float32) {
	m, c, l, t := [3]float32{k.m[0][0], k.m[1][0], k.m[2][0]}, [3]float32{k.row[0][0], k.row[1][0], k.row[2][0]}, [3]float32{k.last[0][0], k.last[1][0], k.last[2][0]}, [3]float32{k.t[0][0], k.t[1][0], k.t[2][0]}
	wide, high := k.wide[0], k.high[0]
	for i, z := range depth {
		x := float32(i)
		q := z*(m[2]*x+c[2]+l[2]) + t[2]
		if z == 0 || !(q > 0) {
			continue
		}
		a := (z*(m[0]*x+c[0]+l[0])+t[0])/q + .5
		b := (z*(m[1]*x+c[1]+l[1])+t[1])/q + .5
		if !(a >= 0 && b >= 0 && a < wide && b < high) {
			continue
		}
		s := k.depth[int32(b)*k.w+int32(a)]
		if s == 0 {
			continue
		}
		e, lim := LogRatio(s, q), tolerance[i]
		switch {
		case e < -Far*lim: // something else is in front
		case e > Far*lim:
			against[i]++
		default:
			agree[i] += Bell(e / lim)
		}
	}
}
