package multiview

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/multiview/internal/kernel"
)

// costUnit is the cost 1 - ZNCC = 1 in the integers of a cost volume.
const costUnit = 1024

const (
	costMost  = costUnit * 6 / 10 // a pair that looks more different is an occlusion, or noise
	noiseGrey = 1                 // deviation of a pixel in grey levels: patches of less contrast say nothing
)

// volume is the cost of depth prior * exp(centre + (k - levels/2) * step) for every
// pixel: cost[pixel*stride + k]. What is beyond the levels is kernel.Beyond.
type volume struct {
	w, h, levels int
	stride       int
	step         float32
	centre       []float32 // log ratio of the middle level; nil: 0
	cost         []uint16
}

func newVolume(w, h int, l level, centre []float32) *volume {
	v := &volume{w: w, h: h, levels: l.levels, stride: kernel.Stride(l.levels), step: l.step, centre: centre}
	v.cost = make([]uint16, w*h*v.stride)
	for i := l.levels; i < len(v.cost); i += v.stride {
		for j := range v.stride - l.levels {
			v.cost[i+j] = kernel.Beyond
		}
	}
	return v
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

// sweeper computes cost volumes. Its rows are padded, as the kernels read them.
type sweeper struct {
	w, h, r int
	row     int       // length of a row
	depth   []float32 // of the level that is being swept
	sum     []uint32  // of costs over the views, and kernel.One for each that sees the pixel

	// Of the keyframe: means over the patch, and 1 / deviation.
	ref             []uint8
	refMean, refInv []float32

	zncc           *kernel.ZNCC
	sums           *kernel.Sums
	warped, inside [][]int32 // ring of 2r+2 rows of the neighbour's image
	none           []int32   // a row that is not there
}

// newSweeper prepares a keyframe's image for patches of 2r+1 pixels.
func newSweeper(im *image, r int) *sweeper {
	w, h := im.Camera.W, im.Camera.H
	row := kernel.Padded(w)
	s := &sweeper{
		w: w, h: h, r: r, row: row, ref: make([]uint8, row*h), depth: make([]float32, row*h), sum: make([]uint32, row*h),
		refMean: make([]float32, row*h), refInv: make([]float32, row*h),
		zncc: kernel.NewZNCC(r, costUnit, costMost, noiseGrey*noiseGrey), sums: kernel.NewSums(row), none: make([]int32, row),
	}
	for range 2*r + 2 {
		s.warped, s.inside = append(s.warped, make([]int32, row)), append(s.inside, make([]int32, row))
	}
	for y := range h {
		copy(s.ref[y*row:], im.Pix[y*w:(y+1)*w])
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
			s.refMean[y*row+x] = m
			s.refInv[y*row+x] = 1 / sqrt32(float32(sq)/n-m*m+noiseGrey*noiseGrey)
		}
	}
	return s
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// fill computes the costs of all levels, that of a level on top; prior is 0 where
// nothing is known.
func (s *sweeper) fill(v *volume, prior []float32, views []view, l level) {
	for y := range s.h {
		for x, z := range prior[y*s.w : (y+1)*s.w] {
			s.depth[y*s.row+x] = 0
			if z > 0 {
				s.depth[y*s.row+x] = z * exp32(v.logAt(y*s.w+x, 0))
			}
		}
	}
	warps := make([]*kernel.Warp, len(views))
	for i := range views {
		c := views[i].im.Camera
		warps[i] = kernel.NewWarp(views[i].m, views[i].t, views[i].im.Pix, c.W, c.H)
	}
	factor := exp32(v.step)
	for k := range v.levels {
		clear(s.sum)
		for _, warp := range warps {
			s.match(warp)
		}
		s.take(v, k, l.priorCost(k))
		for i := range s.depth {
			s.depth[i] *= factor
		}
	}
}

// take puts the means of the costs over the views into level k, with extra on top.
func (s *sweeper) take(v *volume, k int, extra uint16) {
	for y := range s.h {
		cost := v.cost[y*s.w*v.stride+k:]
		for x, sum := range s.sum[y*s.row : y*s.row+s.w] {
			c := uint16(costMost)
			if n := uint16(sum / kernel.One); n > 0 {
				c = (uint16(sum%kernel.One) + n/2) / n
			}
			cost[x*v.stride] = c + extra
		}
	}
}

func exp32(x float32) float32 { return float32(math.Exp(float64(x))) }

// match adds the costs of one neighbour at the depth of the level.
func (s *sweeper) match(warp *kernel.Warp) {
	s.sums.Clear()
	size := 2*s.r + 1
	ring := size + 1
	ref := func(y int) []uint8 { return s.ref[y*s.row : (y+1)*s.row] }
	for y := range s.h {
		now, inside := s.warped[y%ring], s.inside[y%ring]
		warp.Row(y, s.depth[y*s.row:(y+1)*s.row], now, inside)
		// No patch lies around the pixels of the border.
		clear(inside[:s.r])
		clear(inside[s.w-s.r:])
		before, refBefore := s.none, ref(0)
		if y >= size {
			before, refBefore = s.warped[(y-size)%ring], ref(y-size)
		}
		s.sums.Slide(now, before, ref(y), refBefore)
		if c := y - s.r; c >= s.r {
			o := c * s.row
			s.zncc.Add(s.sums, s.inside[c%ring], s.refMean[o:o+s.row], s.refInv[o:o+s.row], s.sum[o:o+s.row])
		}
	}
}
