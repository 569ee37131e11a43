package mapping

import (
	"math"
	"testing"
)

// A map whose scale drifts is stretched to its true lengths: what a keyframe
// measured before is worth as much more.
func TestStretchUnits(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 10, points: 200})
	drift := func(i int) float64 { return math.Exp(.05 * float64(i)) }
	for _, k := range w.m.Keyframes {
		k.Unit = 2
	}
	for l := range w.m.landmarks.all() {
		l.Host = l.Obs[l.ID%len(l.Obs)].KF
		l.InvDepth = .3 / drift(l.Host)
	}
	before := w.m.hostedDepths(0)
	for l := range w.m.landmarks.all() {
		l.InvDepth *= drift(l.Host)
		if l.ID%7 == 0 { // one that was wrong
			l.InvDepth *= 3
		}
	}
	w.m.stretchUnits(0, before)
	told := 0
	for i, k := range w.m.Keyframes {
		hosts := 0
		for _, f := range k.Features {
			if l := w.m.landmarks.get(f.Landmark); l.Host == k.ID {
				hosts++
			}
		}
		want := 2.0
		if hosts >= unitLandmarks {
			want, told = 2/drift(i), told+1
		}
		if math.Abs(k.Unit-want) > 1e-9 {
			t.Errorf("keyframe %d with %d landmarks: unit %.4f, want %.4f", i, hosts, k.Unit, want)
		}
	}
	if told < 2 {
		t.Errorf("%d keyframes host landmarks enough", told)
	}
}
