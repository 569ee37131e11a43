package calibration

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// Result is a calibration and what speaks for it.
type Result struct {
	Camera Camera
	Sigma  [9]float64 // deviations of Camera.Values
	Board  Board
	Views  []Fitted // that were used
	Found  int      // views that show the board
	Starts []Start
	Other  float64 // deviation of a corner under the other model, pixels; 0 where it was not tried

	RMSPx        float64 // distance of a corner from where it should be
	SigmaPx      float64 // deviation of a coordinate, by the median
	SystematicPx float64 // of it, what all corners of one part of the image share
	BorderPx     float64 // deviation of where the rays of the image's corners land
	Coverage     float64 // share of the image with corners
	TiltRad      float64 // of the board against the image, exceeded by a quarter of the views
}

// otherModel is how much smaller the deviation under the fisheye model must be
// for it to be taken where both were tried: ordinary lenses fit both.
const otherModel = .95

// Calibrate finds the camera of views of a board in images of w x h pixels,
// under a model, or the better one where it is empty. The error wraps ErrFewViews
// where there is too little to calibrate from.
func Calibrate(ctx context.Context, views []View, b Board, w, h int, m Model) (*Result, error) {
	diagonal := math.Hypot(float64(w), float64(h))
	var good []View
	for _, v := range views {
		if v.usable(diagonal) {
			good = append(good, v)
		}
	}
	if len(good) < minViews {
		return nil, fmt.Errorf("%w: %d images show it, %d of them large enough; %d are needed, some dozens are good", ErrFewViews, len(views), len(good), minViews)
	}
	res := &Result{Board: b, Found: len(good), Camera: Camera{W: w, H: h}}
	chosen := choose(good, b, w, h, maxViews)
	f, err := res.solve(ctx, chosen, m)
	if err != nil {
		return nil, err
	}
	res.Camera, res.Views, res.SigmaPx = f.camera, f.views, f.sigmaPx
	res.describe()
	return res, res.deviations(ctx, f)
}

// solve fits the model, or both.
func (res *Result) solve(ctx context.Context, views []View, m Model) (*fit, error) {
	w, h := res.Camera.W, res.Camera.H
	if m != "" {
		f, starts, err := solve(ctx, m, views, res.Board, w, h)
		res.Starts = starts
		return f, err
	}
	f, starts, err := solve(ctx, RadTan, views, res.Board, w, h)
	fish, more, fishErr := solve(ctx, Fisheye, views, res.Board, w, h)
	res.Starts = append(starts, more...)
	switch {
	case err != nil && fishErr != nil:
		return nil, err
	case fishErr != nil:
		return f, nil
	case err != nil:
		return fish, nil
	}
	if better(fish, f) {
		f, fish = fish, f
	}
	res.Other = fish.sigmaPx
	return f, nil
}

// better reports whether a fits more views than b, or as many much more closely.
func better(a, b *fit) bool {
	const more = 1.1
	n, m := float64(len(a.views)), float64(len(b.views))
	return n > more*m || m <= more*n && a.sigmaPx < otherModel*b.sigmaPx
}

// describe fills the figures of the residuals and the views.
func (res *Result) describe() {
	const cells = 10 // a side, for coverage
	var seen [cells * cells]bool
	var sum float64
	var n int
	var tilts []float64
	for _, v := range res.Views {
		for i, c := range v.Corners {
			x, y := cellOf(c.Pixel.X, res.Camera.W, cells), cellOf(c.Pixel.Y, res.Camera.H, cells)
			seen[y*cells+x] = true
			sum += v.Residuals[i].Norm2()
			n++
		}
		tilts = append(tilts, math.Acos(min(math.Abs(v.Pose.R[2][2]), 1)))
	}
	res.RMSPx = math.Sqrt(sum / float64(n))
	covered := 0
	for _, s := range seen {
		if s {
			covered++
		}
	}
	res.Coverage = float64(covered) / (cells * cells)
	res.TiltRad = quantile(tilts, .75)
	res.SystematicPx = res.systematic()
}

// cellMean is what the residuals of a cell of the image have in common.
type cellMean struct {
	at, mean geom.Vec2 // pixels
	n        float64
	chance   float64 // squared length that the mean would have by chance
}

