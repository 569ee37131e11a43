package pipeline

import (
	"math"

	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/report"
)

// describeScale reports what is known of the map's metres.
func (r *Result) describeScale(rep *report.Report, m metric.Estimate) {
	rep.Scale = math.Exp(m.Log)
	if m.Known() {
		rep.ScaleStd = &m.Sigma
	}
	for _, s := range m.Sources {
		rep.ScaleSources = append(rep.ScaleSources, report.ScaleSource{
			Name: s.Name, LogScale: s.Log, Sigma: s.Sigma, N: s.N, Used: s.Used, Conflict: s.Conflict,
		})
	}
	rep.Warnings = append(rep.Warnings, m.Conflicts()...)
	for _, text := range r.finishedMap.warnings {
		r.job.Log.Warn(text)
		rep.Warnings = append(rep.Warnings, text)
	}
}
