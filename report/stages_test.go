package report_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/metricslam/metricslam/report"
)

// Quantiles of values over nine orders of magnitude agree with sorting them.
func TestStagesQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 100, 10001} {
		var s report.Stages
		values := make([]float64, n)
		var sum float64
		for i := range values {
			d := time.Duration(math.Exp(rng.Float64() * math.Log(1e9)))
			s.Add("a", d)
			values[i] = float64(d) * 1e-6
			sum += values[i]
		}
		slices.Sort(values)
		got := s.Timings()[0]
		near := func(name string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > .01*want {
				t.Errorf("n = %d: %s %g ms, want %g", n, name, got, want)
			}
		}
		near("median", got.MedianMS, values[(n-1)/2])
		near("p99", got.P99MS, values[int(.99*float64(n-1))])
		near("max", got.MaxMS, values[n-1])
		near("mean", got.MeanMS, sum/float64(n))
		near("total", got.TotalS, sum*1e-3)
		if got.Count != n {
			t.Errorf("count %d, want %d", got.Count, n)
		}
	}
}

func TestStagesEdges(t *testing.T) {
	var s report.Stages
	if got := s.Timings(); len(got) != 0 {
		t.Errorf("no stage: %v", got)
	}
	for _, d := range []time.Duration{-5, 0, 1, 127, 128, 129, time.Hour, 1 << 62} {
		s.Add("edge", d)
	}
	got := s.Timings()[0]
	if got.Count != 8 || got.MaxMS != float64(1<<62)*1e-6 || got.MedianMS != 127e-6 {
		t.Errorf("got %+v", got)
	}
}

func TestStagesConcurrent(t *testing.T) {
	var s report.Stages
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				s.Start("a")()
				s.Add("b", time.Millisecond)
			}
		})
	}
	wg.Wait()
	var total int
	for _, timing := range s.Timings() {
		total += timing.Count
		if timing.Stage == "b" && math.Abs(timing.MedianMS-1) > .01 {
			t.Errorf("median %g ms, want 1", timing.MedianMS)
		}
	}
	if total != 16000 {
		t.Errorf("%d measurements, want 16000", total)
	}
}

func BenchmarkStages(b *testing.B) {
	var s report.Stages
	for b.Loop() {
		s.Start("a")()
	}
}
