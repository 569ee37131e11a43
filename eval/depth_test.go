package eval_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

func depthMap(w int, depth ...float32) slam.DepthMap {
	return slam.DepthMap{W: w, H: len(depth) / w, Depth: depth}
}

func TestDepthKnown(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	// Ratios 1, 1.2, .5, 2; then no truth, no estimate, NaN and infinite ones.
	truth := depthMap(4, 1, 10, 4, 1, 0, 2, 2, 2)
	estimate := depthMap(4, 1, 12, 2, 2, 5, 0, nan, inf)
	got, err := eval.Depth(truth, estimate, eval.DepthRange{})
	if err != nil {
		t.Fatal(err)
	}
	l := func(r float64) float64 { return math.Log(r) * math.Log(r) }
	want := eval.DepthErrors{
		Pixels: 4, Coverage: 4. / 7, AbsRel: (0 + .2 + .5 + 1) / 4, RMSE: math.Sqrt((0. + 4 + 4 + 1) / 4),
		RMSELog: math.Sqrt((l(1.2) + l(.5) + l(2)) / 4), D1: .5, D2: .5, D3: .5, LogRatio: math.Log(1.2) / 2,
	}
	// 2 > 1.25^3 = 1.953, so D3 counts the same two.
	closeDepth(t, "all", got, want)

	got, err = eval.Depth(truth, estimate, eval.DepthRange{MinM: 2, MaxM: 4})
	if err != nil {
		t.Fatal(err)
	}
	closeDepth(t, "2-4 m", got, eval.DepthErrors{
		Pixels: 1, Coverage: .25, AbsRel: .5, RMSE: 2, RMSELog: math.Log(2), LogRatio: -math.Log(2)})
}

func closeDepth(t *testing.T, name string, got, want eval.DepthErrors) {
	t.Helper()
	a := []float64{float64(got.Pixels), got.Coverage, got.AbsRel, got.RMSE, got.RMSELog, got.D1, got.D2, got.D3, got.LogRatio}
	b := []float64{float64(want.Pixels), want.Coverage, want.AbsRel, want.RMSE, want.RMSELog, want.D1, want.D2, want.D3, want.LogRatio}
	for i := range a {
		if !(math.Abs(a[i]-b[i]) < 1e-7) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
			return
		}
	}
}