// means are those of the cells with enough corners.
func (r *Result) means() (out []cellMean) {
	const cols, rows, enough = 8, 6, 12
	var cells [cols * rows]cellMean
	var squares [cols * rows]float64
	for _, v := range r.Views {
		for i, c := range v.Corners {
			at := cellOf(c.Pixel.Y, r.Camera.H, rows)*cols + cellOf(c.Pixel.X, r.Camera.W, cols)
			m := &cells[at]
			m.at, m.mean, m.n = m.at.Add(c.Pixel), m.mean.Add(v.Residuals[i]), m.n+1
			squares[at] += v.Residuals[i].Norm2()
		}
	}
	for i, m := range cells {
		if m.n < enough {
			continue
		}
		m.at, m.mean = m.at.Scale(1/m.n), m.mean.Scale(1/m.n)
		m.chance = (squares[i]/m.n - m.mean.Norm2()) / (m.n - 1)
		out = append(out, m)
	}
	return out
}

// systematic is the root mean square over the image of what the residuals of
// one cell have in common, chance taken off.
func (r *Result) systematic() float64 {
	var sum, n float64
	for _, m := range r.means() {
		sum += m.n * (m.mean.Norm2() - m.chance)
		n += m.n
	}
	if n == 0 {
		return 0
	}
	return math.Sqrt(max(sum/n, 0))
}

func cellOf(x float64, size, cells int) int {
	return min(max(int((x+.5)/float64(size)*float64(cells)), 0), cells-1)
}

// jackknifeGroups is into how many parts the views are split; each is left out
// once.
const jackknifeGroups = 10

// boardError is what no residual shows, as a share of the focal length: paper that
// has shrunk along one side, edges of ink that have bled, the residue of a bend.
const boardError = 2e-4

// deviations fills Sigma and BorderPx: by the information of the residuals and by
// the jackknife over groups of views (Efron 1982), whichever is larger.
func (res *Result) deviations(ctx context.Context, f *fit) error {
	p := f.problem(res.Board, max(f.sigmaPx, res.RMSPx/math.Sqrt2), all)
	cov, err := optimize.MarginalCovariance(p.Problem, p.camID)
	if err != nil {
		return fmt.Errorf("the views leave the camera open: tilt the board and move it through the whole image (%w)", err)
	}
	n := p.cam.Dim()
	scale := p.cam.scales()
	for i := range n {
		res.Sigma[i] = scale[i] * math.Sqrt(cov[i*n+i])
	}
	groups := min(jackknifeGroups, len(f.views))
	var cameras []Camera
	for g := range groups {
		p := f.problem(res.Board, f.sigmaPx, func(view int) bool { return view%groups != g })
		opt := optimize.DefaultOptions()
		opt.MaxIterations = fullIterations
		if _, err := optimize.Solve(ctx, p.Problem, opt); err != nil {
			return err
		}
		cameras = append(cameras, p.cam.cam)
	}
	k := float64(groups-1) / float64(groups)
	for i := range n {
		var sum, sum2 float64
		for _, c := range cameras {
			d := c.Values[i] - res.Camera.Values[i]
			sum, sum2 = sum+d, sum2+d*d
		}
		res.Sigma[i] = max(res.Sigma[i], math.Sqrt(k*max(sum2-sum*sum/float64(groups), 0)))
	}
	for i := range 4 {
		res.Sigma[i] = math.Hypot(res.Sigma[i], boardError*res.Camera.Values[i%2])
	}
	var sum2 float64
	for _, c := range cameras {
		d := res.Camera.borderDistance(c)
		sum2 += d * d
	}
	res.BorderPx = math.Sqrt(k * sum2)
	return nil
}

// widestRay is the angle from the axis, in radians, up to which rays at the border
// count: a pinhole image of them ends before.
const widestRay = 75 * math.Pi / 180

// borderDistance is how far apart two cameras put the rays of the image's
// corners, turned so that they agree in the middle: the largest of the four, in
// pixels, infinite where one of them has no such ray. A fisheye's corners may lie
// beyond widestRay: then it is the last pixel before it on the way there.
func (c Camera) borderDistance(o Camera) (worst float64) {
	lens := o.lens()
	w, h := float64(c.W-1), float64(c.H-1)
	center := geom.Vec2{X: w / 2, Y: h / 2}
	shift := func(u geom.Vec2) geom.Vec2 {
		q := lens.Distort(c.ray(u))
		return geom.Vec2{X: o.Values[0]*q.X + o.Values[2], Y: o.Values[1]*q.Y + o.Values[3]}.Sub(u)
	}
	middle := shift(center)
	for _, corner := range [4]geom.Vec2{{}, {X: w}, {Y: h}, {X: w, Y: h}} {
		u := corner
		for k := 1; k < 20 && c.Model == Fisheye && !(c.ray(u).Norm() < math.Tan(widestRay)); k++ {
			u = corner.Add(center.Sub(corner).Scale(.05 * float64(k)))
		}
		d := shift(u).Sub(middle).Norm()
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}
