package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// spline is a uniform cubic B-spline: twice continuously differentiable, so
// that velocity and acceleration along it are bounded. It runs near its knots,
// not through them, and is held at both ends.
type spline struct {
	step  float64 // parameter between knots
	knots []geom.Vec3
}

// at returns the point at parameter s.
func (c *spline) at(s float64) geom.Vec3 {
	f := s / c.step
	i := int(math.Floor(f))
	t := f - float64(i)
	knot := func(k int) geom.Vec3 { return c.knots[min(max(k, 0), len(c.knots)-1)] }
	t2, t3 := t*t, t*t*t
	return knot(i - 1).Scale((1 - 3*t + 3*t2 - t3) / 6).
		Add(knot(i).Scale((4 - 6*t2 + 3*t3) / 6)).
		Add(knot(i + 1).Scale((1 + 3*t + 3*t2 - 3*t3) / 6)).
		Add(knot(i + 2).Scale(t3 / 6))
}

// smooth returns the points convolved with a bell of the given half width in
// points, ends held. Three box filters make the bell.
func smooth(points []geom.Vec3, half int) []geom.Vec3 {
	for range 3 {
		out := make([]geom.Vec3, len(points))
		at := func(i int) geom.Vec3 { return points[min(max(i, 0), len(points)-1)] }
		var sum geom.Vec3
		for i := -half; i <= half; i++ {
			sum = sum.Add(at(i))
		}
		for i := range points {
			out[i] = sum.Scale(1 / float64(2*half+1))
			sum = sum.Add(at(i + half + 1)).Sub(at(i - half))
		}
		points = out
	}
	return points
}

// pathStepM is the distance between the knots of a path.
const pathStepM = .1

// route lays knots every pathStepM along a line of straight legs with rounded
// corners.
type route struct {
	points []geom.Vec3
	pos    geom.Vec3
	yaw    float64
}

// straight goes on for a distance.
func (r *route) straight(lengthM float64) { r.arc(lengthM, 0) }

// arc goes on for a distance while turning left by a total of turn radians.
func (r *route) arc(lengthM, turn float64) {
	n := max(int(math.Round(lengthM/pathStepM)), 1)
	for range n {
		r.yaw += turn / float64(2*n)
		s, c := math.Sincos(r.yaw)
		r.pos = r.pos.Add(geom.Vec3{X: c, Y: s}.Scale(lengthM / float64(n)))
		r.yaw += turn / float64(2*n)
		r.points = append(r.points, r.pos)
	}
}

// timetable says where along a path the camera is at any time.
type timetable struct {
	stepS float64
	at    []float64 // distance at multiples of stepS
}

// newTimetable integrates speed(s) from distance 0 to lengthM.
func newTimetable(lengthM float64, speed func(sM, tS float64) float64) timetable {
	const sub = 4
	tt := timetable{stepS: .04}
	s, t := 0.0, 0.0
	for s < lengthM {
		tt.at = append(tt.at, s)
		for range sub {
			s += max(speed(s, t), .02) * tt.stepS / sub
			t += tt.stepS / sub
		}
	}
	tt.at = append(tt.at, s)
	return tt
}

// durationS returns when the camera has covered the whole length.
func (tt *timetable) durationS() float64 { return tt.stepS * float64(len(tt.at)-1) }

// distance returns the distance at time t: the B-spline of the table, hence
// with continuous acceleration.
func (tt *timetable) distance(t float64) float64 {
	f := t / tt.stepS
	i := int(math.Floor(f))
	u := f - float64(i)
	at := func(k int) float64 {
		switch last := len(tt.at) - 1; {
		case k < 0:
			return tt.at[0] + float64(k)*(tt.at[1]-tt.at[0])
		case k > last:
			return tt.at[last] + float64(k-last)*(tt.at[last]-tt.at[last-1])
		default:
			return tt.at[k]
		}
	}
	u2, u3 := u*u, u*u*u
	return (at(i-1)*(1-3*u+3*u2-u3) + at(i)*(4-6*u2+3*u3) + at(i+1)*(1+3*u+3*u2-3*u3) + at(i+2)*u3) / 6
}

// orientation returns the camera-to-world rotation that looks along yaw (left
// positive, about the vertical), pitched down and rolled clockwise, in radians.
func orientation(yaw, pitch, roll float64) geom.Mat3 {
	sy, cy := math.Sincos(yaw)
	sp, cp := math.Sincos(pitch)
	forward := geom.Vec3{X: cy * cp, Y: sy * cp, Z: -sp}
	right := geom.Vec3{X: sy, Y: -cy}
	down := forward.Cross(right)
	sr, cr := math.Sincos(roll)
	return geom.FromCols(right.Scale(cr).Add(down.Scale(sr)), down.Scale(cr).Sub(right.Scale(sr)), forward)
}
