package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// A camera cannot jump. Where tracking was lost, and where few landmarks hold a step
// between two keyframes, the camera is about as far away as its speed brings it in the
// time between them. This contradicts a link to a place that only looks alike, however
// many images of it look alike.

// Gap is the time between the last frame that was tracked and the first keyframe of
// the part that was started when tracking was lost.
type Gap struct {
	From      int      // last keyframe before it
	Z         geom.SE3 // T_from_last: the last tracked pose, in lengths of the making of From
	DurationS float64
}

// motion is how fast the camera of a map moves: motionQuantile of the speeds between
// keyframes in a row.
type motion struct {
	speedMPS, rateRadPS float64
	known               bool
}

// motionOf measures the motion of the keyframes for which use is true.
func (m *Map) motionOf(use func(k *Keyframe) bool) motion {
	var speed, rate []float64
	var before *Keyframe
	for _, k := range m.Keyframes {
		if k.Culled() || !use(k) {
			continue
		}
		if dt, ok := inARow(before, k); ok {
			d := before.Pose.Between(k.Pose)
			speed, rate = append(speed, d.T.Norm()/dt), append(rate, geom.RotationAngle(d.R)/dt)
		}
		before = k
	}
	if len(speed) < motionSteps {
		return motion{}
	}
	slices.Sort(speed)
	slices.Sort(rate)
	i := int(motionQuantile * float64(len(speed)-1))
	return motion{speed[i], rate[i], true}
}

// inARow returns the time from keyframe a to the next one b of the same part and
// recording; ok is false where they are not, or too far apart to tell anything.
func inARow(a, b *Keyframe) (dtS float64, ok bool) {
	if a == nil || a.Part != b.Part || b.Frame <= a.Frame {
		return 0, false
	}
	dtS = b.Time - a.Time
	return dtS, dtS > 0 && dtS <= motionMaxS
}

// deviations returns how far the camera may get in a time, as deviations of
// translation and rotation: a quantile of .95 is two of them. Depth bounds how well a
// pose is known at all.
func (v motion) deviations(dtS, depthM float64) (shiftM, turnRad float64) {
	return math.Hypot(v.speedMPS*dtS/2, motionFloor*depthM), math.Hypot(v.rateRadPS*dtS/2, motionFloorRad)
}

// atMost shortens a step to what the camera moves in a time: a longer one is a slip.
func (v motion) atMost(step geom.Vec3, dtS float64) geom.Vec3 {
	if n, most := step.Norm(), v.speedMPS*dtS; n > most {
		return step.Scale(most / n)
	}
	return step
}

// addGap holds the first keyframe of a part to where the camera can have come from
// the frame where it was lost.
func (c *loopCloser) addGap(g *loopGraph, i int) {
	k := c.m.Keyframes[g.ids[i]]
	if k.Gap == nil || k.Gap.DurationS > motionMaxS || g.node[k.Gap.From] < 0 || !g.motion.known {
		return
	}
	z := k.Gap.Z
	z.T = z.T.Scale(c.m.Keyframes[k.Gap.From].Unit)
	shift, turn := g.motion.deviations(k.Gap.DurationS, c.m.sceneDepth(k))
	shift, turn = math.Hypot(shift, edgeStepShare*z.T.Norm()), math.Hypot(turn, edgeTurnShare*geom.RotationAngle(z.R))
	g.bounds = append(g.bounds, len(g.Edges))
	g.Edges = append(g.Edges, posegraph.Edge{From: g.node[k.Gap.From], To: i, Z: geom.Sim3FromSE3(z, 1), Info: posegraph.Diagonal(shift, turn, gapLogScale)})
}

// possible reports whether a solution asks of the camera nothing that it cannot have
// done between two keyframes or while it was lost.
func (g *loopGraph) possible() bool {
	for _, e := range g.bounds {
		edge := &g.Edges[e]
		d := geom.LogSim3(edge.Z.Inverse().Mul(g.Nodes[edge.From].Pose.Inverse().Mul(g.Nodes[edge.To].Pose)))
		d[6] = 0 // the parts may have scales of their own
		if chi2(&edge.Info, d) > linkChi2 {
			return false
		}
	}
	return true
}

// chi2 is the square of a tangent vector under an information matrix.
func chi2(info *posegraph.Information, e [7]float64) (sum float64) {
	for i := range 7 {
		sum += info[i][i] * e[i] * e[i]
		for j := i + 1; j < 7; j++ {
			sum += 2 * info[i][j] * e[i] * e[j]
		}
	}
	return sum
}
