package pipeline

import (
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// calibratedSource is a source of which the camera alone is asked.
type calibratedSource struct {
	datasets.Source
	info slam.SourceInfo
}

func (s calibratedSource) Info() slam.SourceInfo { return s.info }

// A map that asks for another focal length than the calibration raises the deviation
// of its metres, and says so; by as much as calibrations are off it does not.
func TestJudgeLens(t *testing.T) {
	cam := geom.CameraFromFOV(640, 480, 1)
	for name, c := range map[string]struct {
		factor, sigma float64
		doubted       bool
	}{
		"as calibrated":      {1, 0, false},
		"a good calibration": {.99, 0, false},
		"another lens":       {1.016, 0, true},
		"a guess":            {1.1, .1, false},
		"a bad guess":        {2, .1, true},
	} {
		adjusted := cam
		adjusted.Fx *= c.factor
		r := &Result{job: Job{Source: calibratedSource{info: slam.SourceInfo{Camera: cam, FocalSigma: c.sigma, CameraFrom: "test"}}}}
		r.finishedMap.Map = &mapping.Map{Keyframes: []*mapping.Keyframe{{Camera: adjusted}}}
		r.records.all = []record{{keyframe: 0}}
		std := .1
		rep, told := &report.Report{ScaleStd: &std}, ""
		r.judgeLens(rep, func(format string, args ...any) { told = format })
		if (told != "") != c.doubted || (*rep.ScaleStd > .5) != c.doubted {
			t.Errorf("%s: deviation %g, %q", name, *rep.ScaleStd, told)
		}
	}
}

func TestOtherFocal(t *testing.T) {
	a := geom.CameraFromFOV(640, 480, 1)
	b, small := a, a.Resized(320, 240)
	b.Fx *= 1.1
	if otherFocal(a, a) != "" || otherFocal(a, small) != "" || !strings.Contains(otherFocal(a, b), "same size") {
		t.Errorf("%q, %q, %q", otherFocal(a, a), otherFocal(a, small), otherFocal(a, b))
	}
	if math.Abs(a.Fx/b.Fx-1/1.1) > 1e-12 {
		t.Error("the cameras were changed")
	}
}
