package multiview

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// costUnit is the cost 1 - ZNCC = 1 in the integers of a cost volume.
const costUnit = 1024

const (
	costMost  = costUnit * 6 / 10 // a pair that looks more different is an occlusion, or noise
	noiseGrey = 1                 // deviation of a pixel in grey levels: patches of less contrast say nothing
)

// volume is the cost of depth prior * exp(centre + (k - levels/2) * step) for every
// pixel: cost[pixel*levels + k].
type volume struct {
	w, h, levels int
	step         float32
	centre       []float32 // log ratio of the middle level; nil: 0
	cost         []uint16
}

// logAt is the log ratio of level k, which may lie between two, at pixel i.
func (v *volume) logAt(i int, k float32) float32 {
	l := (k - float32(v.levels/2)) * v.step
	if v.centre != nil {
		l += v.centre[i]
	}
	return l
}

// view projects pixels of the keyframe into a neighbour: a pixel (x, y) at depth z
// falls on the homogeneous pixel z (m (x, y, 1)) + t.
type view struct {
	im *image
	m  [3][3]float32
	t  [3]float32
}

func newView(ref *image, refPose geom.SE3, im *image, pose geom.SE3) view {
	rel := pose.Inverse().Mul(refPose)
	c, d := ref.Camera, im.Camera
	v := view{im: im}
	rows := [3]geom.Vec3{rel.R.Row(0), rel.R.Row(1), rel.R.Row(2)}
	// K' R K^-1 and K' t
	mix := func(i int) (geom.Vec3, float64) {
		t := [3]float64{rel.T.X, rel.T.Y, rel.T.Z}
		switch i {
		case 0:
			return rows[0].Scale(d.Fx).Add(rows[2].Scale(d.Cx)), d.Fx*t[0] + d.Cx*t[2]
		case 1:
			return rows[1].Scale(d.Fy).Add(rows[2].Scale(d.Cy)), d.Fy*t[1] + d.Cy*t[2]
		}
		return rows[2], t[2]
	}
	for i := range 3 {
		r, t := mix(i)
		v.m[i] = [3]float32{float32(r.X / c.Fx), float32(r.Y / c.Fy), float32(r.Z - r.X*c.Cx/c.Fx - r.Y*c.Cy/c.Fy)}
		v.t[i] = float32(t)
	}
	return v
}

// motion returns how the projection of pixel (x, y) at depth z moves with a unit of
// log depth, in pixels of the neighbour, and whether it lies in the image.
func (v *view) motion(x, y, z float32) (du, dv float32, ok bool) {
	a := [3]float32{}
	for i := range a {
		a[i] = z * (v.m[i][0]*x + v.m[i][1]*y + v.m[i][2])
	}
	w := a[2] + v.t[2]
	if w <= 0 {
		return 0, 0, false
	}
	inv := 1 / w
	px, py := (a[0]+v.t[0])*inv, (a[1]+v.t[1])*inv
	c := v.im.Camera
	if px < 0 || py < 0 || px > float32(c.W-1) || py > float32(c.H-1) {
		return 0, 0, false
	}
	// d/dl of (a e^l + t) at l = 0
	return (a[0] - px*a[2]) * inv, (a[1] - py*a[2]) * inv, true
}

// sweeper computes cost volumes and keeps its memory between them.
type sweeper struct {
	w, h, r int
	depth   []float32 // of the level that is being swept
	sum     []uint16  // of costs over the views
	n       []uint8   // views that see the pixel

	// Of the keyframe: means over the patch, and 1 / deviation.
	ref             []uint8
	refMean, refInv []float32

	warped             [][]int32 // ring of 2r+1 rows of the neighbour's image
	inside             [][]bool
	sumI, sumII, sumIR []int32 // over the rows of the ring, by column
}

