package geom

import "math"

// Vec2 is a point or direction in an image, in pixels or on the z = 1 plane.
type Vec2 struct{ X, Y float64 }

// Add returns a + b.
func (a Vec2) Add(b Vec2) Vec2 { return Vec2{a.X + b.X, a.Y + b.Y} }

// Sub returns a - b.
func (a Vec2) Sub(b Vec2) Vec2 { return Vec2{a.X - b.X, a.Y - b.Y} }

// Scale returns s a.
func (a Vec2) Scale(s float64) Vec2 { return Vec2{s * a.X, s * a.Y} }

// Dot returns the inner product.
func (a Vec2) Dot(b Vec2) float64 { return a.X*b.X + a.Y*b.Y }

// Norm returns the Euclidean length.
func (a Vec2) Norm() float64 { return math.Hypot(a.X, a.Y) }

// Norm2 returns the squared length.
func (a Vec2) Norm2() float64 { return a.X*a.X + a.Y*a.Y }

// IsFinite reports whether neither component is NaN or infinite.
func (a Vec2) IsFinite() bool {
	return !math.IsNaN(a.X+a.Y) && !math.IsInf(a.X, 0) && !math.IsInf(a.Y, 0)
}

// Vec3 is a point or direction in space.
type Vec3 struct{ X, Y, Z float64 }

// Add returns a + b.
func (a Vec3) Add(b Vec3) Vec3 { return Vec3{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }

// Sub returns a - b.
func (a Vec3) Sub(b Vec3) Vec3 { return Vec3{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }

// Scale returns s a.
func (a Vec3) Scale(s float64) Vec3 { return Vec3{s * a.X, s * a.Y, s * a.Z} }

// Dot returns the inner product.
func (a Vec3) Dot(b Vec3) float64 { return a.X*b.X + a.Y*b.Y + a.Z*b.Z }

// Cross returns the vector product a x b.
func (a Vec3) Cross(b Vec3) Vec3 {
	return Vec3{a.Y*b.Z - a.Z*b.Y, a.Z*b.X - a.X*b.Z, a.X*b.Y - a.Y*b.X}
}

// Norm returns the Euclidean length.
func (a Vec3) Norm() float64 { return math.Sqrt(a.Dot(a)) }

// Norm2 returns the squared length.
func (a Vec3) Norm2() float64 { return a.Dot(a) }

// Unit returns a scaled to length 1, and the zero vector for the zero vector.
func (a Vec3) Unit() Vec3 {
	n := a.Norm()
	if n == 0 {
		return a
	}
	return a.Scale(1 / n)
}

// XY returns the point divided by its depth, on the z = 1 plane.
func (a Vec3) XY() Vec2 { return Vec2{a.X / a.Z, a.Y / a.Z} }

// Homogeneous returns (x, y, 1).
func (a Vec2) Homogeneous() Vec3 { return Vec3{a.X, a.Y, 1} }

// IsFinite reports whether no component is NaN or infinite.
func (a Vec3) IsFinite() bool {
	return !math.IsNaN(a.X+a.Y+a.Z) && !math.IsInf(a.X, 0) && !math.IsInf(a.Y, 0) && !math.IsInf(a.Z, 0)
}

// Mat3 is a 3x3 matrix, row by row: m[row][column].
type Mat3 [3][3]float64

// Identity3 returns the unit matrix.
func Identity3() Mat3 { return Mat3{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}} }

// Mul returns m n.
func (m Mat3) Mul(n Mat3) (p Mat3) {
	for i := range 3 {
		for j := range 3 {
			p[i][j] = m[i][0]*n[0][j] + m[i][1]*n[1][j] + m[i][2]*n[2][j]
		}
	}
	return p
}

// MulVec returns m v.
func (m Mat3) MulVec(v Vec3) Vec3 {
	return Vec3{
		m[0][0]*v.X + m[0][1]*v.Y + m[0][2]*v.Z,
		m[1][0]*v.X + m[1][1]*v.Y + m[1][2]*v.Z,
		m[2][0]*v.X + m[2][1]*v.Y + m[2][2]*v.Z,
	}
}

// TMulVec returns the product of the transpose of m with v.
func (m Mat3) TMulVec(v Vec3) Vec3 {
	return Vec3{
		m[0][0]*v.X + m[1][0]*v.Y + m[2][0]*v.Z,
		m[0][1]*v.X + m[1][1]*v.Y + m[2][1]*v.Z,
		m[0][2]*v.X + m[1][2]*v.Y + m[2][2]*v.Z,
	}
}

// T returns the transpose.
func (m Mat3) T() Mat3 {
	return Mat3{{m[0][0], m[1][0], m[2][0]}, {m[0][1], m[1][1], m[2][1]}, {m[0][2], m[1][2], m[2][2]}}
}

// Add returns m + n.
func (m Mat3) Add(n Mat3) Mat3 {
	for i := range 3 {
		for j := range 3 {
			m[i][j] += n[i][j]
		}
	}
	return m
}

// Scale returns s m.
func (m Mat3) Scale(s float64) Mat3 {
	for i := range 3 {
		for j := range 3 {
			m[i][j] *= s
		}
	}
	return m
}

// Det returns the determinant.
func (m Mat3) Det() float64 {
	return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) -
		m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) +
		m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
}

// Row returns row i.
func (m Mat3) Row(i int) Vec3 { return Vec3{m[i][0], m[i][1], m[i][2]} }

// Col returns column j.
func (m Mat3) Col(j int) Vec3 { return Vec3{m[0][j], m[1][j], m[2][j]} }

// FromCols returns the matrix of three columns.
func FromCols(a, b, c Vec3) Mat3 {
	return Mat3{{a.X, b.X, c.X}, {a.Y, b.Y, c.Y}, {a.Z, b.Z, c.Z}}
}

// Inverse returns the inverse by cofactors; ok is false where m is singular.
func (m Mat3) Inverse() (inv Mat3, ok bool) {
	d := m.Det()
	if d == 0 || math.IsNaN(d) {
		return Mat3{}, false
	}
	r0, r1, r2 := m.Row(0), m.Row(1), m.Row(2)
	return FromCols(r1.Cross(r2), r2.Cross(r0), r0.Cross(r1)).Scale(1 / d), true
}

// Skew returns the matrix of the cross product: Skew(a) b = a x b.
func Skew(a Vec3) Mat3 {
	return Mat3{{0, -a.Z, a.Y}, {a.Z, 0, -a.X}, {-a.Y, a.X, 0}}
}

// Outer returns a b^T.
func Outer(a, b Vec3) Mat3 {
	return Mat3{
		{a.X * b.X, a.X * b.Y, a.X * b.Z},
		{a.Y * b.X, a.Y * b.Y, a.Y * b.Z},
		{a.Z * b.X, a.Z * b.Y, a.Z * b.Z},
	}
}

// Finite reports whether no value is NaN or infinite.
func Finite(v ...float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
