package frontend

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// BenchmarkTrackImage follows 400 keypoints through one 640x480 frame that was prepared.
func BenchmarkTrackImage(b *testing.B) {
	tex := texture{1}
	step := geom.Vec2{X: 3.3, Y: 1.7}
	still, moved := tex.shifted(640, 480, geom.Vec2{}), tex.shifted(640, 480, step)
	cfg := Default()
	cfg.MaxFeatures = 400
	tr := New(cfg)
	defer tr.Close()
	if err := tr.Track(still, nil); err != nil {
		b.Fatal(err)
	}
	if _, err := tr.Detect(); err != nil {
		b.Fatal(err)
	}
	first := append([]Track(nil), tr.Tracks()...)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		to, d := moved, step
		if n%2 == 1 {
			to, d = still, step.Scale(-1)
		}
		next, err := NewImage(to)
		if err != nil {
			b.Fatal(err)
		}
		if n%2 == 0 {
			tr.tracks = append(tr.tracks[:0], first...)
		}
		b.StartTimer()
		if err := tr.TrackImage(next, func(t Track) geom.Vec2 { return t.Pixel.Add(d).Add(geom.Vec2{X: 1}) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(tr.Tracks())), "tracks")
}

// BenchmarkNewImage prepares one 640x480 frame.
func BenchmarkNewImage(b *testing.B) {
	g := texture{1}.shifted(640, 480, geom.Vec2{})
	for b.Loop() {
		m, err := NewImage(g)
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}
