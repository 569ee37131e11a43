package surface

import "math"

type vec [3]float64

func (a vec) add(b vec) vec { return vec{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }
func (a vec) sub(b vec) vec { return vec{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }
func (a vec) scale(s float64) vec {
	return vec{a[0] * s, a[1] * s, a[2] * s}
}
func (a vec) dot(b vec) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }
func (a vec) cross(b vec) vec {
	return vec{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}
func (a vec) norm() float64 { return math.Sqrt(a.dot(a)) }

// quadric sums weighted squared distances from planes: x^T A x + 2 b x + c, and the
// weights.
type quadric struct {
	a      [6]float64 // xx xy xz yy yz zz
	b      vec
	c      float64
	weight float64
}

// plane is the quadric of the plane through p with unit normal n.
func plane(n, p vec, weight float64) quadric {
	d := -n.dot(p)
	return quadric{
		a: [6]float64{weight * n[0] * n[0], weight * n[0] * n[1], weight * n[0] * n[2], weight * n[1] * n[1], weight * n[1] * n[2], weight * n[2] * n[2]},
		b: n.scale(weight * d), c: weight * d * d, weight: weight,
	}
}

func (q *quadric) add(o *quadric) {
	for i := range q.a {
		q.a[i] += o.a[i]
	}
	q.b = q.b.add(o.b)
	q.c += o.c
	q.weight += o.weight
}

func (q *quadric) mul(x vec) vec {
	return vec{
		q.a[0]*x[0] + q.a[1]*x[1] + q.a[2]*x[2],
		q.a[1]*x[0] + q.a[3]*x[1] + q.a[4]*x[2],
		q.a[2]*x[0] + q.a[4]*x[1] + q.a[5]*x[2],
	}
}

// at is the mean squared distance of x.
func (q *quadric) at(x vec) float64 {
	return max(x.dot(q.mul(x))+2*q.b.dot(x)+q.c, 0) / max(q.weight, 1e-30)
}

// least is the point of least distance; ok is false where the planes do not say.
func (q *quadric) least() (x vec, ok bool) {
	a := &q.a
	c0, c1, c2 := a[3]*a[5]-a[4]*a[4], a[2]*a[4]-a[1]*a[5], a[1]*a[4]-a[2]*a[3]
	det := a[0]*c0 + a[1]*c1 + a[2]*c2
	trace := a[0] + a[3] + a[5]
	// Nearly flat surroundings leave the place within them open.
	if !(det > 1e-4*trace*trace*trace) {
		return x, false
	}
	c11, c12, c22 := a[0]*a[5]-a[2]*a[2], a[1]*a[2]-a[0]*a[4], a[0]*a[3]-a[1]*a[1]
	r := q.b.scale(-1 / det)
	return vec{
		c0*r[0] + c1*r[1] + c2*r[2],
		c1*r[0] + c11*r[1] + c12*r[2],
		c2*r[0] + c12*r[1] + c22*r[2],
	}, true
}
