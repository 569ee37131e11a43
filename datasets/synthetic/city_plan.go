package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Cross section of every street in metres, from its middle outward.
const (
	laneM      = 1.7 // middle of the right lane
	kerbM      = 5.5
	facadeM    = 8.3
	houseDeepM = 10.0
	kerbHighM  = .12
)

// cityPlan is an endless grid of streets with crossings every pitchM, and a
// route over it: east along row 0 for nx blocks, then round nx x ny blocks on
// the left and back to the start, east along the same row again, then round as
// many blocks on the right, and so on. So every round ends in a street that has
// been driven in the same direction before.
type cityPlan struct {
	pitchM float64
	nx, ny int
	rounds int
}

// Limits of one round of the route.
const (
	usualRoundM = 900
	leastRoundM = 200
	usualPitchM = 83
	leastLoopM  = 225 // the shortest route that closes a loop
	revisitM    = 50  // how far the route goes on over known streets at its end,
	revisit     = .1  // but no more than this share of its length
)

// planCity returns the plan for a route of lengthM metres; closes is false
// where that is too short for one round.
func planCity(lengthM float64) (p cityPlan, closes bool) {
	p.rounds = max(int(math.Round(lengthM/usualRoundM)), 1)
	perimeter := max((lengthM-min(revisitM, revisit*lengthM))/float64(p.rounds), leastRoundM)
	blocks := max(int(math.Round(perimeter/2/usualPitchM)), 2)
	p.nx = (blocks + 1) / 2
	p.ny = blocks - p.nx
	// Rounded corners make a round to the right shorter than its streets.
	p.pitchM = (perimeter + cornerLossM(p.rounds)) / float64(2*blocks)
	return p, lengthM >= leastLoopM
}

// Radii of the turns, and how far before a crossing they begin.
const (
	leftRadiusM  = 9.0
	rightRadiusM = 8.0
	leftLeadM    = leftRadiusM - laneM
	rightLeadM   = rightRadiusM + laneM
)

// cornerLossM is by how much a round is shorter than its streets, on average.
func cornerLossM(rounds int) float64 {
	left := 8*leftLeadM - 2*math.Pi*leftRadiusM
	if rounds == 1 {
		return left
	}
	return (left + 8*rightLeadM - 2*math.Pi*rightRadiusM) / 2
}

// startM is how far east of the first crossing the route starts.
const startM = 14

// knots returns the route, pathStepM apart, for at least lengthM metres.
func (p cityPlan) knots(lengthM float64) []geom.Vec3 {
	way := route{pos: geom.Vec3{X: startM, Y: -laneM}}
	w, h := float64(p.nx)*p.pitchM, float64(p.ny)*p.pitchM
	done := float64(startM)
	for round := 0; float64(len(way.points))*pathStepM < lengthM; round++ {
		lead, radius, turn := leftLeadM, leftRadiusM, math.Pi/2
		if round%2 == 1 {
			lead, radius, turn = rightLeadM, rightRadiusM, -math.Pi/2
		}
		way.straight(w - done - lead)
		for _, leg := range []float64{h, w, h} {
			way.arc(radius*math.Pi/2, turn)
			way.straight(leg - 2*lead)
		}
		way.arc(radius*math.Pi/2, turn)
		done = lead
	}
	return smooth(way.points, 12)
}

// crossing is a place of the grid.
type crossing struct{ i, j int }

// at returns where the crossing is.
func (p cityPlan) at(c crossing) geom.Vec3 {
	return geom.Vec3{X: float64(c.i) * p.pitchM, Y: float64(c.j) * p.pitchM}
}

// near returns the crossing nearest to a point.
func (p cityPlan) near(q geom.Vec3) crossing {
	return crossing{int(math.Round(q.X / p.pitchM)), int(math.Round(q.Y / p.pitchM))}
}
