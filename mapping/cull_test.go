package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
)

// crowded returns a map in which a camera lingers before the same points, long
// enough for keyframes to be culled.
func crowded(t *testing.T) (*Mapper, *synthetic) {
	t.Helper()
	w := newSynthetic(syntheticSpec{keyframes: cullFrom + 20, points: 60})
	for i, k := range w.m.Keyframes { // one place, seen again and again
		w.truth[i] = geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: .01 * float64(i%7), Y: .02 * float64(i%5)}}
		k.Pose = w.truth[i]
	}
	m := NewMapper(Default(), &fakeMatcher{}, nil)
	m.use(NewMap(images.Options{Budget: math.MaxInt}))
	for i, pose := range w.truth {
		k := &Keyframe{Pose: pose, Camera: testCamera, Unit: 1, Frame: i, Time: float64(i)}
		for id, p := range w.points {
			if u := testCamera.Project(pose.ApplyInverse(p)); testCamera.Contains(u, 2) {
				k.Features = append(k.Features, Feature{Landmark: id, Pixel: u})
			}
		}
		m.Map.addKeyframe(k)
		m.loops.index.Add(k.ID, nil)
	}
	for id, p := range w.points {
		if l, ok := m.Map.landmarks.find(id); ok {
			l.InvDepth = 1 / m.Map.Keyframes[l.Host].Pose.ApplyInverse(p).Z
		}
	}
	return m, w
}

func TestCull(t *testing.T) {
	m, w := crowded(t)
	last := m.Map.Keyframes[len(m.Map.Keyframes)-1]
	m.Map.Keyframes[40].Tether = &Tether{From: 39}
	m.Map.tethered[39] = true
	link := func(from, to, inliers int) *Link {
		z := m.Map.Keyframes[from].Pose.Between(m.Map.Keyframes[to].Pose)
		return &Link{From: from, To: to, Z: geom.Sim3FromSE3(z, 1), Inliers: inliers, units: [2]float64{1, 1}}
	}
	for i := range 30 {
		m.loops.links = append(m.loops.links, link(2+i, 60+i, 40+i))
		m.loops.pending = append(m.loops.pending, link(3+i, 61+i, 40+i))
	}
	m.Map.Keyframes[50].StepM, m.Map.Keyframes[51].StepM = .1, .1
	for range 100 {
		m.cull(last)
	}
	var gone int
	for _, k := range m.Map.Keyframes {
		if k.Culled() {
			gone++
			if len(k.Features) > 0 || !imagesOf(t, m.Map, k).Gray.Empty() {
				t.Errorf("keyframe %d was culled and still holds something", k.ID)
			}
		}
	}
	if gone < 60 {
		t.Errorf("%d of %d keyframes of one place were culled", gone, len(m.Map.Keyframes))
	}
	for _, id := range []int{0, 39, 40, last.ID, last.ID - 1} {
		if m.Map.Keyframes[id].Culled() {
			t.Errorf("keyframe %d is needed and was culled", id)
		}
	}
	checkInvariants(t, m.Map)
	// Links went with those that are left, and are as true as before.
	pairs := make(map[[2]int]bool)
	for _, l := range m.loops.links {
		pairs[[2]int{l.From, l.To}] = true
		from, to := m.Map.Keyframes[l.From], m.Map.Keyframes[l.To]
		z := from.Pose.Between(to.Pose)
		if from.Culled() || to.Culled() || l.From == l.To || l.Z.T.Sub(z.T).Norm() > 1e-9 || geom.RotationAngle(l.Z.R.T().Mul(z.R)) > 1e-7 {
			t.Errorf("link %d-%d, culled: %v, %v: %v, want %v", l.From, l.To, from.Culled(), to.Culled(), l.Z.T, z.T)
		}
	}
	if len(m.loops.links) == 0 || len(pairs) != len(m.loops.links) || len(m.loops.links)+len(m.loops.pending) >= 60 {
		t.Errorf("%d links between %d pairs of keyframes, %d wait", len(m.loops.links), len(pairs), len(m.loops.pending))
	}
	if s := m.Map.Keyframes; s[50].Culled() && s[51].StepM > 0 {
		t.Error("a step of the road from a keyframe that was culled")
	}
	// The landmarks are where they were, in other hosts.
	for id, p := range w.points {
		if l, ok := m.Map.landmarks.find(id); ok && m.Map.Position(l).Sub(p).Norm() > 1e-9 {
			t.Errorf("landmark %d moved by %g m", id, m.Map.Position(l).Sub(p).Norm())
		}
	}
}

