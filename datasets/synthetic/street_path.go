package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// StreetCameraHeightM is the exact height of the camera above the road in
// synthetic:street.
const StreetCameraHeightM = 1.65

// streetPath is a drive: slower in turns, with the nodding of a car on springs.
type streetPath struct {
	line   spline
	tt     timetable
	shake  [3]wander // yaw, pitch, roll in radians
	amp    [3]float64
	margin float64
}

// pathMarginM is how far a route's line begins before and ends after the drive.
const pathMarginM = 3

func newStreetPath(p cityPlan, lengthM float64, seed uint64) *streetPath {
	r := stream(seed, 4)
	path := &streetPath{amp: [3]float64{.002, .005, .004}, margin: pathMarginM}
	for k := range 3 {
		path.shake[k] = newWander(.3, 3, r)
	}
	path.line = spline{step: pathStepM, knots: p.knots(lengthM + 2*pathMarginM + 1)}
	limit := path.speedLimits(newWander(.004, .02, r))
	path.tt = newTimetable(lengthM, func(s, _ float64) float64 {
		f := (s + pathMarginM) / pathStepM
		i := min(int(f), len(limit)-2)
		return limit[i] + (limit[i+1]-limit[i])*min(f-float64(i), 1)
	})
	return path
}

// speedLimits returns the speed at every knot: about 10 m/s, less where the
// sideways acceleration would exceed 2.2 m/s^2, braking and speeding up with at
// most 1.5 m/s^2.
func (p *streetPath) speedLimits(mood wander) []float64 {
	const sideways, along = 2.2, 1.5
	k := p.line.knots
	v := make([]float64, len(k))
	for i := range v {
		v[i] = 10 + 1.4*min(max(mood.at(float64(i)*pathStepM), -1.4), 1.4)
		if a, b := i-10, i+10; a >= 0 && b < len(k) {
			d0, d1 := k[i].Sub(k[a]), k[b].Sub(k[i])
			bend := math.Abs(math.Atan2(d0.X*d1.Y-d0.Y*d1.X, d0.Dot(d1))) / (10 * pathStepM)
			v[i] = min(v[i], math.Sqrt(sideways/max(bend, 1e-6)))
		}
	}
	slow := func(i, before int) { v[i] = min(v[i], math.Sqrt(v[before]*v[before]+2*along*pathStepM)) }
	for i := 1; i < len(v); i++ {
		slow(i, i-1)
	}
	for i := len(v) - 2; i >= 0; i-- {
		slow(i, i+1)
	}
	return smoothValues(v, 15)
}

// smoothValues is smooth for numbers.
func smoothValues(v []float64, half int) []float64 {
	points := make([]geom.Vec3, len(v))
	for i, x := range v {
		points[i].X = x
	}
	out := make([]float64, len(v))
	for i, p := range smooth(points, half) {
		out[i] = p.X
	}
	return out
}

func (p *streetPath) durationS() float64 { return p.tt.durationS() }

// pose returns the camera's pose at time t; it looks along the tangent.
func (p *streetPath) pose(t float64) geom.SE3 {
	s := p.tt.distance(t) + p.margin
	const base = 1.2 // metres over which a car's heading follows its way
	ahead := p.line.at(s + base/2).Sub(p.line.at(s - base/2))
	yaw := math.Atan2(ahead.Y, ahead.X) + p.amp[0]*p.shake[0].at(t)
	pitch := .03 + p.amp[1]*p.shake[1].at(t)
	roll := p.amp[2] * p.shake[2].at(t)
	pos := p.line.at(s)
	pos.Z = StreetCameraHeightM
	return geom.SE3{R: orientation(yaw, pitch, roll), T: pos}
}
