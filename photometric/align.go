package photometric

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// MaxUnknowns bounds the unknowns of an alignment: those of a pose.
const MaxUnknowns = 6

// Row is the derivative of a residual by the unknowns.
type Row [MaxUnknowns]float64

// Settings of an alignment.
type Settings struct {
	HuberGrey float64 // grey levels from which on the loss is linear
	MaxGain   float64 // of the exposure; the least is its inverse
	Matched   bool    // the gain is the ratio of contrasts, not by least squares
	BorderPx  float64 // margin of the image that is left out
	NearM     float64 // depth below which a point is left out
	MinPixels int     // that must be seen for the exposure to be fitted
}

// Problem is an alignment at its present estimate.
type Problem struct {
	Settings
	View     *View
	Grey     []float32                             // of the reference's pixels
	Unknowns int                                   // at most MaxUnknowns
	Point    func(i int) geom.Vec3                 // where reference pixel i is now, in the camera's frame
	Derive   func(i int, p, d geom.Vec3, row *Row) // row of pixel i at p, d the derivative of the grey level by p

	seen []sighting // by the last fit of the exposure
}

// sighting is a reference pixel that the image shows.
type sighting struct {
	i    int
	at   geom.Vec3 // in the camera's frame
	grey float64   // of the image
	d    geom.Vec3 // its derivative by the point
}

// Equations are the normal equations H step = G of an alignment, at
// the exposure that was fitted before.
type Equations struct {
	H geom.Mat6     // sum of w row row^T; the unknowns' part counts
	G geom.Tangent6 // minus the sum of w row residual
	Exposure
	Cost float64 // mean robust squared residual
}

// FitExposure fits the exposure to the pixels that both see.
func (p *Problem) FitExposure() Exposure {
	var m moments
	p.seen = p.seen[:0]
	for i, r := range p.Grey {
		q := p.Point(i)
		u, ok := p.View.see(q, p.NearM, p.BorderPx)
		if !ok {
			continue
		}
		v, d := p.View.sample(q, u)
		p.seen = append(p.seen, sighting{i, q, v, d})
		m.add(float64(r), p.View.Nearest(u)) // a mean of pixels would correlate better than they do
	}
	return m.fit(p.MaxGain, p.Matched)
}

// Compare is FitExposure for an estimate that is only judged: no equations follow.
func (p *Problem) Compare() Exposure {
	var m moments
	for i, r := range p.Grey {
		if u, ok := p.View.see(p.Point(i), p.NearM, p.BorderPx); ok {
			m.add(float64(r), p.View.Nearest(u))
		}
	}
	return m.fit(p.MaxGain, p.Matched)
}

// Linearize returns the equations at the present estimate. Where fewer than
// MinPixels are seen, only N is filled in.
func (p *Problem) Linearize() (e Equations) {
	e.Exposure = p.FitExposure()
	if e.N < p.MinPixels {
		return e
	}
	var row Row
	n := p.Unknowns
	for k := range p.seen {
		s := &p.seen[k]
		res := s.grey - e.Gain*float64(p.Grey[s.i]) - e.Offset
		p.Derive(s.i, s.at, s.d, &row)
		w := 1.0
		if a := math.Abs(res); a > p.HuberGrey {
			w = p.HuberGrey / a
		}
		for a := range n {
			ja := w * row[a]
			e.G[a] -= ja * res
			for b := a; b < n; b++ {
				e.H[a][b] += ja * row[b]
			}
		}
		e.Cost += w * res * res
	}
	e.Cost /= float64(e.N)
	for a := range n {
		for b := range a {
			e.H[a][b] = e.H[b][a]
		}
	}
	return e
}

// Step solves the equations with the share damping of the diagonal added to it. ok
// is false where the pixels do not tell the unknowns.
func (e *Equations) Step(unknowns int, damping float64) (x geom.Tangent6, ok bool) {
	var a [MaxUnknowns * MaxUnknowns]float64
	for i := range unknowns {
		copy(a[i*unknowns:], e.H[i][:i+1])
		a[i*unknowns+i] += damping * e.H[i][i]
	}
	x = e.G
	return x, geom.SolveSPD(a[:unknowns*unknowns], x[:unknowns])
}

// Scaled returns H times w: the information on the unknowns where w turns squared
// residuals into information.
func (e *Equations) Scaled(w float64) (info geom.Mat6) {
	for i := range e.H {
		for j := range e.H[i] {
			info[i][j] = w * e.H[i][j]
		}
	}
	return info
}
