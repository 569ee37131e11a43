package geom

import "math"

// Homography returns H with x2 ~ H x1, of determinant 1 or -1, from four or
// more pairs: exactly for four, by the normalised direct linear transform
// (Hartley 1997) for more. ok is false where three of four points, or all
// points but one, are collinear, and where the lengths differ.
func Homography(x1, x2 []Vec2) (h Mat3, ok bool) {
	switch {
	case len(x1) != len(x2) || len(x1) < 4:
		return h, false
	case len(x1) == 4:
		h, ok = homography4([4]Vec2(x1), [4]Vec2(x2))
	default:
		h, ok = homographyDLT(x1, x2)
	}
	if !ok {
		return Mat3{}, false
	}
	d := h.Det()
	if math.Abs(d) < 1e-300 || math.IsNaN(d) {
		return Mat3{}, false
	}
	return h.Scale(1 / math.Cbrt(math.Abs(d))), true
}

// homography4 maps the four points by way of the standard projective basis.
func homography4(x1, x2 [4]Vec2) (Mat3, bool) {
	a, ok1 := projectiveBasis(x1)
	b, ok2 := projectiveBasis(x2)
	if !ok1 || !ok2 {
		return Mat3{}, false
	}
	inv, ok := a.Inverse()
	return b.Mul(inv), ok
}

// projectiveBasis returns the matrix that maps the unit vectors and (1, 1, 1) to
// the four points.
func projectiveBasis(x [4]Vec2) (Mat3, bool) {
	a, b, c, d := x[0].Homogeneous(), x[1].Homogeneous(), x[2].Homogeneous(), x[3].Homogeneous()
	abc, dbc := a.Cross(b).Dot(c), d.Cross(b).Dot(c)
	adc, abd := a.Cross(d).Dot(c), a.Cross(b).Dot(d)
	// Twice the areas of the four triangles, against the extent of the points.
	var extent float64
	for _, p := range x[1:] {
		extent = math.Max(extent, p.Sub(x[0]).Norm2())
	}
	for _, area := range [4]float64{abc, dbc, adc, abd} {
		if !(math.Abs(area) > 1e-10*extent) {
			return Mat3{}, false
		}
	}
	return FromCols(a.Scale(dbc/abc), b.Scale(adc/abc), c.Scale(abd/abc)), true
}

// homographyDLT is the eigenvector of the smallest eigenvalue of A^T A.
func homographyDLT(x1, x2 []Vec2) (Mat3, bool) {
	c1, s1, ok1 := normalisation(x1)
	c2, s2, ok2 := normalisation(x2)
	if !ok1 || !ok2 {
		return Mat3{}, false
	}
	var a, v [81]float64
	for i := range x1 {
		p, q := x1[i].Sub(c1).Scale(s1).Homogeneous(), x2[i].Sub(c2).Scale(s2)
		addDLTRow(&a, [9]float64{p.X, p.Y, 1, 0, 0, 0, -q.X * p.X, -q.X * p.Y, -q.X})
		addDLTRow(&a, [9]float64{0, 0, 0, p.X, p.Y, 1, -q.Y * p.X, -q.Y * p.Y, -q.Y})
	}
	for i := range 9 {
		for j := range i {
			a[9*i+j] = a[9*j+i]
		}
	}
	symEigen(a[:], v[:], 9)
	least, second, largest := 0, 1, 0.0
	if a[10*second] < a[10*least] {
		least, second = second, least
	}
	for k := range 9 {
		e := a[10*k]
		largest = math.Max(largest, e)
		switch {
		case k == 0 || k == 1:
		case e < a[10*least]:
			least, second = k, least
		case e < a[10*second]:
			second = k
		}
	}
	if !(a[10*second] > 1e-12*largest) {
		return Mat3{}, false // a family of homographies fits
	}
	var h Mat3
	for i := range 9 {
		h[i/3][i%3] = v[9*i+least]
	}
	n1 := Mat3{{s1, 0, -s1 * c1.X}, {0, s1, -s1 * c1.Y}, {0, 0, 1}}
	n2inv := Mat3{{1 / s2, 0, c2.X}, {0, 1 / s2, c2.Y}, {0, 0, 1}}
	return n2inv.Mul(h).Mul(n1), true
}

