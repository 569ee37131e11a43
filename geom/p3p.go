package geom

import "math"

// p3pDegenerate is the relative area (of the world triangle) and the squared
// sine (between two rays) below which three points fix no pose.
const p3pDegenerate = 1e-12

// P3P returns the up to four poses T_cw (world to camera: p_c = T_cw p_w) that
// put the world points X on the rays through x, image points on the z = 1
// plane, in front of the camera. n is 0 for collinear or coincident points.
//
// The depths l solve l_i^2 + l_j^2 - 2 l_i l_j cos_ij = |X_i - X_j|^2. As in
// Lambda Twist (Persson and Nordberg, ECCV 2018) two combinations of these
// conics without right-hand side span a pencil, one real root of a cubic gives
// a degenerate member, a pair of planes, each plane meets a second conic in at
// most two rays, and Newton steps on the three equations polish the depths.
func P3P(x [3]Vec2, X [3]Vec3) (sols [4]SE3, n int) {
	y := [3]Vec3{x[0].Homogeneous().Unit(), x[1].Homogeneous().Unit(), x[2].Homogeneous().Unit()}
	t, ok := newDepthTriangle(y, X)
	if !ok {
		return sols, 0
	}
	world, _ := FromCols(X[1].Sub(X[0]), X[2].Sub(X[0]), X[1].Sub(X[0]).Cross(X[2].Sub(X[0]))).Inverse()
	var depths [4]Vec3
	nd := t.solve(&depths)
	for _, l := range depths[:nd] {
		p0, p1, p2 := y[0].Scale(l.X), y[1].Scale(l.Y), y[2].Scale(l.Z)
		e1, e2 := p1.Sub(p0), p2.Sub(p0)
		r := Orthonormalize(FromCols(e1, e2, e1.Cross(e2)).Mul(world))
		pose := SE3{R: r, T: p0.Sub(r.MulVec(X[0]))}
		if pose.IsFinite() {
			sols[n] = pose
			n++
		}
	}
	return sols, n
}

// depthTriangle is the three equations of P3P: the squared sides of the world
// triangle over their sum (a), and the cosines between the rays, each for the
// pairs 01, 02, 12. Depths are in units of the root of the sum.
type depthTriangle struct {
	a, cos [3]float64
	scale  float64
}

func newDepthTriangle(y, x [3]Vec3) (t depthTriangle, ok bool) {
	for k, ij := range [3][2]int{{0, 1}, {0, 2}, {1, 2}} {
		i, j := ij[0], ij[1]
		t.a[k] = x[i].Sub(x[j]).Norm2()
		t.cos[k] = y[i].Dot(y[j])
		if y[i].Cross(y[j]).Norm2() < p3pDegenerate {
			return t, false
		}
	}
	sum := t.a[0] + t.a[1] + t.a[2]
	area := x[1].Sub(x[0]).Cross(x[2].Sub(x[0])).Norm()
	if !(area > p3pDegenerate*sum) || math.IsInf(sum, 0) {
		return t, false
	}
	for k := range t.a {
		t.a[k] /= sum
	}
	t.scale = math.Sqrt(sum)
	return t, true
}

// solve returns the triples of positive depths.
func (t depthTriangle) solve(out *[4]Vec3) (n int) {
	c01, c02, c12 := t.cos[0], t.cos[1], t.cos[2]
	m01 := Mat3{{1, -c01, 0}, {-c01, 1, 0}, {0, 0, 0}}
	m02 := Mat3{{1, 0, -c02}, {0, 0, 0}, {-c02, 0, 1}}
	m12 := Mat3{{0, 0, 0}, {0, 1, -c12}, {0, -c12, 1}}
	d1 := m01.Scale(t.a[2]).Add(m12.Scale(-t.a[0]))
	d2 := m02.Scale(t.a[2]).Add(m12.Scale(-t.a[1]))
	if math.Abs(d1.Det()) > math.Abs(d2.Det()) {
		d1, d2 = d2, d1 // the cubic is divided by det d2
	}
	d0, ok := degenerateConic(d1, d2)
	if !ok {
		return 0
	}
	val, vec := SymEigen3(d0)
	if val[0] >= 0 || val[2] <= 0 {
		return 0 // one point only, or a complex pair of planes
	}
	s := math.Sqrt(-val[0] / val[2])
	e0, e2 := vec.Col(0), vec.Col(2)
	for _, normal := range [2]Vec3{e2.Sub(e0.Scale(s)), e2.Add(e0.Scale(s))} {
		n = t.raysInPlane(normal.Unit(), d2, out, n)
	}
	return n
}

