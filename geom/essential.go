package geom

import "math"

// SampsonError returns the squared distance of the pair (x1, x2) from the
// epipolar geometry x2^T E x1 = 0, to first order (Sampson 1982): in squared
// units of the image points, for essential and fundamental matrices alike.
func SampsonError(e *Mat3, x1, x2 Vec2) float64 {
	a := e.MulVec(x1.Homogeneous())
	b := e.TMulVec(x2.Homogeneous())
	r := x2.X*a.X + x2.Y*a.Y + a.Z
	n := a.X*a.X + a.Y*a.Y + b.X*b.X + b.Y*b.Y
	if n == 0 {
		return math.Inf(1)
	}
	return r * r / n
}

// EssentialToPoses returns the four poses T_21 of an essential matrix, with
// translations of length 1 (Hartley and Zisserman 9.6.2). At most one of them
// has a given point in front of both cameras; ChoosePose finds it.
func EssentialToPoses(e Mat3) [4]SE3 {
	u, _, v := SVD3(e)
	if u.Det() < 0 {
		u = u.Scale(-1)
	}
	if v.Det() < 0 {
		v = v.Scale(-1)
	}
	w := Mat3{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}
	ra, rb := u.Mul(w).Mul(v.T()), u.Mul(w.T()).Mul(v.T())
	t := u.Col(2)
	return [4]SE3{{ra, t}, {ra, t.Scale(-1)}, {rb, t}, {rb, t.Scale(-1)}}
}

// ChoosePose returns the candidate T_21 (camera 1 to camera 2) that puts the
// most of the pairs x1, x2 in front of both cameras, how many those are, and
// how many the runner-up has: a clear choice has few of them.
func ChoosePose(candidates []SE3, x1, x2 []Vec2) (best SE3, inFront, second int) {
	inFront = -1
	for _, t := range candidates {
		n := 0
		for i := range x1 {
			if _, ok := TriangulateMidpoint(t, x1[i], x2[i]); ok {
				n++
			}
		}
		switch {
		case n > inFront:
			best, inFront, second = t, n, max(inFront, 0)
		case n > second:
			second = n
		}
	}
	return best, max(inFront, 0), second
}
