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
// route over it that starts eastward along row 0.
type cityPlan struct {
	pitchM float64
	legs   []leg // of one time round; the route goes on with the first
}

// leg is a straight piece of a route, from crossing to crossing, and the turn at
// its end.
type leg struct {
	blocks int
	right  bool
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

// cityPlans make the plans of the drives, by name; closes is false where lengthM
// is too short to come back to the start.
var cityPlans = map[string]func(lengthM float64) (p cityPlan, closes bool){"street": planStreet, "tour": planTour}

// planStreet returns the plan for a route of lengthM metres: round a rectangle
// of blocks on the left and back to the start, along the same street again, then
// round as many blocks on the right, and so on. So every round ends in a street
// that has been driven in the same direction before.
func planStreet(lengthM float64) (p cityPlan, closes bool) {
	rounds := max(int(math.Round(lengthM/usualRoundM)), 1)
	perimeter := max((lengthM-min(revisitM, revisit*lengthM))/float64(rounds), leastRoundM)
	blocks := max(int(math.Round(perimeter/2/usualPitchM)), 2)
	nx := (blocks + 1) / 2
	ny := blocks - nx
	p.legs = []leg{{nx, false}, {ny, false}, {nx, false}, {ny, false}}
	lost := cornerLossM(p.legs)
	if rounds > 1 {
		right := []leg{{nx, true}, {ny, true}, {nx, true}, {ny, true}}
		lost = (lost + cornerLossM(right)) / 2
		p.legs = append(p.legs, right...)
	}
	p.pitchM = (perimeter + lost) / float64(2*blocks)
	return p, lengthM >= leastLoopM
}

// planTour returns the plan for a route of lengthM metres through streets that
// are all new until it comes back to its start: to and fro through a rectangle of
// blocks, one street farther each time, and back along its western edge.
func planTour(lengthM float64) (p cityPlan, closes bool) {
	perimeter := max(lengthM-min(revisitM, revisit*lengthM), leastRoundM)
	crossings := perimeter / usualPitchM // one a block
	rows := max(2*int(math.Round(math.Sqrt(crossings)/2)), 2)
	columns := max(int(math.Round(crossings/float64(rows))), 2)
	p.legs = append(p.legs, leg{columns - 1, false})
	for row := 1; row < rows-1 && columns > 2; row += 2 {
		p.legs = append(p.legs, leg{1, false}, leg{columns - 2, true}, leg{1, true}, leg{columns - 2, false})
	}
	if columns == 2 {
		p.legs = append(p.legs, leg{rows - 1, false}, leg{1, false}, leg{rows - 1, false})
	} else {
		p.legs = append(p.legs, leg{1, false}, leg{columns - 1, false}, leg{rows - 1, false})
	}
	p.pitchM = (perimeter + cornerLossM(p.legs)) / float64(rows*columns)
	return p, lengthM >= leastLoopM
}

// Radii of the turns, and how far before a crossing they begin.
const (
	leftRadiusM  = 9.0
	rightRadiusM = 8.0
	leftLeadM    = leftRadiusM - laneM
	rightLeadM   = rightRadiusM + laneM
)

// corner returns the radius of the turn, where it begins and its angle to the left.
func (l leg) corner() (radiusM, leadM, turn float64) {
	if l.right {
		return rightRadiusM, rightLeadM, -math.Pi / 2
	}
	return leftRadiusM, leftLeadM, math.Pi / 2
}

// cornerLossM is by how much a round with its corners is shorter than its streets.
func cornerLossM(round []leg) (lost float64) {
	for _, l := range round {
		radius, lead, _ := l.corner()
		lost += 2*lead - radius*math.Pi/2
	}
	return lost
}

// startM is how far east of the first crossing the route starts.
const startM = 14

// knots returns the route, pathStepM apart, for at least lengthM metres.
func (p cityPlan) knots(lengthM float64) []geom.Vec3 {
	way := route{pos: geom.Vec3{X: startM, Y: -laneM}}
	done := float64(startM) // of the leg
	for i := 0; float64(len(way.points))*pathStepM < lengthM; i++ {
		l := p.legs[i%len(p.legs)]
		radius, lead, turn := l.corner()
		way.straight(float64(l.blocks)*p.pitchM - done - lead)
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
