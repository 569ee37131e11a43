package report_test

import (
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/report"
)

func TestSourcesOfScale(t *testing.T) {
	r := full()
	r.ScaleSources = []report.ScaleSource{
		{Name: "marker", Sigma: .012, N: 9, Used: true},
		{Name: "depth network", LogScale: math.Log(.55), Sigma: .116, N: 5, Conflict: true},
	}
	fields, page := write(t, r)
	sources := fields["scale_sources"].([]any)
	if len(sources) != 2 || sources[0].(map[string]any)["used"] != true || sources[1].(map[string]any)["conflict"] != true {
		t.Errorf("report.json: %v", sources)
	}
	for _, want := range []string{"± 1.0 <small>%</small>", "1.020 m a unit of depth", "Sources of scale", "<td>marker</td>", "<td>0.550</td>", "contradicts, not used"} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html lacks %q", want)
		}
	}
}

func TestFreeScale(t *testing.T) {
	for name, std := range map[string]*float64{"unknown": nil, "infinite": new(math.Inf(1))} {
		r := full()
		r.Scale, r.ScaleStd = 1, std
		fields, page := write(t, r)
		if v, there := fields["scale_std"]; !there || v != nil {
			t.Errorf("%s: scale_std is %v", name, v)
		}
		if got, ok := fields["scale_sources"].([]any); !ok || len(got) != 0 {
			t.Errorf("%s: scale_sources is %v", name, fields["scale_sources"])
		}
		if !strings.Contains(page, "no source tells metres") {
			t.Errorf("%s: report.html does not say so", name)
		}
	}
}
