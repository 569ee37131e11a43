package mapping

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// TestReturned: a loop that landmarks closed, because the map had not drifted, is
// told by a link, and by one alone.
func TestReturned(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap+2)
	for i := ringLap; i < ringLap+3; i++ {
		k := w.Map.Keyframes[i]
		if links := len(w.loops.links); i == ringLap && links != 0 {
			t.Fatalf("%d links before the return", links)
		}
		back := 0
		for _, f := range append([]Feature(nil), k.Features...) {
			if old := w.Map.landmarks.get(f.Landmark % lapShift); f.Landmark >= lapShift && old != nil {
				w.addLandmark(k, old, f.Pixel)
				back++
			}
		}
		if back < returnShared {
			t.Fatalf("keyframe %d takes up %d landmarks, too few for this test", i, back)
		}
		w.loops.index.Remove(k.ID)
		if err := w.closeLoops(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.loops.links) != 1 {
		t.Fatalf("%d links, want one", len(w.loops.links))
	}
	l := w.loops.links[0]
	d := w.truth[l.From].Between(w.truth[l.To]).Inverse().Mul(l.Z.SE3())
	if d.T.Norm() > .02 || geom.RotationAngle(d.R) > .005 {
		t.Errorf("the link of %d and %d is off by %.3f m and %.4f rad", l.From, l.To, d.T.Norm(), geom.RotationAngle(d.R))
	}
	if l.From > 3 {
		t.Errorf("keyframe %d was recognised as %d", l.To, l.From)
	}
}

// TestStaysInSight: what never left the image does not return.
func TestStaysInSight(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap)
	first, last := w.Map.Keyframes[0], w.Map.Keyframes[ringLap]
	w.loops.index.Remove(last.ID)
	for _, k := range w.Map.Keyframes[1:] {
		for _, f := range first.Features[:2*returnShared] {
			w.addLandmark(k, w.Map.landmarks.get(f.Landmark), f.Pixel)
		}
	}
	if l, err := w.loops.revisited(last); err != nil || l != nil {
		t.Errorf("a link %+v, %v", l, err)
	}
}
