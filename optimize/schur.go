package optimize

import "math"

// The bounds of the damping's scale (those of Ceres): a direction that nothing
// observes still gets some.
const (
	minDiagonal = 1e-6
	maxDiagonal = 1e32
)

// reduce forms the lane's part of the damped reduced system
//
//	S = H + lambda D - W (V + lambda D_l)^-1 W^T,   b = -g + W (V + lambda D_l)^-1 g_l
//
// H, g and D are those of all lanes, in the first lane's arrays.
//
// Without landmarks the first lane's part is all of it.
func (s *system) reduce(ln *lane, lambda float64) {
	if ln == &s.lanes[0] {
		copy(ln.s, ln.h)
		for i, pos := range s.offs[:len(s.order)] {
			at, stride := s.solver.Block(i, i), int(s.strides[i])
			for k := range int(s.dims[i]) {
				ln.s[at+k*(stride+1)] += lambda * s.d[int(pos)+k]
			}
		}
		for i, x := range ln.g {
			ln.b[i] = -x
		}
	} else if len(s.landmarks) > 0 {
		clear(ln.s)
		clear(ln.b)
	}
	for i := ln.landmarks[0]; i < ln.landmarks[1]; i++ {
		s.eliminate(ln, &s.landmarks[i], lambda)
	}
}

// eliminate subtracts the part of one landmark.
func (s *system) eliminate(ln *lane, l *landmark, lambda float64) {
	d := l.dim
	v, inv := s.v[l.v:l.v+int32(d*d)], s.vinv[l.v:l.v+int32(d*d)]
	invertDamped(inv, v, d, lambda)
	gl := s.gl[l.gl : l.gl+int32(d)]
	conn := s.conn[l.conn[0]:l.conn[1]]
	w := l.w
	pair := l.pairs
	for a, pa := range conn {
		da := int(s.dims[pa])
		wa := s.w[w : w+int32(da*d)]
		w += int32(da * d)
		y := ln.y[:da*d]
		mulInv(y, wa, inv, d)
		addMulVec(ln.b[s.offs[pa]:s.offs[pa+1]], y, gl)
		wb := l.w
		for _, pb := range conn[:a] {
			db := s.dims[pb]
			subABT(ln.s[s.pairs[pair]:], int(s.strides[pb]), y, s.w[wb:wb+db*int32(d)], d)
			wb += db * int32(d)
			pair++
		}
		subABTLower(ln.s[s.pairs[pair]:], int(s.strides[pa]), y, wa, d)
		pair++
	}
}

// undetermined is the share of a diagonal entry of V below which a pivot is
// rounding.
const undetermined = 1e-13

// invertDamped writes (V + lambda D)^-1 to inv, V d x d given by its lower
// triangle, by Cholesky, since the cofactors of a nearly singular V cancel. A
// direction that nothing determines gets a row and column of zeros: that is a
// generalised inverse, with which the Schur complement is still the right one.
func invertDamped(inv, v []float64, d int, lambda float64) {
	switch d {
	case 1:
		inv[0] = pivot(v[0], v[0], lambda)
		inv[0] *= inv[0]
	case 2:
		i00 := pivot(v[0], v[0], lambda)
		l10 := v[2] * i00
		i11 := pivot(v[3]-l10*l10, v[3], lambda)
		i10 := -l10 * i00 * i11
		inv[0], inv[1], inv[2], inv[3] = i00*i00+i10*i10, i10*i11, i10*i11, i11*i11
	default:
		i00 := pivot(v[0], v[0], lambda)
		l10, l20 := v[3]*i00, v[6]*i00
		i11 := pivot(v[4]-l10*l10, v[4], lambda)
		l21 := (v[7] - l20*l10) * i11
		i22 := pivot(v[8]-l20*l20-l21*l21, v[8], lambda)
		i10 := -l10 * i00 * i11
		i21 := -l21 * i11 * i22
		i20 := -(l20*i00 + l21*i10) * i22
		inv[0] = i00*i00 + i10*i10 + i20*i20
		inv[1] = i10*i11 + i20*i21
		inv[2] = i20 * i22
		inv[4] = i11*i11 + i21*i21
		inv[5] = i21 * i22
		inv[8] = i22 * i22
		inv[3], inv[6], inv[7] = inv[1], inv[2], inv[5]
	}
}

// pivot returns one over the root of a damped pivot x of the diagonal entry v,
// and 0 where it is undetermined.
func pivot(x, v, lambda float64) float64 {
	x += lambda * boundDiagonal(v)
	if !(x > undetermined*v) {
		return 0
	}
	return 1 / math.Sqrt(x)
}

func boundDiagonal(x float64) float64 { return min(max(x, minDiagonal), maxDiagonal) }

// backSubstitute computes the step of the lane's landmarks from that of the
// reduced variables: dl = -(V + lambda D_l)^-1 (g_l + W^T dx).
func (s *system) backSubstitute(ln *lane) {
	for i := ln.landmarks[0]; i < ln.landmarks[1]; i++ {
		l := &s.landmarks[i]
		d := l.dim
		var rhs [maxEliminatedDim]float64
		copy(rhs[:], s.gl[l.gl:l.gl+int32(d)])
		w := s.w[l.w:]
		for _, pos := range s.conn[l.conn[0]:l.conn[1]] {
			for _, x := range s.dx[s.offs[pos]:s.offs[pos+1]] {
				for k := range d {
					rhs[k] += x * w[k]
				}
				w = w[d:]
			}
		}
		inv := s.vinv[l.v:]
		for k := range d {
			var sum float64
			for j := range d {
				sum -= inv[k*d+j] * rhs[j]
			}
			s.dl[int(l.gl)+k] = sum
		}
	}
}
