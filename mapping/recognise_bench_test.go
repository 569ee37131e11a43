package mapping

import (
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/internal/descriptors"
	"github.com/metricslam/metricslam/mapping/recognition"
)

// BenchmarkRecognise is the search for the place of a new keyframe among 500
// others of 1000 features, and the verification of what is found.
func BenchmarkRecognise(b *testing.B) {
	w := newRing(b, ringSpec{metric: true}, ringLap+1)
	last := w.Map.Keyframes[ringLap+1]
	for _, k := range w.Map.Keyframes {
		im := imagesOf(b, w.Map, k)
		list, _ := im.Keypoints.All()
		for len(list) < 1000 {
			u := geom.Vec2{X: 640 * w.rand.Float64(), Y: 480 * w.rand.Float64()}
			list = append(list, recognition.Keypoint{Pixel: u, Desc: descriptors.Random(w.rand)})
		}
		im.Keypoints = images.NewKeypoints(list)
		putImages(b, w.Map, k, im)
	}
	w.loops.index = recognition.NewIndex()
	for i := range 500 {
		if i > ringLap+1 {
			k := &Keyframe{ID: i, Part: 1, Camera: testCamera}
			w.Map.Keyframes = append(w.Map.Keyframes, k)
			putImages(b, w.Map, k, images.Images{Keypoints: images.NewKeypoints(randomImage(w.rand, 1000))})
		}
		if i != ringLap+1 {
			if err := w.loops.enter(w.Map.Keyframes[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if links, err := w.loops.detect(last); err != nil || len(links) == 0 {
			b.Fatal("not recognised")
		}
	}
}

func randomImage(r *rand.Rand, n int) []recognition.Keypoint {
	p := make([]recognition.Keypoint, n)
	for i := range p {
		p[i].Desc = descriptors.Random(r)
	}
	return p
}
