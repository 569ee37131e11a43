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

// A walk goes on over its beginning after its loop, for overlapM but at most the
// share overlap of its length: long enough for a loop to be seen from several
// keyframes.
const (
	overlapM = 1.5
	overlap  = .08
)

// gait is a way on foot and how the walker looks about on it.
type gait struct {
	knots      []geom.Vec3 // of the floor below the camera, longer than the walk by two lookAheadM
	lengthM    float64
	loopM      float64 // after which looking about repeats
	scansALoop float64
	lookAheadM float64
	yawScan    float64 // radians
}

// walkPath is a walk with the camera in hand, looking ahead and about, with the
// sway of steps and an unsteady hand.
type walkPath struct {
	gait
	line        spline
	tt          timetable
	sway        [3]wander // metres of deviation: along, across, up
	turn        [3]wander // radians of deviation: yaw, pitch, roll
	tremor      [3]wander
	scan, nod   float64 // phases
	stepHz      float64
	eyeM        float64
	pitchMean   float64
	bobM        float64
	tremorAngle float64
}

// newWalk returns the walk of a gait.
func newWalk(g gait, seed uint64) *walkPath {
	r := stream(seed, 4)
	path := &walkPath{gait: g, scan: uniform(r, 0, 2*math.Pi), nod: uniform(r, 0, 2*math.Pi), stepHz: uniform(r, 1.6, 1.9),
		eyeM: 1.4, pitchMean: .16, bobM: .012, tremorAngle: .0015}
	for k := range 3 {
		path.sway[k] = newWander(.1, .6, r)
		path.turn[k] = newWander(.15, 1.1, r)
		path.tremor[k] = newWander(3, 8, r)
	}
	path.line = spline{step: pathStepM, knots: g.knots}
	pace := newWander(.05, .3, r)
	path.tt = newTimetable(g.lengthM, func(s, t float64) float64 {
		start := min(s/.5, 1)
		return (.72 + .1*pace.at(t)) * (.25 + .75*start*start*(3-2*start))
	})
	return path
}

func (p *walkPath) durationS() float64 { return p.tt.durationS() }

// ground returns the point of the floor that the way has at a distance, and the
// heading there.
func (p *walkPath) ground(s float64) (here geom.Vec3, heading, slope float64) {
	here = p.line.at(s)
	ahead := p.line.at(s + p.lookAheadM).Sub(here)
	return here, math.Atan2(ahead.Y, ahead.X), math.Atan2(ahead.Z, math.Hypot(ahead.X, ahead.Y))
}

// slopeShare is how much of a flight's slope the camera looks up or down by: it
// looks at the way, not along it.
const slopeShare = .6

// pose returns the camera's pose at time t.
func (p *walkPath) pose(t float64) geom.SE3 {
	s := p.tt.distance(t)
	here, heading, slope := p.ground(s)
	lap := 2 * math.Pi * s / p.loopM
	walking := 2 * math.Pi * p.stepHz * t
	yaw := heading + p.yawScan*math.Sin(p.scansALoop*lap+p.scan) + .045*p.turn[0].at(t) + p.tremorAngle*p.tremor[0].at(t)
	pitch := p.pitchMean + .1*math.Sin(2*lap+p.nod) + .03*p.turn[1].at(t) + p.tremorAngle*p.tremor[1].at(t) + .004*math.Sin(walking)
	roll := .025*p.turn[2].at(t) + p.tremorAngle*p.tremor[2].at(t)
	side := geom.Vec3{X: -math.Sin(heading), Y: math.Cos(heading)}
	pos := here.Add(side.Scale(.03 * p.sway[1].at(t)))
	pos.Z = p.eyeM + .03*p.sway[2].at(t) + p.bobM*math.Sin(walking) + .08*math.Sin(lap) + here.Z
	return geom.SE3{R: orientation(yaw, pitch-slopeShare*slope, roll), T: pos}
}
