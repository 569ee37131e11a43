package fusion

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// The warp's grid: nodes along x and y, the outer ones on the image's border.
const (
	gridX, gridY = 5, 4
	gridN        = gridX * gridY
	warpN        = gridN + 1 // the scale comes first
)

// AlignConfig holds the parameters of Align.
type AlignConfig struct {
	// WarpSigma is the deviation of log depth expected of one grid node.
	WarpSigma float64 `json:"warp_sigma" yaml:"warp_sigma"`
	// MinWarp landmarks are needed for the warp, MinScale for one scale; with
	// fewer the depth stays as it is.
	MinWarp  int `json:"min_warp" yaml:"min_warp"`
	MinScale int `json:"min_scale" yaml:"min_scale"`
	// MinSigma bounds the measured noise from below.
	MinSigma float64 `json:"min_sigma" yaml:"min_sigma"`
}

// DefaultAlign returns the parameters used unless told otherwise.
func DefaultAlign() AlignConfig {
	return AlignConfig{WarpSigma: .1, MinWarp: 15, MinScale: 5, MinSigma: .005}
}

func (c AlignConfig) validate() error {
	switch {
	case !(c.WarpSigma > 0 && c.WarpSigma <= 10):
		return fmt.Errorf("fusion: align.warp_sigma is %g, want 0 to 10, more than 0", c.WarpSigma)
	case c.MinScale < 1 || c.MinWarp < c.MinScale:
		return fmt.Errorf("fusion: align.min_scale %d and align.min_warp %d, want 1 <= min_scale <= min_warp", c.MinScale, c.MinWarp)
	case !(c.MinSigma > 0 && c.MinSigma <= 1):
		return fmt.Errorf("fusion: align.min_sigma is %g, want 0 to 1, more than 0", c.MinSigma)
	}
	return nil
}

// AlignModel says how far Align went.
type AlignModel string

// What Align did to the depth.
const (
	AlignNone  AlignModel = "none"  // nothing: it measures metres, or too few landmarks
	AlignScale AlignModel = "scale" // one factor
	AlignWarp  AlignModel = "warp"  // a factor that varies smoothly over the image
)

// AlignReport is what Align found.
type AlignReport struct {
	Model     AlignModel
	Landmarks int     // that fell on known depth
	LogScale  float64 // log of the common factor applied
	ScaleStd  float64 // its deviation
	WarpRMS   float64 // of the rest of the warp, over the landmarks, in log depth
	Before    float64 // robust spread of log(landmark / depth) around its median
	Sigma     float64 // deviation of log depth that remains
}

// Align warps the depth of a view onto its landmarks by a factor that varies
// smoothly over the image,
//
//	log D'(u) = log D(u) + s + g(u),
//
// where g is a 5x4 bilinear grid. It is the maximum a posteriori estimate under
// s ~ N(0, ScaleSigma^2), nodes ~ N(0, WarpSigma^2) and robust residuals, whose
// deviation is estimated along. So a source that measures metres (ScaleSigma 0)
// is left as it is, and where landmarks are few or unsure little changes. The
// returned map's Sigma (and LogStd, rescaled) is the noise that remains. The
// view must pass CheckView; it is not changed.
func Align(view slam.KeyframeView, cfg AlignConfig) (slam.DepthMap, AlignReport) {
	d := view.Depth
	obs := landmarkResiduals(view)
	rep := AlignReport{Model: AlignNone, Landmarks: len(obs), Before: centredSpread(obs), Sigma: typicalSigma(d)}
	if d.ScaleSigma == 0 || len(obs) < cfg.MinScale {
		return d, rep
	}
	rep.Model = AlignScale
	n := 1
	if len(obs) >= cfg.MinWarp {
		rep.Model, n = AlignWarp, warpN
	}
	fit := fitWarp(obs, n, d.ScaleSigma, cfg)
	rep.LogScale, rep.ScaleStd, rep.Sigma = fit.x[0], fit.scaleStd, fit.sigma
	for _, o := range obs {
		rep.WarpRMS += sq(o.warp(&fit.x)-fit.x[0]) / float64(len(obs))
	}
	rep.WarpRMS = math.Sqrt(rep.WarpRMS)
	out := applyWarp(d, &fit.x)
	setSigma(&out, fit.sigma)
	out.ScaleSigma = fit.scaleStd
	return out, rep
}

// residual is log(landmark / depth) at a pixel, with the four grid nodes that
// act there.
type residual struct {
	r, variance float64 // of the landmark alone
	node        [4]int  // index into the unknowns
	weight      [4]float64
}