// A place that was driven through once is kept; driven through again it is redundant
// in a long run, though both times gave it landmarks that were never found again.
func TestCullWhatIsSeenAgain(t *testing.T) {
	m, _ := crowded(t)
	kfs := m.Map.Keyframes
	for l := range m.Map.landmarks.all() {
		for len(l.Obs) > cullWitness { // the last ones alone see it
			m.Map.forgetObservation(l, l.Obs[0])
		}
	}
	next := 1 << 20
	weak := func(a, b *Keyframe) {
		for i := range 60 {
			u := geom.Vec2{X: 40 + 9*float64(i), Y: 50 + 5*float64(i)}
			l := &Landmark{ID: next, Host: a.ID, Ray: testCamera.Ray(u), InvDepth: .2}
			next++
			m.Map.landmarks.put(l)
			m.Map.observe(l, a, u)
			m.Map.observe(l, b, u)
		}
	}
	k := kfs[len(kfs)-1]
	weak(kfs[len(kfs)-2], k)
	if m.redundant(k, cullLasting) {
		t.Error("a keyframe whose landmarks two others see is redundant")
	}
	for l := range m.Map.landmarks.all() {
		if len(l.Obs) == cullWitness { // the place is seen again
			m.Map.observe(l, kfs[10], k.Camera.Project(kfs[10].Pose.ApplyInverse(m.Map.Position(l))))
		}
	}
	if m.redundant(k, 1) {
		t.Error("in a short run too")
	}
	if !m.redundant(k, cullLasting) {
		t.Error("a keyframe whose lasting landmarks three others see is not redundant for those that nobody found again")
	}
}

// A link that was moved and that the map contradicts goes; one that fits stays, and
// so does one that still has its features.
func TestDropStale(t *testing.T) {
	m, _ := crowded(t)
	off := geom.ExpSE3(geom.Tangent6{2})
	link := func(from, to int, by geom.SE3) *Link {
		z := m.Map.Keyframes[from].Pose.Between(m.Map.Keyframes[to].Pose).Mul(by)
		return &Link{From: from, To: to, Z: geom.Sim3FromSE3(z, 1), Inliers: 50, units: [2]float64{1, 1}}
	}
	still := geom.SE3{R: geom.Identity3()}
	m.loops.links = []*Link{link(2, 60, still), link(3, 61, off), link(4, 62, off)}
	m.loops.links[2].pairs = []linkPair{{depthM: 4}}
	m.loops.dropStale(0)
	if len(m.loops.links) != 2 || m.loops.links[0].From != 2 || m.loops.links[1].From != 4 {
		t.Errorf("left are %v", m.loops.links)
	}
}

// What was culled moves, turns, stretches and joins with its parent.
func TestCarry(t *testing.T) {
	m, w := crowded(t)
	for range 100 {
		m.cull(m.Map.Keyframes[len(m.Map.Keyframes)-1])
	}
	m.Map.rescale(0, 2)
	move := geom.ExpSE3(geom.Tangent6{1, 2, 3, .1, .2, .3})
	for _, k := range m.Map.Keyframes {
		if !k.Culled() {
			k.Pose, k.Part = move.Mul(k.Pose), 5
		}
	}
	m.Map.allMoved = true
	m.Map.moveChildren()
	for i, k := range m.Map.Keyframes {
		want := w.truth[i]
		want.T = want.T.Scale(2)
		want = move.Mul(want)
		if d := k.Pose.T.Sub(want.T).Norm(); d > 1e-9 || geom.RotationAngle(k.Pose.R.T().Mul(want.R)) > 1e-9 || k.Unit != 2 || k.Part != 5 {
			t.Fatalf("keyframe %d, culled: %v: off by %g m, unit %g, part %d", i, k.Culled(), d, k.Unit, k.Part)
		}
	}
}
