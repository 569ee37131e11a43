package mapping

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// A camera that turns fast on the spot blurs its images, and bundle adjustment
// that takes their corners for sharp ones explains the noise by steps along it and
// depths to match. Told of the noise it stays on the spot.
func TestBundleKnowsNoise(t *testing.T) {
	turn := func(i int) geom.SE3 {
		a := float64(i)
		return geom.SE3{R: geom.ExpSO3(geom.Vec3{Y: -.08 * a}), T: geom.Vec3{X: -.01 * a}}
	}
	run := func(noisePx float64) (m, rad float64) {
		w := newSynthetic(syntheticSpec{keyframes: 8, points: 400, noisePx: .5, blurPx: 4, path: turn, depth: true, depthNoise: .1})
		for _, k := range w.m.Keyframes[1:7] {
			k.NoisePx = noisePx
		}
		for range 3 {
			if _, err := w.m.globalBundle(t.Context(), Default(), 0, .3, 0, 20, nil); err != nil {
				t.Fatal(err)
			}
		}
		checkInvariants(t, w.m)
		return w.poseErrors()
	}
	m, rad := run(4)
	blindM, blindRad := run(0)
	if m > .08 || rad > .02 || m > .65*blindM || rad > .65*blindRad {
		t.Errorf("off by %.3f m and %.4f rad; without knowing %.3f m and %.4f rad", m, rad, blindM, blindRad)
	}
}
