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

// fit returns the exposure that gives both the same mean and contrast, the gain held
// between 1/most and most. Least squares of one on the other would take noise and
// misalignment for a loss of contrast. Less than one grey level of it tells no gain.
func (m *moments) fit(most float64) Exposure {
	n := math.Max(float64(m.n), 1)
	cov, varR, varI := m.ri-m.r*m.i/n, m.rr-m.r*m.r/n, m.ii-m.i*m.i/n
	if varR < n || varI < n {
		return Exposure{1, (m.i - m.r) / n, 0, m.n}
	}
	gain := min(max(math.Sqrt(varI/varR), 1/most), most)
	return Exposure{gain, (m.i - gain*m.r) / n, cov / math.Sqrt(varR*varI), m.n}
}