// addDLTRow adds r r^T to the upper triangle of a.
func addDLTRow(a *[81]float64, r [9]float64) {
	for i := range 9 {
		for j := i; j < 9; j++ {
			a[9*i+j] += r[i] * r[j]
		}
	}
}

// normalisation returns the centre of the points and the factor that makes
// their mean distance from it sqrt 2.
func normalisation(x []Vec2) (c Vec2, s float64, ok bool) {
	for _, p := range x {
		c = c.Add(p)
	}
	c = c.Scale(1 / float64(len(x)))
	var d float64
	for _, p := range x {
		d += p.Sub(c).Norm()
	}
	if !(d > 0) || math.IsInf(d, 0) {
		return c, 0, false
	}
	return c, math.Sqrt2 * float64(len(x)) / d, true
}

// TransferError returns |x2 - H x1|^2, infinite for a point at infinity.
func TransferError(h *Mat3, x1, x2 Vec2) float64 {
	p := h.MulVec(x1.Homogeneous())
	if p.Z == 0 {
		return math.Inf(1)
	}
	return p.XY().Sub(x2).Norm2()
}

// PlanarMotion is the motion between two views of a plane n^T p_1 = 1 in units
// of the plane's distance d from camera 1.
type PlanarMotion struct {
	T21 SE3  // camera 1 to camera 2; the translation is over d
	N   Vec3 // unit normal in camera 1, from the camera towards the plane
}

// DecomposeHomography returns the up to four motions with H ~ R + t n^T / d for
// a homography between z = 1 planes seen from the same side of the plane, in
// camera frames, by the singular values of H (Ma, Soatto, Kosecka and Sastry,
// An Invitation to 3-D Vision, 5.3.3; equal to Faugeras and Lustman 1988).
// VisiblePlane tells which of them the points allow, at most two. A pure
// rotation gives one motion with t = 0 and the zero normal; n is 0 for a
// singular H.
func DecomposeHomography(h Mat3) (m [4]PlanarMotion, n int) {
	if h.Det() < 0 {
		h = h.Scale(-1)
	}
	_, s, v := SVD3(h)
	if !(s[2] > 1e-12*s[0]) {
		return m, 0
	}
	h = h.Scale(1 / s[1])
	a, c := s[0]/s[1], s[2]/s[1]
	if a-c < 1e-9 {
		m[0] = PlanarMotion{T21: SE3{R: Orthonormalize(h)}}
		return m, 1
	}
	v1, v2, v3 := v.Col(0), v.Col(1), v.Col(2)
	p := math.Sqrt(math.Max(0, 1-c*c) / (a*a - c*c))
	q := math.Sqrt(math.Max(0, a*a-1) / (a*a - c*c))
	for _, u := range [2]Vec3{v1.Scale(p).Add(v3.Scale(q)), v1.Scale(p).Sub(v3.Scale(q))} {
		normal := v2.Cross(u)
		hv2, hu := h.MulVec(v2), h.MulVec(u)
		r := FromCols(hv2, hu, hv2.Cross(hu)).Mul(FromCols(v2, u, normal).T())
		t := h.Add(r.Scale(-1)).MulVec(normal)
		r = Orthonormalize(r)
		m[n] = PlanarMotion{SE3{r, t}, normal}
		m[n+1] = PlanarMotion{SE3{r, t.Scale(-1)}, normal.Scale(-1)}
		n += 2
	}
	return m, n
}

// VisiblePlane reports whether the ray through x1, on the z = 1 plane of camera
// 1, meets the plane in front of both cameras.
func (m PlanarMotion) VisiblePlane(x1 Vec2) bool {
	ray := x1.Homogeneous()
	d := m.N.Dot(ray)
	if !(d > 0) {
		return false
	}
	return m.T21.Apply(ray.Scale(1/d)).Z > 0
}