func TestDepthSizes(t *testing.T) {
	truth := depthMap(4, 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4)
	half := depthMap(2, 1, 2, 3, 4)
	for name, e := range map[string]slam.DepthMap{"half": half, "same": truth} {
		got, err := eval.Depth(truth, e, eval.DepthRange{})
		if err != nil || got.Pixels != 16 || got.AbsRel != 0 {
			t.Errorf("%s: %+v, %v, want 16 pixels without error", name, got, err)
		}
	}
	if got, err := eval.Depth(half, truth, eval.DepthRange{}); err != nil || got.Pixels != 4 || got.AbsRel != 0 {
		t.Errorf("larger estimate: %+v, %v", got, err)
	}
	bad := map[string]slam.DepthMap{"shape": depthMap(4, 1, 2, 3, 4), "empty": {}, "short": {W: 2, H: 2, Depth: []float32{1}}}
	for name, e := range bad {
		if _, err := eval.Depth(truth, e, eval.DepthRange{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := eval.Depth(half, depthMap(2, 0, 0, 0, 0), eval.DepthRange{}); !errors.Is(err, eval.ErrNoOverlap) {
		t.Errorf("no estimate: error %v, want ErrNoOverlap", err)
	}
}

// writeDepthPNG writes metres as 16-bit units.
func writeDepthPNG(t *testing.T, path string, w int, unitsPerM float64, depthM ...float64) {
	t.Helper()
	img := image.NewGray16(image.Rect(0, 0, w, len(depthM)/w))
	for i, d := range depthM {
		img.SetGray16(i%w, i/w, color.Gray16{Y: uint16(math.Round(d * unitsPerM))})
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

func TestDepthDirs(t *testing.T) {
	truthDir, estimateDir := t.TempDir(), t.TempDir()
	ratios := []float64{1.1, .9, 1.3}
	for i, r := range ratios {
		writeDepthPNG(t, filepath.Join(truthDir, fmt.Sprintf("frame-%06d.depth.png", i)), 2, 5000, 1, 2, 3, 4)
		writeDepthPNG(t, filepath.Join(estimateDir, fmt.Sprintf("frame-%06d.png", i)), 2, 10000, r, 2*r, 3*r, 4*r)
	}
	writeDepthPNG(t, filepath.Join(truthDir, "frame-000009.depth.png"), 2, 5000, 1, 2, 3, 4) // without estimate
	writeDepthPNG(t, filepath.Join(truthDir, "frame-000003.depth.png"), 2, 5000, 1, 2, 3, 4)
	if err := os.WriteFile(filepath.Join(estimateDir, "frame-000003.png"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := eval.DepthDirs(truthDir, estimateDir, eval.DepthDirOptions{TruthScale: 5000, EstimateScale: 10000})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != 3 || len(r.Skipped) != 1 || !strings.Contains(r.Skipped[0], "frame-000003.png") {
		t.Fatalf("%d files, skipped %q, want 3 files and the empty one", len(r.Files), r.Skipped)
	}
	var mean, sq float64
	for i, ratio := range ratios {
		l := math.Log(ratio)
		if math.Abs(r.Files[i].LogRatio-l) > 1e-4 {
			t.Errorf("file %d: log ratio %g, want %g", i, r.Files[i].LogRatio, l)
		}
		mean += l / 3
		sq += l * l / 3
	}
	if math.Abs(r.Mean.LogRatio-mean) > 1e-4 || math.Abs(r.LogRatioStd-math.Sqrt(sq-mean*mean)) > 1e-4 {
		t.Errorf("log ratio %g +- %g, want %g +- %g", r.Mean.LogRatio, r.LogRatioStd, mean, math.Sqrt(sq-mean*mean))
	}
	if want := .5 / 3; math.Abs(r.Mean.AbsRel-want) > 1e-4 || r.Mean.Pixels != 12 {
		t.Errorf("AbsRel %g over %d pixels, want %g over 12", r.Mean.AbsRel, r.Mean.Pixels, want)
	}
}

func TestDepthDirsMatch(t *testing.T) {
	tests := []struct {
		name            string
		truth, estimate []string
		want            int
	}{
		{"stamps", []string{"1305031102.160407.png", "1305031102.194330.png"}, []string{"1305031102.175304.png", "1305031102.211214.png"}, 2},
		{"stamps too far", []string{"1.00.png"}, []string{"1.03.png"}, 0},
		{"nanoseconds", []string{"1403636579763555584.png"}, []string{"1403636579.763555.png"}, 1},
		{"numbers", []string{"rgb_00012.png", "rgb_00013.png"}, []string{"000013.png"}, 1},
		{"endings", []string{"a.depth.png", "b_depth.PNG"}, []string{"a.png", "b.png"}, 2},
		{"nothing", []string{"a.png"}, []string{"b.png"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dirs := [2]string{t.TempDir(), t.TempDir()}
			for k, files := range [][]string{tt.truth, tt.estimate} {
				for _, f := range files {
					writeDepthPNG(t, filepath.Join(dirs[k], f), 1, 1000, 1)
				}
			}
			r, err := eval.DepthDirs(dirs[0], dirs[1], eval.DepthDirOptions{})
			if (err == nil) != (tt.want > 0) {
				t.Fatalf("error %v, want %d files", err, tt.want)
			}
			if err == nil && len(r.Files) != tt.want {
				t.Errorf("%d files, want %d", len(r.Files), tt.want)
			}
		})
	}
}

func TestDepthDirsRefuse(t *testing.T) {
	full := t.TempDir()
	writeDepthPNG(t, filepath.Join(full, "1.png"), 1, 1000, 1)
	empty, broken := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "1.png"), []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, truth, estimate string
		within                eval.DepthRange
		want                  string
	}{
		{"missing", filepath.Join(full, "none"), full, eval.DepthRange{}, "none"},
		{"empty", full, empty, eval.DepthRange{}, "no .png or .npy"},
		{"broken", full, broken, eval.DepthRange{}, "none of 1 pairs"},
		{"out of range", full, full, eval.DepthRange{MinM: 5, MaxM: 6}, "in range"},
		{"range", full, full, eval.DepthRange{MinM: 6, MaxM: 5}, "is empty"},
		{"negative", full, full, eval.DepthRange{MinM: -1}, "at least 0"},
	}
	for _, tt := range tests {
		_, err := eval.DepthDirs(tt.truth, tt.estimate, eval.DepthDirOptions{Range: tt.within})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// The sensor's depth against itself has no error, and read with a scale off by
// 10 % has that one.
func TestDepthDirsReal(t *testing.T) {
	dir := t.TempDir()
	const n = 4
	for i := range n {
		name := fmt.Sprintf("frame-%06d.depth.png", 10*i)
		target, err := filepath.Abs(realdata.Path(t, "7scenes", "sun3d_office_1", "seq-01", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := eval.DepthDirs(dir, dir, eval.DepthDirOptions{TruthScale: 1000, EstimateScale: 1000 / 1.1})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != n || len(r.Skipped) != 0 || math.Abs(r.ScaleError-.1) > 1e-6 || math.Abs(r.Mean.AbsRel-.1) > 1e-6 || r.Mean.D1 != 1 {
		t.Errorf("%d files, skipped %v, scale error %g, %+v", len(r.Files), r.Skipped, r.ScaleError, r.Mean)
	}
}
