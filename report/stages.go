package report

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Stages measures how long the stages of a run take. It may be used from many
// goroutines, takes some tens of nanoseconds a measurement and the same memory
// however long the run. The zero value is ready.
type Stages struct {
	mu     sync.RWMutex
	byName map[string]*stage
	order  []*stage // as first seen
}

// Timing is what is reported of a stage. Quantiles are exact to 1 %.
type Timing struct {
	Stage    string  `json:"stage"`
	Count    int     `json:"count"`
	MedianMS float64 `json:"median_ms"`
	P99MS    float64 `json:"p99_ms"`
	MeanMS   float64 `json:"mean_ms"`
	MaxMS    float64 `json:"max_ms"`
	TotalS   float64 `json:"total_s"`
}

// StageFuse is the stage of the dense map, which comes after what Report.WallS counts.
const StageFuse = "fuse and mesh"

// Start begins a measurement of a stage; the function it returns ends it:
//
//	defer stages.Start("track")()
func (s *Stages) Start(name string) (stop func()) {
	st, begin := s.stage(name), time.Now()
	return func() { st.add(time.Since(begin)) }
}

// Add records that a stage took d.
func (s *Stages) Add(name string, d time.Duration) { s.stage(name).add(d) }

// Timings returns the stages in the order of their first measurement.
func (s *Stages) Timings() []Timing {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Timing, len(s.order))
	for i, st := range s.order {
		out[i] = st.timing()
	}
	return out
}

func (s *Stages) stage(name string) *stage {
	s.mu.RLock()
	st := s.byName[name]
	s.mu.RUnlock()
	if st != nil {
		return st
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st = s.byName[name]; st != nil {
		return st
	}
	if s.byName == nil {
		s.byName = map[string]*stage{}
	}
	st = &stage{name: name}
	s.byName[name] = st
	s.order = append(s.order, st)
	return st
}

// A stage counts durations in nanoseconds in buckets that grow with the value:
// 64 to each power of two, so that a bucket is at most 1/64 of its value wide
// and its middle at most 1/128 away (the layout of an HDR histogram).
const (
	subBits = 6
	buckets = (41-subBits)<<subBits + 1<<subBits // up to 2^41 ns, 36 minutes
)

type stage struct {
	name           string
	counts         [buckets]atomic.Int64
	sumNS, largest atomic.Int64
}

func (s *stage) add(d time.Duration) {
	ns := max(int64(d), 0)
	s.counts[min(bucketOf(uint64(ns)), buckets-1)].Add(1)
	s.sumNS.Add(ns)
	for {
		old := s.largest.Load()
		if ns <= old || s.largest.CompareAndSwap(old, ns) {
			return
		}
	}
}

// bucketOf returns the bucket of a value: the value itself below 128, then
// octave by octave its seven leading bits.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// middleOf returns the middle of a bucket in nanoseconds.
func middleOf(b int) float64 {
	if b < 2<<subBits {
		return float64(b)
	}
	shift := b>>subBits - 1
	low := uint64(b-shift<<subBits) << shift
	return float64(low) + float64(uint64(1)<<shift-1)/2
}

func (s *stage) timing() Timing {
	var counts [buckets]int64
	var n int64
	for i := range counts {
		counts[i] = s.counts[i].Load()
		n += counts[i]
	}
	t := Timing{
		Stage: s.name, Count: int(n),
		MaxMS:  float64(s.largest.Load()) * 1e-6,
		TotalS: float64(s.sumNS.Load()) * 1e-9,
	}
	if n > 0 {
		t.MeanMS = t.TotalS * 1e3 / float64(n)
	}
	t.MedianMS = min(quantile(&counts, n, .5)*1e-6, t.MaxMS)
	t.P99MS = min(quantile(&counts, n, .99)*1e-6, t.MaxMS)
	return t
}

// quantile returns the value below or at which the share q of n values lies.
func quantile(counts *[buckets]int64, n int64, q float64) float64 {
	rank := int64(q * float64(n-1)) // from 0
	for b, c := range counts {
		if rank < c {
			return middleOf(b)
		}
		rank -= c
	}
	return 0
}
