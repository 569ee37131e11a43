package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
)

func TestLocalBundleExact(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 8, points: 300})
	cfg := Default()
	cfg.Iterations = 30
	// The neighbours that hold the window are at their truth; the last three move.
	cfg.Window = 3
	w.disturb(5, .02, .01, 0)
	for id := range w.points { // hosts are the early keyframes: their depths go wrong too
		if l, ok := w.m.landmarks.find(id); ok {
			l.InvDepth *= 1 + .05*math.Sin(float64(id))
		}
	}
	for range 3 { // each ends at a relative step of 1e-4 in cost
		if _, err := w.m.localBundle(t.Context(), cfg, 7, 0); err != nil {
			t.Fatal(err)
		}
	}
	if m, rad := w.poseErrors(); m > 1e-6 || rad > 1e-6 {
		t.Errorf("poses are off by %.2g m and %.2g rad", m, rad)
	}
	checkInvariants(t, w.m)
}

func TestLocalBundleNoise(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 8, points: 300, noisePx: .5})
	cfg := Default()
	cfg.Window = 4
	w.disturb(4, .02, .01, .05)
	sum, err := w.m.localBundle(t.Context(), cfg, 7, 0)
	if err != nil {
		t.Fatal(err)
	}
	if m, rad := w.poseErrors(); m > .01 || rad > .003 {
		t.Errorf("poses are off by %.4f m and %.4f rad: %+v", m, rad, sum)
	}
	checkInvariants(t, w.m)
	var n int
	for l := range w.m.landmarks.all() {
		if len(l.Obs) >= 3 && (l.LogStd <= 0 || l.LogStd > .2) {
			n++
		}
	}
	if n > 5 {
		t.Errorf("%d landmarks seen three times have a deviation of more than 20 %%", n)
	}
}

// An observation of something else is found and forgotten; the poses do not care.
func TestLocalBundleForgetsOutliers(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 8, points: 300, noisePx: .3})
	spoiled := make(map[Observation]bool)
	for _, k := range w.m.Keyframes[4:] {
		for i := 3; i < len(k.Features); i += 12 {
			k.Features[i].Pixel = k.Features[i].Pixel.Add(geom.Vec2{X: 25, Y: -18})
			if w.m.landmarks.get(k.Features[i].Landmark).Host != k.ID {
				spoiled[Observation{k.ID, i}] = true
			}
		}
	}
	if _, err := w.m.localBundle(t.Context(), Default(), 7, 0); err != nil {
		t.Fatal(err)
	}
	var kept int
	for o := range spoiled {
		if w.m.Keyframes[o.KF].Features[o.Index].Landmark >= 0 {
			kept++
		}
	}
	if kept > len(spoiled)/20 || len(spoiled) < 20 {
		t.Errorf("%d of %d wrong observations are kept", kept, len(spoiled))
	}
	if m, rad := w.poseErrors(); m > .01 || rad > .003 {
		t.Errorf("poses are off by %.4f m and %.4f rad", m, rad)
	}
}

// The origin's scale holds the size of the map; every other one is found.
func TestGlobalBundleScales(t *testing.T) {
	truth := func(kf int) float64 { return .1 + .06*math.Sin(1.3*float64(kf)) }
	w := newSynthetic(syntheticSpec{
		keyframes: 10, points: 300, noisePx: .3, depth: true, depthNoise: .03, scaleSigma: .1, logScale: truth,
	})
	w.disturb(1, .02, .01, .05)
	w.m.Keyframes[0].LogScale = truth(0)
	cfg := Default()
	for range 3 {
		if _, err := w.m.globalBundle(t.Context(), cfg, 0, 1, .1, 20, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, k := range w.m.Keyframes {
		if math.Abs(k.LogScale-truth(i)) > .02 {
			t.Errorf("keyframe %d: s = %.3f, want %.3f", i, k.LogScale, truth(i))
		}
	}
	if m, rad := w.poseErrors(); m > .02 || rad > .003 {
		t.Errorf("poses are off by %.4f m and %.4f rad", m, rad)
	}
	checkInvariants(t, w.m)
}

func TestGlobalBundleSensor(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 10, points: 300, noisePx: .3, depth: true, depthNoise: .02})
	w.disturb(1, .02, .01, .05)
	if _, err := w.m.globalBundle(t.Context(), Default(), 0, 1, 0, 20, nil); err != nil {
		t.Fatal(err)
	}
	if m, rad := w.poseErrors(); m > .01 || rad > .003 {
		t.Errorf("poses are off by %.4f m and %.4f rad", m, rad)
	}
	for i, k := range w.m.Keyframes {
		if k.LogScale != 0 {
			t.Errorf("keyframe %d: a sensor has scale %g", i, k.LogScale)
		}
	}
}

// Nothing to adjust is no error.
func TestBundleOfNothing(t *testing.T) {
	m := NewMap(images.Options{Budget: math.MaxInt})
	if _, err := m.globalBundle(t.Context(), Default(), 0, 1, 0, 5, nil); err != nil {
		t.Error(err)
	}
	m.addKeyframe(&Keyframe{Pose: geom.IdentitySE3(), Camera: testCamera})
	for range 2 {
		if _, err := m.localBundle(t.Context(), Default(), len(m.Keyframes)-1, 0); err != nil {
			t.Error(err)
		}
		if _, err := m.globalBundle(t.Context(), Default(), 0, 1, 0, 5, nil); err != nil {
			t.Error(err)
		}
		m.addKeyframe(&Keyframe{Pose: walk(1), Camera: testCamera})
	}
	if m.Keyframes[1].Pose != walk(1) {
		t.Error("a keyframe without landmarks moved")
	}
}

// Results do not depend on the order of map iteration.
func TestBundleIsRepeatable(t *testing.T) {
	run := func() *synthetic {
		w := newSynthetic(syntheticSpec{keyframes: 8, points: 200, noisePx: .5, depth: true, depthNoise: .05, scaleSigma: .1})
		w.disturb(1, .02, .01, .05)
		if _, err := w.m.localBundle(t.Context(), Default(), 7, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := w.m.globalBundle(t.Context(), Default(), 0, .5, 0, 5, nil); err != nil {
			t.Fatal(err)
		}
		return w
	}
	a := run()
	for range 4 {
		b := run()
		for i := range a.m.Keyframes {
			if a.m.Keyframes[i].Pose != b.m.Keyframes[i].Pose || a.m.Keyframes[i].LogScale != b.m.Keyframes[i].LogScale {
				t.Fatalf("keyframe %d differs between two runs", i)
			}
		}
	}
}

// A metric step between two keyframes gives a map without depth its size.
func TestStepsHoldScale(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 6, points: 300, noisePx: .3})
	for i, k := range w.m.Keyframes[1:] {
		k.StepM, k.StepLogStd = w.truth[i+1].T.Sub(w.truth[i].T).Norm(), .01
	}
	w.m.rescale(0, 1.15) // the map is too large
	for range 3 {
		if _, err := w.m.globalBundle(t.Context(), Default(), 0, 1, 0, 20, nil); err != nil {
			t.Fatal(err)
		}
	}
	if m, _ := w.poseErrors(); m > .02 {
		t.Errorf("positions are off by %.3f m", m)
	}
}
