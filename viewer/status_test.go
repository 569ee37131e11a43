package viewer

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/slam"
)

func TestStatusOfScale(t *testing.T) {
	s := &Scene{Live: true, Snapshot: slam.Snapshot{ScaleSigma: math.Inf(1)}}
	if got := s.status(); !slices.Contains(got, "scale unknown") {
		t.Errorf("no source of scale: %q", got)
	}
	s.Snapshot = slam.Snapshot{LogScale: math.Log(1.25), ScaleSigma: .012, Warnings: []string{"the scale by marker is 1.50 times"}}
	got := s.status()
	if !slices.Contains(got, "scale 1.250 +- 1.2 %") || !slices.Contains(got, s.Warnings[0]) {
		t.Errorf("a conflict: %q", got)
	}
}

func TestStatusOfReportedScale(t *testing.T) {
	for text, want := range map[string]string{
		`"scale": 1, "scale_std": null, "scale_sources": []`:                                           "scale unknown",
		`"scale": 1.5, "scale_std": 0.02`:                                                              "scale 1.500 +- 2.0 %",
		`"scale": 1, "scale_std": 0.1, "scale_sources": [{"name": "camera height", "conflict": true}]`: "the scale by camera height contradicts and is not used",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "report.json"), []byte(`{"source": "/x/room", "keyframes": 3, `+text+`}`), 0o644); err != nil {
			t.Fatal(err)
		}
		got, _, err := folderStatus(dir)
		if err != nil || !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}
