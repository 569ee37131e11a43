package photometric

import "math"

// Exposure relates two images of the same scene: I = Gain R + Offset.
type Exposure struct {
	Gain, Offset float64
	NCC          float64 // normalised cross-correlation, 0 without contrast
	N            int     // pixels that both see
}

// moments are the sums that an exposure is fitted to.
type moments struct {
	r, i, rr, ii, ri float64
	n                int
}

func (m *moments) add(r, i float64) {
	m.r, m.i, m.rr, m.ii, m.ri, m.n = m.r+r, m.i+i, m.rr+r*r, m.ii+i*i, m.ri+r*i, m.n+1
}

// fit returns the exposure, the gain held between 1/most and most. Least squares of I
// on R, which an occlusion or a wrong place turns into a loss of contrast; or, where
// matched, the ratio of both contrasts, which noise does not bias. Less than one grey
// level of contrast tells no gain.
func (m *moments) fit(most float64, matched bool) Exposure {
	n := math.Max(float64(m.n), 1)
	cov, varR, varI := m.ri-m.r*m.i/n, m.rr-m.r*m.r/n, m.ii-m.i*m.i/n
	if varR < n || varI < n {
		return Exposure{1, (m.i - m.r) / n, 0, m.n}
	}
	gain := cov / varR
	if matched {
		gain = math.Sqrt(varI / varR)
	}
	gain = min(max(gain, 1/most), most)
	return Exposure{gain, (m.i - gain*m.r) / n, cov / math.Sqrt(varR*varI), m.n}
}