func (o *residual) warp(x *[warpN]float64) float64 {
	sum := x[0]
	for k, n := range o.node {
		sum += o.weight[k] * x[n]
	}
	return sum
}

// landmarkResiduals pairs landmarks with the depth at the nearest pixel.
func landmarkResiduals(view slam.KeyframeView) []residual {
	var obs []residual
	d := view.Depth
	for _, l := range view.Landmarks {
		if !(l.DepthM > 0) || math.IsInf(l.DepthM, 0) || !(l.LogStd >= 0) || math.IsNaN(l.Pixel.X+l.Pixel.Y) {
			continue
		}
		u := d.Camera.Project(view.Camera.Ray(l.Pixel))
		z, _, ok := d.At(u)
		if !ok || math.IsInf(z, 0) {
			continue
		}
		o := residual{r: math.Log(l.DepthM / z), variance: sq(l.LogStd)}
		o.node, o.weight = bilinear(u, d.W, d.H)
		obs = append(obs, o)
	}
	return obs
}

// bilinear returns the nodes around pixel u of a w x h image, as indices into
// the unknowns, and their weights.
func bilinear(u geom.Vec2, w, h int) (node [4]int, weight [4]float64) {
	axis := func(v float64, size, n int) (int, float64) {
		if size < 2 {
			return 0, 0
		}
		t := min(max(v/float64(size-1), 0), 1) * float64(n-1)
		i := min(int(t), n-2)
		return i, t - float64(i)
	}
	ix, fx := axis(u.X, w, gridX)
	iy, fy := axis(u.Y, h, gridY)
	n := 1 + iy*gridX + ix
	return [4]int{n, n + 1, n + gridX, n + gridX + 1},
		[4]float64{(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy}
}

// warpFit is the estimate of the unknowns: scale, then nodes.
type warpFit struct {
	x               [warpN]float64
	sigma, scaleStd float64
}

// warpKernels are the losses of the rounds: convex Huber finds the place, then
// Cauchy, which wild landmarks on one side pull less. Both thresholds, in
// deviations, are 95 % as efficient as least squares on Gaussian noise
// (Holland and Welsch 1977).
var warpKernels = []struct {
	kernel geom.Kernel
	rounds int
}{
	{geom.Kernel{Kind: geom.Huber, Delta: 1.345}, 6},
	{geom.Kernel{Kind: geom.Cauchy, Delta: 2.385}, 8},
}

// fitWarp estimates the first n unknowns by iteratively re-weighted least
// squares, starting from the median, which half of the residuals may spoil.
func fitWarp(obs []residual, n int, scaleSigma float64, cfg AlignConfig) warpFit {
	var f warpFit
	r := make([]float64, len(obs))
	for i, o := range obs {
		r[i] = o.r
	}
	f.x[0] = stats.Median(r)
	f.sigma = max(centredSpread(obs), cfg.MinSigma)
	for _, k := range warpKernels {
		for range k.rounds {
			if !f.step(obs, n, k.kernel, scaleSigma, cfg) {
				return f
			}
		}
	}
	return f
}

// step solves the re-weighted normal equations once; false where it cannot.
func (f *warpFit) step(obs []residual, n int, kernel geom.Kernel, scaleSigma float64, cfg AlignConfig) bool {
	h, g := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for i := range obs {
		o := &obs[i]
		e := o.r - o.warp(&f.x)
		variance := sq(f.sigma) + o.variance
		_, w := kernel.Eval(e * e / variance)
		o.accumulate(h, g, w/variance)
	}
	prior := addPriors(h, scaleSigma, cfg.WarpSigma)
	var chol mat.Cholesky
	var x mat.VecDense
	// The priors make it definite; only overflow fails.
	if !chol.Factorize(h) || chol.SolveVecTo(&x, g) != nil {
		return false
	}
	copy(f.x[:n], x.RawVector().Data)
	return f.posterior(&chol, prior, obs, cfg)
}

// accumulate adds the residual's part of the normal equations.
func (o *residual) accumulate(h *mat.SymDense, g *mat.VecDense, w float64) {
	idx, val := [5]int{0}, [5]float64{1}
	m := 1
	if h.SymmetricDim() > 1 {
		copy(idx[1:], o.node[:])
		copy(val[1:], o.weight[:])
		m = 5
	}
	for a := range m {
		g.SetVec(idx[a], g.AtVec(idx[a])+w*val[a]*o.r)
		for b := a; b < m; b++ {
			i, j := idx[a], idx[b]
			h.SetSym(i, j, h.At(i, j)+w*val[a]*val[b])
		}
	}
}

// addPriors adds the priors to the information and returns them, a diagonal.
func addPriors(h *mat.SymDense, scaleSigma, warpSigma float64) []float64 {
	p := make([]float64, h.SymmetricDim())
	for i := range p {
		p[i] = 1 / sq(warpSigma)
		if i == 0 {
			p[i] = 1 / sq(scaleSigma)
		}
		h.SetSym(i, i, h.At(i, i)+p[i])
	}
	return p
}

// posterior sets the deviation of the scale and the noise of the depth: the
// robust spread of the residuals, corrected for the freedom that the fit took
// (n - tr(H^-1 H_data)), less the landmarks' own.
func (f *warpFit) posterior(chol *mat.Cholesky, prior []float64, obs []residual, cfg AlignConfig) bool {
	var inv mat.SymDense
	if chol.InverseTo(&inv) != nil {
		return false
	}
	freedom := float64(len(prior))
	for i, p := range prior {
		freedom -= p * inv.At(i, i)
	}
	abs, own := make([]float64, len(obs)), make([]float64, len(obs))
	for i := range obs {
		abs[i], own[i] = math.Abs(obs[i].r-obs[i].warp(&f.x)), obs[i].variance
	}
	n := float64(len(obs))
	variance := sq(stats.MADToStd*stats.Median(abs)) * n / max(n-freedom, n/4)
	f.scaleStd = math.Sqrt(inv.At(0, 0))
	f.sigma = max(math.Sqrt(max(variance-stats.Median(own), variance/4)), cfg.MinSigma)
	return true
}

// applyWarp multiplies the depth by exp(x0 + g(u)). Along a row g is linear
// between nodes, so its exponential is a geometric progression.
func applyWarp(d slam.DepthMap, x *[warpN]float64) slam.DepthMap {
	out := d
	out.Depth = make([]float32, len(d.Depth))
	nodes := make([]float64, gridX)
	for y := range d.H {
		n, w := bilinear(geom.Vec2{Y: float64(y)}, d.W, d.H)
		for i := range nodes {
			nodes[i] = x[0] + w[0]*x[n[0]+i] + w[2]*x[n[2]+i]
		}
		warpRow(out.Depth[y*d.W:(y+1)*d.W], d.Depth[y*d.W:(y+1)*d.W], nodes)
	}
	return out
}

func warpRow(out, in []float32, nodes []float64) {
	if len(in) < 2 {
		for i, z := range in {
			out[i] = z * float32(math.Exp(nodes[0]))
		}
		return
	}
	scale := float64(len(nodes)-1) / float64(len(in)-1) // grid cells per pixel
	from := 0
	for c := range len(nodes) - 1 {
		to := min(int(math.Ceil(float64(c+1)/scale)), len(in))
		if c == len(nodes)-2 {
			to = len(in)
		}
		slope := nodes[c+1] - nodes[c]
		f := math.Exp(nodes[c] + slope*(float64(from)*scale-float64(c)))
		ratio := math.Exp(slope * scale)
		for i := from; i < to; i++ {
			out[i] = in[i] * float32(f)
			f *= ratio
		}
		from = to
	}
}

// setSigma makes sigma the typical deviation of the map; a deviation per pixel
// keeps its pattern.
func setSigma(d *slam.DepthMap, sigma float64) {
	if d.LogStd != nil {
		f := float32(1)
		if t := typicalSigma(*d); t > 0 {
			f = float32(sigma / t)
		}
		std := make([]float32, len(d.LogStd))
		for i, s := range d.LogStd {
			std[i] = s * f
		}
		d.LogStd = std
	}
	d.Sigma = sigma
}

// typicalSigma returns Sigma, or the median of LogStd over known pixels.
func typicalSigma(d slam.DepthMap) float64 {
	if d.LogStd == nil {
		return d.Sigma
	}
	var v []float64
	step := max(1, len(d.LogStd)/4096)
	for i := 0; i < len(d.LogStd); i += step {
		if s := float64(d.LogStd[i]); d.Depth[i] > 0 && s >= 0 && !math.IsInf(s, 0) {
			v = append(v, s)
		}
	}
	return stats.Median(v)
}

// centredSpread returns the robust deviation of the residuals about their
// median.
func centredSpread(obs []residual) float64 {
	r := make([]float64, len(obs))
	for i, o := range obs {
		r[i] = o.r
	}
	return spread(r)
}

// spread returns the robust deviation of r, which it overwrites: the median
// absolute deviation, scaled to be a Gaussian's standard deviation.
func spread(r []float64) float64 {
	m := stats.Median(r)
	for i := range r {
		r[i] = math.Abs(r[i] - m)
	}
	return stats.MADToStd * stats.Median(r)
}

func sq(x float64) float64 { return x * x }
