package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A glimpse shows what a keyframe of the same frame would show, by the lens and
// the scale of the keyframe beside it.
func TestGlimpse(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 3)
	near := w.Map.Keyframes[3]
	f := &slam.Frame{Index: 7, Time: 2.5, Camera: testCamera, Gray: slam.NewGray(testCamera.W, testCamera.H), Color: slam.NewRGB(testCamera.W, testCamera.H)}
	for i := range f.Color.Pix {
		f.Color.Pix[i] = 90
	}
	depth := depthOf(8, 6, func(x, y int) float64 { return 1 + .1*float64(x+y) })
	depth.ScaleSigma = .1 // a network
	g := NewGlimpse(f, depth)
	var tracks []slam.Track
	for _, k := range near.Features {
		tracks = append(tracks, slam.Track{ID: k.Landmark, Pixel: k.Pixel})
	}
	tracks = append(tracks, slam.Track{ID: 1 << 30, Pixel: geom.Vec2{X: 5, Y: 5}}) // of no landmark
	near.Camera.Fx, near.Camera.Fy = 1.02*near.Camera.Fx, 1.02*near.Camera.Fy
	near.LogScale = .3
	for range 2 { // the packed form is as it was
		v := w.Map.GlimpseView(g, near.Pose, tracks, near)
		want := w.Map.View(near)
		if v.Time != 2.5 || v.Pose != near.Pose || len(v.Landmarks) != len(want.Landmarks) || len(v.Landmarks) == 0 {
			t.Fatalf("time %g, pose %v, %d landmarks, want %d", v.Time, v.Pose, len(v.Landmarks), len(want.Landmarks))
		}
		if c := v.Color.Pix[0]; math.Abs(float64(c)-90) > 3 || !v.Gray.Empty() {
			t.Errorf("colour %d, grey %v", c, !v.Gray.Empty())
		}
		if r := v.Camera.Fx / f.Camera.Resized(v.Camera.W, v.Camera.H).Fx; math.Abs(r-1.02) > 1e-9 {
			t.Errorf("the focal length changed by %g", r)
		}
		const stretch = 1.02 // as the focal length; fusion finds the scale of the rest
		for i, z := range v.Depth.Depth {
			if r := float64(z / depth.Depth[i]); math.Abs(r-stretch) > .001 {
				t.Fatalf("pixel %d is %g m, was %g", i, z, depth.Depth[i])
			}
		}
	}
	g.frame.Depth.ScaleSigma = 0
	if v := w.Map.GlimpseView(g, near.Pose, nil, near); math.Abs(float64(v.Depth.Depth[0]/depth.Depth[0])-math.Exp(.3)) > .001 || len(v.Landmarks) > 0 {
		t.Errorf("a sensor's depth is %g, was %g", v.Depth.Depth[0], depth.Depth[0])
	}
}
