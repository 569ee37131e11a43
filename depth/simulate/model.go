// Package simulate spoils true depth the way a metric depth network errs, for
// experiments in which the error must be known.
//
// In log depth the error is
//
//	log(1 + bias) + drift index/1000 + f_k + warp_k(x, y) + noise_k(x, y)
//
// with f_k a frame's common error and warp_k a smooth field through a 4x3 grid,
// both AR(1) along the frame index with correlation .95, and noise_k white noise
// blurred to about a pixel and a half. Depth edges are blurred as networks blur
// them; holes of the sensor are filled up to 6 px from measured depth and stay
// unknown farther inside, where there is no truth to spoil.
package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

// Params holds the deviations of the error model.
type Params struct {
	Seed  uint64
	Bias  float64 // fraction by which all depth is too large
	Frame float64 // deviation of the log-scale of a frame, AR(1)
	Warp  float64 // deviation of each node of the log-depth warp, AR(1)
	Noise float64 // deviation of the noise of a pixel in log depth
	// Drift is the change of log-scale per 1000 frames, linear in the frame
	// index: .1 makes frame 1000 about 10 % larger than frame 0.
	Drift float64
}

// Defaults returns seed 1, bias .10, frame .05, warp .05, noise .03, drift 0.
func Defaults() Params {
	return Params{Seed: 1, Bias: .10, Frame: .05, Warp: .05, Noise: .03}
}

// Parse reads "seed=1,bias=.10,frame=.05,warp=.05,noise=.03,drift=0"; what is
// left out keeps its default.
func Parse(text string) (Params, error) {
	p := Defaults()
	if strings.TrimSpace(text) == "" {
		return p, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		var err error
		switch key {
		case "seed":
			p.Seed, err = strconv.ParseUint(value, 10, 64)
		case "bias":
			p.Bias, err = parseWithin(value, -.9, 9)
		case "frame":
			p.Frame, err = parseWithin(value, 0, 2)
		case "warp":
			p.Warp, err = parseWithin(value, 0, 2)
		case "noise":
			p.Noise, err = parseWithin(value, 0, 2)
		case "drift":
			p.Drift, err = parseWithin(value, -2, 2)
		default:
			err = fmt.Errorf("unknown; there are seed, bias, frame, warp, noise and drift")
		}
		if err != nil {
			return Params{}, fmt.Errorf("simulated depth: %q: %w", part, err)
		}
	}
	return p, nil
}

func parseWithin(text string, lo, hi float64) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	if !(v >= lo && v <= hi) {
		return 0, fmt.Errorf("must lie between %v and %v", lo, hi)
	}
	return v, nil
}

// The grid of the warp, and the correlation of neighbouring frames.
const (
	gridRows, gridCols = 3, 4
	ar                 = .95
)

// state is the slow part of the error of one frame: log-scale, then warp nodes.
type state [1 + gridRows*gridCols]float64

// Model is the error of a sequence. It is safe for concurrent use; the error of
// a frame depends on Params and the frame's index alone.
type Model struct {
	p      Params
	mu     sync.Mutex
	states []state // of unit deviation, by frame index
}

// New returns the model of p.
func New(p Params) *Model { return &Model{p: p} }

// Params returns what the model was made of.
func (m *Model) Params() Params { return m.p }

// Streams of random numbers, so that no two uses of a frame share one.
const (
	streamSlow = iota
	streamNoise
	streams
)

func (m *Model) rng(index, stream int) *rand.Rand {
	return rand.New(rand.NewPCG(m.p.Seed, uint64(index)*streams+uint64(stream)))
}

// slow returns the AR(1) state of a frame. The innovations of every frame have
// their own generator, so that the states do not depend on who asks when.
func (m *Model) slow(index int) state {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := len(m.states); k <= index; k++ {
		var s state
		rng := m.rng(k, streamSlow)
		for i := range s {
			if s[i] = rng.NormFloat64(); k > 0 {
				s[i] = ar*m.states[k-1][i] + math.Sqrt(1-ar*ar)*s[i]
			}
		}
		m.states = append(m.states, s)
	}
	return m.states[index]
}

// LogScale returns the error of log-scale that all pixels of a frame share,
// without the mean of its warp.
func (m *Model) LogScale(index int) float64 {
	return math.Log1p(m.p.Bias) + m.p.Drift*float64(index)/1000 + m.p.Frame*m.slow(index)[0]
}

// warp returns the nodes of a frame's warp in log depth.
func (m *Model) warp(index int) (g [gridRows][gridCols]float64) {
	s := m.slow(index)
	for i := range gridRows * gridCols {
		g[i/gridCols][i%gridCols] = m.p.Warp * s[1+i]
	}
	return g
}
