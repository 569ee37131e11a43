package mapping

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Half a second after it was lost the camera is not on the other side of the ring,
// however many views of that side look alike; where it can be, it is believed.
func TestGapHoldsParts(t *testing.T) {
	for _, lostS := range []float64{.5, 60} {
		w := newRing(t, ringSpec{metric: true}, 20)
		w.NewPart(nil)
		for i := range 4 {
			w.truth = append(w.truth, ringPose(ringLap+22+i))
			w.addView(i*len(w.points), ringPose(i), 1, true)
		}
		w.Map.Keyframes[21].Gap = &Gap{From: 20, Z: geom.IdentitySE3(), DurationS: lostS}
		truth := w.truth
		w.truth = append([]geom.SE3(nil), truth...)
		for i := range 4 { // what looks alike: the first views
			w.truth[21+i] = truth[3+i]
		}
		alike := []*Link{w.seen(3, 21, geom.Tangent6{}, 90), w.seen(4, 22, geom.Tangent6{}, 90), w.seen(6, 24, geom.Tangent6{}, 90)}
		w.truth = truth
		w.takeLinks(t, alike...)
		if joined := w.Map.Keyframes[24].Part == 0; joined != (lostS > motionMaxS) {
			t.Errorf("lost for %g s, three views of another place: joined %v", lostS, joined)
		}
		checkInvariants(t, w.Map)
	}
}

// Where a camera that was lost can be is told by its speed.
func TestReachable(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 20)
	k := w.Map.Keyframes[20]
	far := w.Map.Keyframes[2]
	for _, c := range []struct {
		name string
		last *LastSeen
		at   *Keyframe
		want bool
	}{
		{"never seen", nil, far, true},
		{"where it was", &LastSeen{k.Pose, 1}, k, true},
		{"other side at once", &LastSeen{k.Pose, .2}, far, false},
		{"other side after a minute", &LastSeen{k.Pose, 60}, far, true},
	} {
		if got := w.Map.reachable(0, c.last)(c.at, c.at.Pose); got != c.want {
			t.Errorf("%s: reachable %v", c.name, got)
		}
	}
	keypoints, err := w.Map.Keypoints(far)
	if err != nil {
		t.Fatal(err)
	}
	px, desc := make([]geom.Vec2, len(keypoints)), make([]slam.Descriptor, len(keypoints))
	for i, p := range keypoints {
		px[i], desc[i] = p.Pixel, p.Desc
	}
	if _, ok, err := w.Relocalise(testCamera, px, desc, &LastSeen{k.Pose, .2}); err != nil || ok {
		t.Errorf("the camera is found where it cannot be: %v, %v", ok, err)
	}
	if _, ok, err := w.Relocalise(testCamera, px, desc, &LastSeen{far.Pose, .2}); err != nil || !ok {
		t.Errorf("the camera is not found where it was: %v, %v", ok, err)
	}
}

// A group is ambiguous where another place has nearly as many inliers, in its best
// link and in all together.
func TestAmbiguous(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap+6)
	link := func(from, to, inliers int) *Link { return &Link{From: from, To: to, Inliers: inliers} }
	for _, c := range []struct {
		name   string
		group  []*Link
		others []*Link
		want   bool
	}{
		{"alone", []*Link{link(0, 36, 40)}, nil, false},
		{"as good", []*Link{link(0, 36, 40)}, []*Link{link(20, 36, 40)}, true},
		{"clearly better", []*Link{link(0, 36, 70)}, []*Link{link(20, 36, 40)}, false},
		{"better together", []*Link{link(0, 36, 40), link(1, 37, 40)}, []*Link{link(20, 36, 40)}, false},
		{"the other together", []*Link{link(0, 36, 40), link(1, 37, 40)}, []*Link{link(20, 36, 40), link(21, 37, 40)}, true},
		{"of other views", []*Link{link(0, 36, 40)}, []*Link{link(20, 10, 90)}, false},
	} {
		w.loops.pending = append(append([]*Link(nil), c.group...), c.others...)
		if got := w.loops.ambiguous(c.group); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// What was rejected in a map is what one view alone must surpass.
func TestOneViewMustSurpassTheRejected(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap+6)
	l := &Link{From: 0, To: 36, Inliers: groupAlone}
	w.loops.pending = []*Link{l}
	if !w.loops.ready([]*Link{l}) {
		t.Error("a view with many inliers is not ready")
	}
	w.loops.pending = append(w.loops.pending, &Link{From: 9, To: 20, Inliers: groupAlone, tried: 1})
	if w.loops.ready([]*Link{l}) {
		t.Error("it is ready though as much was rejected")
	}
}
