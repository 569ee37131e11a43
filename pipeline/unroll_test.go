package pipeline

import (
	"context"
	"math"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/rolling"
	"github.com/metricslam/metricslam/slam"
)

// told knows how a rendered camera moves, and its depths.
type told struct{ frame, next *slam.Frame }

func (m *told) motion() (rolling.Motion, bool) {
	x, dt := geom.LogSE3(m.frame.Truth.Between(*m.next.Truth)), m.next.Time-m.frame.Time
	return rolling.Motion{V: geom.Vec3{X: x[0], Y: x[1], Z: x[2]}.Scale(1 / dt), W: geom.Vec3{X: x[3], Y: x[4], Z: x[5]}.Scale(1 / dt)}, true
}

func (m *told) depths(d *rolling.Depths) {
	depth, err := m.frame.SensorDepth()
	if err != nil {
		return
	}
	for i := 0; i < len(depth.Depth); i += 97 {
		d.Add(geom.Vec2{X: float64(i % depth.W), Y: float64(i / depth.W)}, float64(depth.Depth[i]))
	}
}

// The images of a rolling shutter come out as those of a global one, each frame once
// and in order, the last one too.
func TestUnroll(t *testing.T) {
	const spec, n = "synthetic:room:5", 4
	frames := func(spec string) (out []*slam.Frame) {
		src, err := datasets.Open(t.Context(), spec, datasets.Options{Seed: 1, Start: 30, MaxFrames: n})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		for range n {
			f, err := src.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, f)
		}
		return out
	}
	global, rolled := frames(spec), frames(spec+",rolling=20")
	m := &told{}
	var got []*slam.Frame
	take, end := unrolled(.02, m, func(_ context.Context, f *slam.Frame) error {
		got = append(got, f)
		return nil
	})
	for i, f := range rolled {
		m.frame, m.next = rolled[max(i-3, 0)], rolled[max(i-2, 1)] // those handed on
		if err := take(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if err := end(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != n {
		t.Fatalf("%d frames of %d", len(got), n)
	}
	off := func(a, b slam.Gray) float64 {
		var sum, count float64
		for y := 20; y < a.H-20; y++ {
			for x := 20; x < a.W-20; x++ {
				sum += math.Abs(float64(a.Pix[y*a.W+x]) - float64(b.Pix[y*a.W+x]))
				count++
			}
		}
		return sum / count
	}
	for i := range got {
		before, after := off(rolled[i].Gray, global[i].Gray), off(got[i].Gray, global[i].Gray)
		if got[i].Index != rolled[i].Index || after > .6*before { // what is left is noise
			t.Errorf("frame %d: off by %.2f grey levels before and %.2f after", got[i].Index, before, after)
		}
	}
}