// newSweeper prepares a keyframe's image for patches of 2r+1 pixels.
func newSweeper(im *image, r int) *sweeper {
	w, h := im.Camera.W, im.Camera.H
	s := &sweeper{
		w: w, h: h, r: r, ref: im.Pix, depth: make([]float32, w*h), sum: make([]uint16, w*h), n: make([]uint8, w*h),
		refMean: make([]float32, w*h), refInv: make([]float32, w*h),
		sumI: make([]int32, w), sumII: make([]int32, w), sumIR: make([]int32, w),
	}
	for range 2*r + 1 {
		s.warped, s.inside = append(s.warped, make([]int32, w)), append(s.inside, make([]bool, w))
	}
	n := float32((2*r + 1) * (2*r + 1))
	for y := r; y < h-r; y++ {
		for x := r; x < w-r; x++ {
			var sum, sq int32
			for dy := -r; dy <= r; dy++ {
				for _, p := range im.Pix[(y+dy)*w+x-r : (y+dy)*w+x+r+1] {
					sum += int32(p)
					sq += int32(p) * int32(p)
				}
			}
			m := float32(sum) / n
			s.refMean[y*w+x] = m
			s.refInv[y*w+x] = 1 / sqrt32(float32(sq)/n-m*m+noiseGrey*noiseGrey)
		}
	}
	return s
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// fill computes the costs of all levels; prior is 0 where nothing is known.
func (s *sweeper) fill(v *volume, prior []float32, views []view) {
	for i, z := range prior {
		if z > 0 {
			s.depth[i] = z * exp32(v.logAt(i, 0))
		} else {
			s.depth[i] = 0
		}
	}
	factor := exp32(v.step)
	for k := range v.levels {
		clear(s.sum)
		clear(s.n)
		for i := range views {
			s.match(&views[i])
		}
		for i, n := range s.n {
			c := uint16(costMost)
			if n > 0 {
				c = (s.sum[i] + uint16(n)/2) / uint16(n)
			}
			v.cost[i*v.levels+k] = c
			s.depth[i] *= factor
		}
	}
}

func exp32(x float32) float32 { return float32(math.Exp(float64(x))) }

// match adds the costs of one neighbour at the depth of the level.
func (s *sweeper) match(v *view) {
	clear(s.sumI)
	clear(s.sumII)
	clear(s.sumIR)
	ring := 2*s.r + 1
	for y := range s.h {
		row := s.warped[y%ring]
		if y >= ring {
			s.addRow(row, s.ref[(y-ring)*s.w:(y-ring+1)*s.w], -1)
		}
		s.warp(v, y, row, s.inside[y%ring])
		s.addRow(row, s.ref[y*s.w:(y+1)*s.w], 1)
		if y >= 2*s.r {
			s.correlate(y - s.r)
		}
	}
}

// warp fetches the neighbour's grey levels, times 16, for row y of the keyframe.
func (s *sweeper) warp(v *view, y int, row []int32, inside []bool) {
	w, h := v.im.Camera.W, v.im.Camera.H
	pix := v.im.Pix
	fy := float32(y)
	r0, r1, r2 := v.m[0][1]*fy+v.m[0][2], v.m[1][1]*fy+v.m[1][2], v.m[2][1]*fy+v.m[2][2]
	m0, m1, m2 := v.m[0][0], v.m[1][0], v.m[2][0]
	t0, t1, t2 := v.t[0], v.t[1], v.t[2]
	maxX, maxY := float32(w-1), float32(h-1)
	depth := s.depth[y*s.w : (y+1)*s.w]
	row, inside = row[:len(depth)], inside[:len(depth)]
	for x, z := range depth {
		fx := float32(x)
		q := z*(r2+m2*fx) + t2
		inside[x] = false
		if !(q > 1e-9) || z == 0 {
			row[x] = 0
			continue
		}
		inv := 1 / q
		a, b := (z*(r0+m0*fx)+t0)*inv, (z*(r1+m1*fx)+t1)*inv
		if !(a >= 0 && b >= 0 && a < maxX && b < maxY) {
			// Only patches that reach beyond the image see it: the nearest pixel will do.
			row[x] = int32(pix[int(min(max(b, 0), maxY))*w+int(min(max(a, 0), maxX))]) << 4
			continue
		}
		inside[x] = true
		x0, y0 := int(a), int(b)
		gx, gy := int32((a-float32(x0))*64), int32((b-float32(y0))*64)
		i := y0*w + x0
		up, low := pix[i:i+2:i+2], pix[i+w:i+w+2:i+w+2]
		p, l := int32(up[0]), int32(low[0])
		top, bottom := p<<6+(int32(up[1])-p)*gx, l<<6+(int32(low[1])-l)*gx
		row[x] = (top<<6 + (bottom-top)*gy) >> 8
	}
}

// addRow adds a row to the sums of the columns, or takes it away.
func (s *sweeper) addRow(row []int32, ref []uint8, sign int32) {
	a, b, c := s.sumI[:len(row)], s.sumII[:len(row)], s.sumIR[:len(row)]
	ref = ref[:len(row)]
	for x, p := range row {
		q := sign * p
		a[x] += q
		b[x] += q * p
		c[x] += q * int32(ref[x])
	}
}

// correlate adds the costs of row y, whose patches the ring holds.
func (s *sweeper) correlate(y int) {
	r := s.r
	o := y * s.w
	var si, sii, sir int32
	for x := range 2 * r {
		si, sii, sir = si+s.sumI[x], sii+s.sumII[x], sir+s.sumIR[x]
	}
	n := float32((2*r + 1) * (2*r + 1))
	invN := 1 / n
	const unit = 1. / 16
	inside := s.inside[y%(2*r+1)]
	for x := r; x < s.w-r; x++ {
		si, sii, sir = si+s.sumI[x+r], sii+s.sumII[x+r], sir+s.sumIR[x+r]
		if inside[x] {
			i := o + x
			m := float32(si) * (unit * invN)
			variance := float32(sii)*(unit*unit*invN) - m*m + noiseGrey*noiseGrey
			cov := float32(sir)*(unit*invN) - m*s.refMean[i]
			c := int32((1 - cov*s.refInv[i]/sqrt32(variance)) * costUnit)
			s.sum[i] += uint16(min(max(c, 0), costMost))
			s.n[i]++
		}
		si, sii, sir = si-s.sumI[x-r], sii-s.sumII[x-r], sir-s.sumIR[x-r]
	}
}
