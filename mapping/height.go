package mapping

import (
	"iter"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Ground turns a known camera height into metres: at each keyframe the plane
// under the camera is aligned between its picture and the one before, which
// gives the length of the step between them in camera heights.
type Ground struct {
	HeightM float64
	normal  geom.Vec3 // expected unit normal towards the ground, in the camera
	heights int       // measurements taken
}

const (
	groundMinStep = .1 // metres between two keyframes that are compared
	groundGate    = .3 // largest surprise in log-scale once the map is metric
	groundLearn   = .1 // rate at which the expected normal follows the measured ones
)

// Metric reports whether the map has been brought to metres.
func (g *Ground) Metric() bool { return g.heights > 0 }

// measure compares keyframe k with the one before; tiltStd is how well the
// expected normal is known [rad]. It returns the factor that
// brings the map to metres, and sets k.StepM, the metric length of the step.
func (g *Ground) measure(prev, k *Keyframe, tiltStd float64) (factor float64, ok bool) {
	if g.HeightM <= 0 {
		return 1, false
	}
	step := k.Pose.T.Sub(prev.Pose.T).Norm()
	var plane groundPlane
	if g.Metric() {
		if step < groundMinStep {
			return 1, false
		}
		plane, ok = alignGround(prev, k, g.normal.Scale(1/g.HeightM), g.normal, tiltStd)
	} else {
		plane, ok = g.firstPlane(prev, k)
	}
	if !ok {
		return 1, false
	}
	factor = g.HeightM * plane.q.Norm()
	if g.Metric() && math.Abs(math.Log(factor)) > groundGate {
		return 1, false
	}
	g.learn(plane.q.Unit())
	k.StepM, k.StepLogStd = step*factor, plane.logStd
	return factor, true
}

func (g *Ground) learn(n geom.Vec3) {
	g.heights++
	g.normal = g.normal.Scale(1 - groundLearn).Add(n.Scale(groundLearn)).Unit()
}

// firstPlane searches height and pitch where neither is known.
func (g *Ground) firstPlane(prev, k *Keyframe) (groundPlane, bool) {
	var best groundPlane
	var bestNormal geom.Vec3
	for deg := -6.0; deg <= 6; deg += 2 {
		s, c := math.Sincos(deg * math.Pi / 180)
		n := geom.Vec3{Y: c, Z: s}
		if q, ncc := searchGround(prev, k, n); ncc > best.ncc {
			best, bestNormal = groundPlane{q: q, ncc: ncc}, n
		}
	}
	if best.ncc < groundMinNCC {
		return best, false
	}
	plane, ok := alignGround(prev, k, best.q, bestNormal, groundTiltStd)
	if ok {
		g.normal = plane.q.Unit()
	}
	return plane, ok
}

// stepLength is the metric length of the step between two keyframes:
// r = (log |t_b - t_a| - log L)/sigma. Variables: both poses.
type stepLength struct {
	a, b   *poseVar
	logM   float64
	weight float64
}

func (f *stepLength) Dim() int { return 1 }

func (f *stepLength) Linearize(r []float64, j [][]float64) bool {
	d := f.b.pose.T.Sub(f.a.pose.T)
	n := d.Norm()
	if n < 1e-6 {
		return false
	}
	r[0] = (math.Log(n) - f.logM) * f.weight
	if j == nil {
		return true
	}
	u := d.Scale(f.weight / (n * n))
	set6(j[0], f.a.pose.R.TMulVec(u).Scale(-1), geom.Vec3{})
	set6(j[1], f.b.pose.R.TMulVec(u), geom.Vec3{})
	return true
}

// addSteps enters the metric steps between keyframes of the problem.
func (b *bundle) addSteps() {
	for _, k := range b.m.Keyframes {
		if k.StepM <= 0 || k.ID == 0 {
			continue
		}
		va, okA := b.poses[k.ID-1]
		vb, okB := b.poses[k.ID]
		if !okA || !okB {
			continue
		}
		b.p.AddFactor(&stepLength{va, vb, math.Log(k.StepM), 1 / k.StepLogStd},
			geom.Kernel{Kind: geom.Huber, Delta: 1.5}, b.poseIDs[k.ID-1], b.poseIDs[k.ID])
	}
}

// Rescale multiplies all lengths of a part by a factor.
func (m *Map) Rescale(part int, factor float64) {
	m.moved++
	for _, k := range m.Keyframes {
		if k.Part == part {
			k.Pose.T = k.Pose.T.Scale(factor)
			k.LogScale += math.Log(factor)
			k.Unit *= factor
		}
	}
	for l := range m.landmarks.all() {
		if m.Keyframes[l.Host].Part == part {
			l.InvDepth /= factor
		}
	}
}

// measureAgain measures all steps of a part once more, with the poses of the
// adjusted map: an error of the pitch between two keyframes is one of the height,
// and so is one of the plane: 1 milliradian is .5 to 1 % of it.
func (m *Mapper) measureAgain(part int) {
	if !m.Ground.Metric() {
		return
	}
	g := m.Ground
	g.normal = g.mounted(m.Map.stepDirections(part))
	for prev, k := range m.Map.steps(part) {
		k.StepM = 0
		m.Map.Open(prev)
		m.Map.Open(k)
		again := g // every step expects the same
		again.measure(prev, k, mountedTiltStd)
	}
}

// steps are the pairs of a keyframe and the one before it, both of a part and
// neither culled: a keyframe that goes takes the steps at it along.
func (m *Map) steps(part int) iter.Seq2[*Keyframe, *Keyframe] {
	return func(yield func(prev, k *Keyframe) bool) {
		for i := 1; i < len(m.Keyframes); i++ {
			prev, k := m.Keyframes[i-1], m.Keyframes[i]
			if prev.Part == part && k.Part == part && !prev.Culled() && !k.Culled() && !yield(prev, k) {
				return
			}
		}
	}
}

const (
	mountedTiltStd = .006 // of the plane under a car: springs and crests, radians
	mountedStepStd = .01  // of the angle between a step and the ground
	mountedGate    = .1   // a step that climbs more than this tells nothing of the ground
)

// stepDirections are the directions in which the camera of a part moves, each as
// the mean of what the keyframes at its two ends say.
func (m *Map) stepDirections(part int) (out []geom.Vec3) {
	for prev, k := range m.steps(part) {
		if k.StepM <= 0 {
			continue
		}
		d := k.Pose.T.Sub(prev.Pose.T).Unit()
		out = append(out, k.Pose.R.TMulVec(d).Add(prev.Pose.R.TMulVec(d)).Unit())
	}
	return out
}

// mounted is the normal of the ground in a camera that moves along it at one
// height: no step has a part along it. The other angle, about the direction of the
// motion, is that of the planes measured so far.
func (g *Ground) mounted(steps []geom.Vec3) geom.Vec3 {
	n := g.normal
	for range 3 {
		u := n.Cross(geom.Vec3{Z: 1}).Unit()
		v := n.Cross(u)
		const held = 1 / (groundTiltStd * groundTiltStd)
		huu, huv, hvv := held, 0.0, held
		off := n.Sub(g.normal)
		gu, gv := -held*u.Dot(off), -held*v.Dot(off)
		for _, d := range steps {
			up := n.Dot(d)
			if math.Abs(up) > mountedGate {
				continue
			}
			const w = 1 / (mountedStepStd * mountedStepStd)
			du, dv := u.Dot(d), v.Dot(d)
			huu, huv, hvv = huu+w*du*du, huv+w*du*dv, hvv+w*dv*dv
			gu, gv = gu-w*du*up, gv-w*dv*up
		}
		det := huu*hvv - huv*huv
		n = n.Add(u.Scale((hvv*gu - huv*gv) / det)).Add(v.Scale((huu*gv - huv*gu) / det)).Unit()
	}
	return n
}
