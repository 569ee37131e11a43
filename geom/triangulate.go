package geom

import "math"

// minParallax2 is the squared sine of the parallax angle below which rays count
// as parallel: far below the angle of a pixel.
const minParallax2 = 1e-12

// Triangulate returns the point, in the frame of camera 1, whose images on the
// z = 1 plane of cameras 1 and 2 are closest to x1 and x2. t21 maps camera 1 to
// camera 2: p_2 = T_21 p_1. The linear equations are re-weighted by the depths
// (Hartley and Sturm 1997, Iterative-LS), so that they measure image errors. ok
// is false for parallel rays and for a point that is not in front of both.
func Triangulate(t21 SE3, x1, x2 Vec2) (p Vec3, ok bool) {
	poses := [2]SE3{IdentitySE3(), t21}
	x := [2]Vec2{x1, x2}
	return TriangulateN(poses[:], x[:])
}

// TriangulateN returns the world point seen at x[i] on the z = 1 plane of the
// camera at T_cw[i] (world to camera), from two or more views. ok is false
// where the rays are parallel, where the point is behind one of the cameras,
// and where the lengths differ. It does not allocate.
func TriangulateN(tcw []SE3, x []Vec2) (p Vec3, ok bool) {
	if len(tcw) != len(x) || len(x) < 2 || !raysDiffer(tcw, x) {
		return Vec3{}, false
	}
	// Relative to the first camera's centre, so that no digits are lost far
	// from the world's origin.
	origin := tcw[0].ApplyInverse(Vec3{})
	d, ok := linearPoint(tcw, x, origin, nil)
	for range 3 {
		if !ok {
			return Vec3{}, false
		}
		p = origin.Add(d)
		d, ok = linearPoint(tcw, x, origin, &p)
	}
	p = origin.Add(d)
	if !ok || !p.IsFinite() {
		return Vec3{}, false
	}
	for _, t := range tcw {
		if t.Apply(p).Z <= 0 {
			return Vec3{}, false
		}
	}
	return p, true
}

// raysDiffer reports whether some ray makes an angle with the first.
func raysDiffer(tcw []SE3, x []Vec2) bool {
	r0 := tcw[0].R.TMulVec(x[0].Homogeneous().Unit())
	for i := 1; i < len(x); i++ {
		if r0.Cross(tcw[i].R.TMulVec(x[i].Homogeneous().Unit())).Norm2() > minParallax2 {
			return true
		}
	}
	return false
}

// linearPoint solves x p_z - p_x = 0 and y p_z - p_y = 0 for all views in the
// least squares sense, each divided by the depth of the point last found.
func linearPoint(tcw []SE3, x []Vec2, origin Vec3, last *Vec3) (Vec3, bool) {
	var h Mat3
	var g Vec3
	for i := range tcw {
		t := &tcw[i]
		w := 1.0
		if last != nil {
			z := t.Apply(*last).Z
			if z == 0 {
				return Vec3{}, false
			}
			w = 1 / (z * z)
		}
		t0 := t.Apply(origin)
		r0, r1, r2 := t.R.Row(0), t.R.Row(1), t.R.Row(2)
		a, b := r2.Scale(x[i].X).Sub(r0), r2.Scale(x[i].Y).Sub(r1)
		h = h.Add(Outer(a, a).Add(Outer(b, b)).Scale(w))
		g = g.Sub(a.Scale(w * (x[i].X*t0.Z - t0.X))).Sub(b.Scale(w * (x[i].Y*t0.Z - t0.Y)))
	}
	inv, ok := h.Inverse()
	return inv.MulVec(g), ok
}

// TriangulateMidpoint returns the middle of the shortest line between the two
// rays, in the frame of camera 1: faster than Triangulate, biased at small
// parallax. ok is as there.
func TriangulateMidpoint(t21 SE3, x1, x2 Vec2) (p Vec3, ok bool) {
	d1 := x1.Homogeneous()
	d2 := t21.R.TMulVec(x2.Homogeneous())
	c2 := t21.ApplyInverse(Vec3{})
	// Least squares of s1 d1 - s2 d2 = c2.
	a, b, c := d1.Norm2(), d1.Dot(d2), d2.Norm2()
	det := a*c - b*b
	if !(det > minParallax2*a*c) {
		return Vec3{}, false
	}
	s1 := (c*d1.Dot(c2) - b*d2.Dot(c2)) / det
	s2 := (b*d1.Dot(c2) - a*d2.Dot(c2)) / det
	if s1 <= 0 || s2 <= 0 {
		return Vec3{}, false
	}
	return d1.Scale(s1).Add(c2.Add(d2.Scale(s2))).Scale(.5), true
}

// ParallaxAngle returns the angle in radians, at point p, between the directions
// to the camera centres c1 and c2.
func ParallaxAngle(p, c1, c2 Vec3) float64 {
	a, b := c1.Sub(p), c2.Sub(p)
	return math.Atan2(a.Cross(b).Norm(), a.Dot(b))
}
