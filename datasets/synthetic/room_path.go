package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// cameraPath is where the camera is at any time from 0 to durationS.
type cameraPath interface {
	pose(t float64) geom.SE3
	durationS() float64
}

// roomLoopM is about how long a loop through the flat is; longer paths go round
// more than once.
const roomLoopM = 24

// A walk goes on over its beginning after its loop, for overlapM but at most the
// share overlap of its length: long enough for a loop to be seen from several
// keyframes.
const (
	overlapM = 1.5
	overlap  = .08
)

// roomPath is a walk with the camera in hand: round the loop, looking ahead and
// about, with the sway of steps and an unsteady hand.
type roomPath struct {
	line        spline
	tt          timetable
	loopM       float64
	sway        [3]wander // metres of deviation: along, across, up
	turn        [3]wander // radians of deviation: yaw, pitch, roll
	tremor      [3]wander
	scan, nod   float64 // phases
	stepHz      float64
	lookAheadM  float64
	eyeM        float64
	yawScan     float64
	scansALoop  float64
	pitchMean   float64
	bobM        float64
	tremorAngle float64
}

// newRoomPath returns a walk of lengthM metres and the plan of the flat around
// it.
func newRoomPath(lengthM float64, seed uint64) (*roomPath, plan) {
	round := lengthM - min(overlapM, overlap*lengthM)
	laps := max(math.Round(round/roomLoopM), 1)
	loop := round / laps
	p := planOf(loop)
	r := stream(seed, 4)
	path := &roomPath{loopM: loop, scan: uniform(r, 0, 2*math.Pi), nod: uniform(r, 0, 2*math.Pi), stepHz: uniform(r, 1.6, 1.9),
		lookAheadM: min(.9, loop/8), eyeM: 1.4, yawScan: .5, scansALoop: 3, pitchMean: .16, bobM: .012, tremorAngle: .0015}
	if !p.divided {
		path.scansALoop = 1
	}
	for k := range 3 {
		path.sway[k] = newWander(.1, .6, r)
		path.turn[k] = newWander(.15, 1.1, r)
		path.tremor[k] = newWander(3, 8, r)
	}
	path.line = spline{step: pathStepM, knots: roomKnots(p, loop, lengthM+2*path.lookAheadM)}
	pace := newWander(.05, .3, r)
	path.tt = newTimetable(lengthM, func(s, t float64) float64 {
		start := min(s/.5, 1)
		return (.72 + .1*pace.at(t)) * (.25 + .75*start*start*(3-2*start))
	})
	return path, p
}

// planOf returns the plan whose loop has the length loopM.
func planOf(loopM float64) plan {
	half := loopM/2 + cornerCut(1)
	if loopM < 14 {
		half = loopM/2 + cornerCut(cornerRadius(loopM))
		return plan{a: half * .55, b: half * .45}
	}
	const b = 3.5
	return plan{a: half - b, b: b, divided: true}
}

func cornerRadius(loopM float64) float64 { return min(1, loopM*.1) }

// cornerCut is what rounding two corners with radius r saves of the way.
func cornerCut(r float64) float64 { return (4 - math.Pi) * r }

// roomKnots lays the loop from the middle of its lower side, as often as
// lengthM needs.
func roomKnots(p plan, loopM, lengthM float64) []geom.Vec3 {
	r := cornerRadius(loopM)
	way := route{pos: geom.Vec3{X: p.a / 2}}
	for float64(len(way.points))*pathStepM < lengthM {
		way.straight(p.a/2 - r)
		for _, side := range []float64{p.b, p.a, p.b} {
			way.arc(r*math.Pi/2, math.Pi/2)
			way.straight(side - 2*r)
		}
		way.arc(r*math.Pi/2, math.Pi/2)
		way.straight(p.a/2 - r)
	}
	return smooth(way.points, 2)
}

func (p *roomPath) durationS() float64 { return p.tt.durationS() }

// pose returns the camera's pose at time t.
func (p *roomPath) pose(t float64) geom.SE3 {
	s := p.tt.distance(t)
	here := p.line.at(s)
	ahead := p.line.at(s + p.lookAheadM).Sub(here)
	heading := math.Atan2(ahead.Y, ahead.X)
	lap := 2 * math.Pi * s / p.loopM
	walking := 2 * math.Pi * p.stepHz * t
	yaw := heading + p.yawScan*math.Sin(p.scansALoop*lap+p.scan) + .045*p.turn[0].at(t) + p.tremorAngle*p.tremor[0].at(t)
	pitch := p.pitchMean + .1*math.Sin(2*lap+p.nod) + .03*p.turn[1].at(t) + p.tremorAngle*p.tremor[1].at(t) + .004*math.Sin(walking)
	roll := .025*p.turn[2].at(t) + p.tremorAngle*p.tremor[2].at(t)
	side := geom.Vec3{X: -math.Sin(heading), Y: math.Cos(heading)}
	pos := here.Add(side.Scale(.03 * p.sway[1].at(t)))
	pos.Z = p.eyeM + .03*p.sway[2].at(t) + p.bobM*math.Sin(walking) + .08*math.Sin(lap)
	return geom.SE3{R: orientation(yaw, pitch, roll), T: pos}
}
