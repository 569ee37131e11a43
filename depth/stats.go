package depth

import (
	"errors"
	"slices"
	"time"
)

// Stats counts what became of the keyframes and how long they took.
type Stats struct {
	Submitted int `json:"submitted"`
	Computed  int `json:"computed"` // with a depth
	NoDepth   int `json:"no_depth"`
	Failed    int `json:"failed"`
	Dropped   int `json:"dropped"`
	Queue     int `json:"queue"` // waiting now
	MaxQueue  int `json:"max_queue"`

	Wait    Latency `json:"wait"`    // from Submit until begun
	Compute Latency `json:"compute"` // in the source
}

// Latency holds percentiles, in milliseconds, over the last 1024 keyframes.
type Latency struct {
	P50 float64 `json:"p50_ms"`
	P90 float64 `json:"p90_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

const latencyWindow = 1024

// recorder gathers Stats; the caller locks.
type recorder struct {
	submitted, computed, noDepth, failed, dropped, maxQueue int
	wait, compute                                           ring
}

func (r *recorder) record(wait, compute time.Duration, err error) {
	switch {
	case err == nil:
		r.computed++
	case errors.Is(err, ErrNoDepth):
		r.noDepth++
	default:
		r.failed++
	}
	r.wait.add(wait)
	r.compute.add(compute)
}

func (r *recorder) stats(queue int) Stats {
	return Stats{
		Submitted: r.submitted, Computed: r.computed, NoDepth: r.noDepth, Failed: r.failed,
		Dropped: r.dropped, Queue: queue, MaxQueue: r.maxQueue,
		Wait: r.wait.latency(), Compute: r.compute.latency(),
	}
}

// ring keeps the last latencyWindow durations.
type ring struct {
	values []time.Duration
	next   int
}

func (r *ring) add(d time.Duration) {
	if len(r.values) < latencyWindow {
		r.values = append(r.values, d)
		return
	}
	r.values[r.next] = d
	r.next = (r.next + 1) % latencyWindow
}

func (r *ring) latency() Latency {
	if len(r.values) == 0 {
		return Latency{}
	}
	v := slices.Sorted(slices.Values(r.values))
	at := func(p float64) float64 { return v[int(p*float64(len(v)-1)+.5)].Seconds() * 1e3 }
	return Latency{P50: at(.5), P90: at(.9), P99: at(.99), Max: at(1)}
}
