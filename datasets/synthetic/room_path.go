package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// roomLoopM is about how long a loop through the flat is; longer paths go round
// more than once.
const roomLoopM = 24

// newRoomPath returns a walk of lengthM metres and the plan of the flat around
// it.
func newRoomPath(lengthM float64, seed uint64) (*walkPath, plan) {
	round := lengthM - min(overlapM, overlap*lengthM)
	laps := max(math.Round(round/roomLoopM), 1)
	loop := round / laps
	p := planOf(loop)
	g := gait{lengthM: lengthM, loopM: loop, scansALoop: 3, lookAheadM: min(.9, loop/8), yawScan: .5}
	if !p.divided {
		g.scansALoop = 1
	}
	g.knots = roomKnots(p, loop, lengthM+2*g.lookAheadM)
	return newWalk(g, seed), p
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
