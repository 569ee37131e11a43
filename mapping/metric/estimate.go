package metric

import (
	"fmt"
	"math"
	"strings"

	"github.com/metricslam/metricslam/geom"
)

// Estimate is what is known of the metres of a part of the map, from all sources
// at hand (docs/scale.md).
type Estimate struct {
	// Log is the logarithm of the metres that a unit of the depth source is
	// worth; 0 where there is none.
	Log float64
	// Gain is the logarithm of the metres that one length of the map has: 0 once
	// the map has been brought to metres.
	Gain float64
	// Sigma is the deviation of Gain; 0 where nothing is known.
	Sigma   float64
	Sources []Source // by falling rank
}

// Known reports whether any source tells metres. Where none does, the map is of
// free scale.
func (m Estimate) Known() bool { return len(m.Sources) > 0 }

// Deviation returns Sigma, infinite where nothing is known.
func (m Estimate) Deviation() float64 {
	if !m.Known() {
		return math.Inf(1)
	}
	return m.Sigma
}

// Conflicts says in words which sources contradict those that are used.
func (m Estimate) Conflicts() []string {
	var used []string
	for _, s := range m.Sources {
		if s.Used {
			used = append(used, s.Name)
		}
	}
	var out []string
	for _, s := range m.Sources {
		if s.Conflict {
			out = append(out, fmt.Sprintf("the scale by %s is %.2f times (sigma %.0f %%) that by %s (sigma %.0f %%): %s is not used; check what it was given",
				s.Name, math.Exp(s.Log-m.Gain), 100*s.Sigma, strings.Join(used, " and "), 100*m.Sigma, s.Name))
		}
	}
	return out
}

// Shifted returns the same knowledge after all lengths of the map were
// multiplied by exp(gain).
func (m Estimate) Shifted(gain float64) Estimate {
	m.Gain -= gain
	sources := make([]Source, len(m.Sources))
	for i, s := range m.Sources {
		s.Log -= gain
		sources[i] = s
	}
	m.Sources = sources
	return m
}

// Measured reports whether a used source is more than a network.
func (m Estimate) Measured() bool {
	for _, s := range m.Sources {
		if s.Used && s.Rank > RankNetwork {
			return true
		}
	}
	return false
}

// Check names what cannot be in an estimate.
func (m Estimate) Check() error {
	if !geom.Finite(m.Log, m.Gain, m.Sigma) {
		return fmt.Errorf("gain %g with deviation %g", m.Gain, m.Sigma)
	}
	for _, s := range m.Sources {
		if !geom.Finite(s.Log, s.Sigma) || !(s.Sigma > 0) || s.Rank < RankNetwork || s.Rank > RankDistance {
			return fmt.Errorf("source %q: %g with deviation %g", s.Name, s.Log, s.Sigma)
		}
	}
	return nil
}
