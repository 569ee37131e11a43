package report_test

import (
	"testing"

	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// A run of 1,200 frames with eight depth maps of 640x480 pixels.
func BenchmarkWrite(b *testing.B) {
	truth, estimate := wander(1200, 400, 450)
	depth := slam.DepthMap{W: 640, H: 480, Depth: make([]float32, 640*480)}
	color := slam.NewRGB(640, 480)
	for i := range depth.Depth {
		depth.Depth[i] = 1 + float32(i%640)/200 + float32(i%7)/100
		color.Pix[3*i] = uint8(i)
	}
	dir := b.TempDir()
	for b.Loop() {
		r := report.Report{Frames: 1200, Posed: len(estimate), Trajectory: estimate, Truth: truth}
		for range 8 {
			r.Depths = append(r.Depths, report.DepthImage{Color: color, Depth: depth})
		}
		if err := r.Write(dir); err != nil {
			b.Fatal(err)
		}
	}
}