// degenerateConic returns d1 + g d2 for a real g that makes it singular.
func degenerateConic(d1, d2 Mat3) (Mat3, bool) {
	a0, a1, a2 := d1.Col(0), d1.Col(1), d1.Col(2)
	b0, b1, b2 := d2.Col(0), d2.Col(1), d2.Col(2)
	det := func(u, v, w Vec3) float64 { return u.Cross(v).Dot(w) }
	k0, k3 := det(a0, a1, a2), det(b0, b1, b2)
	k1 := det(b0, a1, a2) + det(a0, b1, a2) + det(a0, a1, b2)
	k2 := det(a0, b1, b2) + det(b0, a1, b2) + det(b0, b1, a2)
	if k3 == 0 {
		return d2, true
	}
	g := cubicRoot(k2/k3, k1/k3, k0/k3)
	return d1.Add(d2.Scale(g)), !math.IsNaN(g) && !math.IsInf(g, 0)
}

// raysInPlane appends the depths in the plane that also lie on the conic d.
func (t depthTriangle) raysInPlane(normal Vec3, d Mat3, out *[4]Vec3, n int) int {
	u := orthogonal(normal)
	v := normal.Cross(u)
	du := d.MulVec(u)
	a, b, c := u.Dot(du), v.Dot(du), v.Dot(d.MulVec(v)) // a p^2 + 2 b pq + c q^2 = 0
	disc := b*b - a*c
	if disc < 0 {
		// A camera near the danger cylinder has a double root, which rounding
		// may lift off the axis; the polish below decides.
		if disc < -1e-12*(a*a+b*b+c*c) {
			return n
		}
		disc = 0
	}
	k := -(b + math.Copysign(math.Sqrt(disc), b))
	for _, pq := range [2]Vec2{{k, a}, {c, k}} {
		l := u.Scale(pq.X).Add(v.Scale(pq.Y))
		if l.X+l.Y+l.Z < 0 {
			l = l.Scale(-1)
		}
		if l, ok := t.polish(l.Unit()); ok && n < len(out) && !containsVec(out[:n], l) {
			out[n] = l
			n++
		}
	}
	return n
}

// residual returns the three equations' left-hand sides less their right.
func (t depthTriangle) residual(l Vec3) Vec3 {
	return Vec3{
		l.X*l.X + l.Y*l.Y - 2*t.cos[0]*l.X*l.Y - t.a[0],
		l.X*l.X + l.Z*l.Z - 2*t.cos[1]*l.X*l.Z - t.a[1],
		l.Y*l.Y + l.Z*l.Z - 2*t.cos[2]*l.Y*l.Z - t.a[2],
	}
}

// polish scales the direction of l to fit the triangle and refines it by
// Newton's method; ok is false where that ends at no triple of positive depths.
func (t depthTriangle) polish(l Vec3) (Vec3, bool) {
	r := t.residual(l)
	q := r.X + r.Y + r.Z + 1 // the sum of the squared sides for the unit vector l
	if !(q > 0) {
		return l, false
	}
	l = l.Scale(1 / math.Sqrt(q))
	c01, c02, c12 := t.cos[0], t.cos[1], t.cos[2]
	r = t.residual(l)
	for range 6 {
		j := Mat3{
			{2 * (l.X - c01*l.Y), 2 * (l.Y - c01*l.X), 0},
			{2 * (l.X - c02*l.Z), 0, 2 * (l.Z - c02*l.X)},
			{0, 2 * (l.Y - c12*l.Z), 2 * (l.Z - c12*l.Y)},
		}
		inv, ok := j.Inverse()
		if !ok {
			break
		}
		next := l.Sub(inv.MulVec(r))
		nr := t.residual(next)
		if !(nr.Norm2() < r.Norm2()) {
			break
		}
		l, r = next, nr
	}
	if !(r.Norm2() < 1e-20) || !(l.X > 0 && l.Y > 0 && l.Z > 0) {
		return l, false
	}
	return l.Scale(t.scale), true
}

// containsVec reports whether a lies in list, to a relative 1e-10.
func containsVec(list []Vec3, a Vec3) bool {
	for _, b := range list {
		if a.Sub(b).Norm2() <= 1e-20*a.Norm2() {
			return true
		}
	}
	return false
}
