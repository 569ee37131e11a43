package ground

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Estimator turns a known camera height into metres: between two views one after
// the other it measures the length of the step in camera heights.
type Estimator struct {
	HeightM float64   // of the camera; 0 = unknown
	Normal  geom.Vec3 // expected unit normal towards the ground, in the camera
	Count   int       // measurements taken

	recent [recentPlanes]recentPlane // the last planes, believed or not
	seen   int                       // planes that were ever among them
}

// recentPlane is a plane as it was measured: one that surprises is believed once
// others say the same.
type recentPlane struct {
	logFactor float64   // of the metres that one length of the map had
	normal    geom.Vec3 // in the camera
}

// Metric reports whether the map has been brought to metres.
func (e *Estimator) Metric() bool { return e.Count > 0 }

// Step is the way between two views as the ground measures it.
type Step struct {
	Factor  float64 // metres that one length of the map has
	LengthM float64
	LogStd  float64 // deviation of the logarithm of both
}

// Seen is the plane of the ground between two views, before it is believed.
type Seen struct {
	plane
	length float64 // of the step, in the map
	ok     bool
}

// Measure compares a view with the one before; tiltStd is how well the expected
// normal is known, in radians. ok is false where the ground does not tell, and where
// what it tells is not confirmed: by the map once that is metric, or by other planes.
func (e *Estimator) Measure(prev, view View, tiltStd float64) (s Step, ok bool) {
	return e.Judge(e.Look(prev, view, tiltStd))
}

// Look is the first half of Measure: it finds the plane and changes nothing.
func (e *Estimator) Look(prev, view View, tiltStd float64) Seen {
	s := Seen{length: view.Pose.T.Sub(prev.Pose.T).Norm()}
	switch {
	case e.HeightM <= 0:
	case !e.Metric():
		s.plane, s.ok = e.firstPlane(prev, view)
	case s.length >= minStepM:
		s.plane, s.ok = align(prev, view, e.Normal.Scale(1/e.HeightM), e.Normal, tiltStd)
	}
	return s
}

// Judge is the second half: it says whether what was seen is believed.
func (e *Estimator) Judge(seen Seen) (s Step, ok bool) {
	if !seen.ok {
		return s, false
	}
	now := recentPlane{math.Log(e.HeightM * seen.q.Norm()), seen.q.Unit()}
	normal, agreed := e.agreement(now)
	e.recent[e.seen%recentPlanes] = now
	e.seen++
	switch {
	case e.Metric() && math.Abs(now.logFactor) < gateLog:
		e.learn(now.normal)
	case agreed: // the map, or what it was brought to metres by, is wrong
		e.Normal = normal
		e.Count++
	default:
		return s, false
	}
	factor := math.Exp(now.logFactor)
	return Step{factor, seen.length * factor, seen.logStd}, true
}

// agreement reports whether enough of the last planes say the same as a new one, and
// returns the mean of their normals. A single plane may be a false one: shadows,
// kerbs and lines along the road correlate at other heights too.
func (e *Estimator) agreement(now recentPlane) (normal geom.Vec3, ok bool) {
	normal = now.normal
	n := 0
	for _, p := range e.recent[:min(e.seen, recentPlanes)] {
		if math.Abs(p.logFactor-now.logFactor) < agreeLog {
			normal = normal.Add(p.normal)
			n++
		}
	}
	return normal.Unit(), n >= agreePlanes
}

// Rescaled says that all lengths of the map were multiplied by a factor.
func (e *Estimator) Rescaled(factor float64) {
	for i := range e.recent {
		e.recent[i].logFactor -= math.Log(factor)
	}
}

// Restarted says that the lengths of the map are others from now on: a new part began.
func (e *Estimator) Restarted() { e.seen = 0 }

func (e *Estimator) learn(n geom.Vec3) {
	e.Count++
	e.Normal = e.Normal.Scale(1 - learnRate).Add(n.Scale(learnRate)).Unit()
}

// firstPlane searches height and pitch where neither is known.
func (e *Estimator) firstPlane(prev, view View) (plane, bool) {
	var best plane
	var bestNormal geom.Vec3
	p := newPair(prev, view, searchRadius)
	for deg := -searchPitch; deg <= searchPitch; deg += searchPitchStep {
		sin, cos := math.Sincos(float64(deg) * math.Pi / 180)
		n := geom.Vec3{Y: cos, Z: sin}
		if q, ncc := p.search(n); ncc > best.ncc {
			best, bestNormal = plane{q: q, ncc: ncc}, n
		}
	}
	if best.ncc < minNCC {
		return best, false
	}
	return align(prev, view, best.q, bestNormal, TiltStd)
}

// Mounted returns the normal of the ground in a camera that moves along it at one
// height, by the directions of its steps: no step has a part along the normal. The
// other angle, about the direction of motion, is that of the planes measured so far.
func (e *Estimator) Mounted(steps []geom.Vec3) geom.Vec3 {
	n := e.Normal
	for range 3 {
		u := n.Cross(geom.Vec3{Z: 1}).Unit()
		v := n.Cross(u)
		const held = 1 / (TiltStd * TiltStd)
		huu, huv, hvv := held, 0.0, held
		off := n.Sub(e.Normal)
		gu, gv := -held*u.Dot(off), -held*v.Dot(off)
		for _, d := range steps {
			up := n.Dot(d)
			if math.Abs(up) > climbGate {
				continue
			}
			const w = 1 / (climbStd * climbStd)
			du, dv := u.Dot(d), v.Dot(d)
			huu, huv, hvv = huu+w*du*du, huv+w*du*dv, hvv+w*dv*dv
			gu, gv = gu-w*du*up, gv-w*dv*up
		}
		det := huu*hvv - huv*huv
		n = n.Add(u.Scale((hvv*gu - huv*gv) / det)).Add(v.Scale((huu*gv - huv*gu) / det)).Unit()
	}
	return n
}
