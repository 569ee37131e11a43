package mapping

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A map that images are localised in is not changed by it.
func TestLocalisingChangesNothing(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 20)
	if err := w.loops.enter(w.Map.Keyframes[20]); err != nil {
		t.Fatal(err)
	}
	before := stateOf(t, w.Mapper)
	found := 0
	for _, k := range w.Map.Keyframes {
		keypoints, err := w.Map.Keypoints(k)
		if err != nil {
			t.Fatal(err)
		}
		px, desc := make([]geom.Vec2, len(keypoints)), make([]slam.Descriptor, len(keypoints))
		for i, p := range keypoints {
			px[i], desc[i] = p.Pixel, p.Desc
		}
		at, ok, err := w.Relocalise(testCamera, px, desc, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		found++
		if _, err := w.FindLandmarks(imagesOf(t, w.Map, k).Gray, testCamera, at.Pose, at.Part); err != nil {
			t.Fatal(err)
		}
	}
	if found < 15 {
		t.Errorf("%d of 21 keyframes are recognised", found)
	}
	after := stateOf(t, w.Mapper)
	if d := cmp.Diff(before, after, wholeState); d != "" {
		t.Errorf("the map changed:\n%s", d)
	}
	for i := range before.Keyframes {
		if before.Images.Item(i) != after.Images.Item(i) {
			t.Errorf("keyframe %d has other images", i)
		}
	}
}
