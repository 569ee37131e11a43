package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/internal/realdata"
)

// --camera auto warns of what it found, and the metres are no surer than it. What 50
// frames leave open, and nothing confirms, is not vouched for.
func TestRunFindsCamera(t *testing.T) {
	dir, out := realdata.Path(t, "7scenes/sun3d_office_1"), t.TempDir()
	if status, _, stderr := capture(t, "run", dir, "-o", out, "--camera", "auto", "--depth", "sensor", "--no-mesh", "--quiet", "--no-map"); status != statusDoubtful {
		t.Fatalf("status %d: %s", status, stderr)
	}
	r := readReport(t, out)
	log, err := os.ReadFile(filepath.Join(out, "run.log"))
	if err != nil || !strings.Contains(string(log), "--camera auto: ") || r.ScaleStd == nil || *r.ScaleStd < .1 {
		t.Errorf("%v, deviation of the scale %v, log %s", err, r.ScaleStd, log)
	}
	for name, args := range map[string][]string{
		"two cameras": {dir, "--camera", "auto", "--fx", "500"},
		"no sequence": {filepath.Join(dir, "nothing"), "--camera", "auto"},
	} {
		if status, _, stderr := capture(t, append([]string{"run", "--quiet", "-o", filepath.Join(t.TempDir(), "out")}, args...)...); status == 0 || !strings.Contains(stderr, "--camera auto") {
			t.Errorf("%s: status %d, %s", name, status, stderr)
		}
	}
}
