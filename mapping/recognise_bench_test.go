package mapping

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// BenchmarkRecognise is the search for the place of a new keyframe among 500
// others of 1000 features, and the verification of what is found.
func BenchmarkRecognise(b *testing.B) {
	w := newRing(b, ringSpec{metric: true}, ringLap+1)
	last := w.Map.Keyframes[ringLap+1]
	for _, k := range w.Map.Keyframes {
		for len(k.Place) < 1000 {
			u := geom.Vec2{X: 640 * w.rand.Float64(), Y: 480 * w.rand.Float64()}
			k.Place = append(k.Place, PlaceFeature{u, randomDescriptor(w.rand)})
		}
	}
	w.places = newPlaceIndex()
	for i := range 500 {
		if i > ringLap+1 {
			w.Map.Keyframes = append(w.Map.Keyframes, &Keyframe{ID: i, Part: 1, Camera: testCamera, Place: randomPlace(w.rand, 1000)})
		}
		if i != ringLap+1 {
			w.places.add(i, w.Map.Keyframes[i].Place)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if len(w.recognise(last)) == 0 {
			b.Fatal("not recognised")
		}
	}
}
