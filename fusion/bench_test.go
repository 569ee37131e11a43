package fusion_test

import (
	"syscall"
	"testing"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/slam"
)

// kitchenViews reads n frames with sensor depth, spread over the sequence.
func kitchenViews(b *testing.B, n int) []slam.KeyframeView {
	b.Helper()
	k := openKitchen(b, 1)
	views := make([]slam.KeyframeView, n)
	for i := range views {
		var err error
		if views[i], err = k.sensor(i * len(k.names) / n); err != nil {
			b.Fatal(err)
		}
	}
	return views
}

// reportCPU adds the processor time of an iteration, which a busy machine does
// not stretch as it does ns/op. Call it after the loop with the time before.
func reportCPU(b *testing.B, before float64) {
	b.ReportMetric((cpuSeconds(b)-before)*1e3/float64(b.N), "cpu-ms/op")
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkIntegrate integrates one 640x480 frame on one core.
func BenchmarkIntegrate(b *testing.B) {
	views := kitchenViews(b, 40)
	for _, voxel := range []float64{.02, .01} {
		b.Run(map[float64]string{.02: "2cm", .01: "1cm"}[voxel], func(b *testing.B) {
			cfg := fusion.Default()
			cfg.VoxelM, cfg.MaxDepthM, cfg.Workers, cfg.MaxBlocks = voxel, 5, 1, 1_000_000
			v, err := fusion.NewVolume(cfg)
			if err != nil {
				b.Fatal(err)
			}
			for i := range views {
				if err := v.Integrate(views[i]); err != nil {
					b.Fatal(err)
				}
			}
			i, start := 0, cpuSeconds(b)
			for b.Loop() {
				if err := v.Integrate(views[i%len(views)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
			reportCPU(b, start)
			b.ReportMetric(float64(v.Bytes())/(1<<20), "MiB")
		})
	}
}

// BenchmarkMesh extracts the whole mesh of the kitchen at 1 cm on one core.
func BenchmarkMesh(b *testing.B) {
	cfg := fusion.Default()
	cfg.VoxelM, cfg.MaxDepthM, cfg.Workers, cfg.MaxBlocks = .01, 5, 1, 1_000_000
	v, err := fusion.NewVolume(cfg)
	if err != nil {
		b.Fatal(err)
	}
	for _, view := range kitchenViews(b, 40) {
		if err := v.Integrate(view); err != nil {
			b.Fatal(err)
		}
	}
	n, start := 0, cpuSeconds(b)
	for b.Loop() {
		v.Forget()
		m, err := v.Mesh()
		if err != nil {
			b.Fatal(err)
		}
		n = len(m.Triangles)
	}
	reportCPU(b, start)
	b.ReportMetric(float64(n), "triangles")
}

// BenchmarkDropEdges filters one 640x480 frame on one core.
func BenchmarkDropEdges(b *testing.B) {
	view := kitchenViews(b, 1)[0]
	cfg := fusion.Default()
	cfg.Workers = 1
	start := cpuSeconds(b)
	for b.Loop() {
		fusion.DropEdges(view.Depth, cfg)
	}
	reportCPU(b, start)
}

// BenchmarkAlign warps one 640x480 frame onto 100 landmarks.
func BenchmarkAlign(b *testing.B) {
	k := openKitchen(b, 1)
	for v, err := range k.views(100, simulated(1)) {
		if err != nil {
			b.Fatal(err)
		}
		start := cpuSeconds(b)
		for b.Loop() {
			fusion.Align(v, fusion.DefaultAlign())
		}
		reportCPU(b, start)
		return
	}
}
