package selfcal

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// Result is the camera found.
type Result struct {
	Camera     geom.Camera // without distortion
	K1         float64     // radial coefficient of the distortion, as OpenCV's
	FocalSigma float64     // deviation of the logarithm of the focal length
	K1Sigma    float64
	Told       bool   // the sequence tells more than the guess does
	Reason     string // why it does not, empty where it does
	Windows    int
	ResidualPx float64 // deviation of a coordinate, by the median
	Starts     []Start
}

// Start is a focal length that was tried, where it ended, and the share of the
// observations it explains.
type Start struct {
	FocalPx, K1 float64
	EndPx       float64
	Explained   float64
}

// What most cameras are: a focal length of the mean side to a quarter (see
// geom.GuessCamera), and barrel distortion up to that of an action camera. The
// principal point is held in the middle: a sequence hardly tells it, and set free it
// takes up what rolling shutters and drifting features do.
const (
	GuessSigma = .25
	k1Sigma    = .2
	heldSigma  = 1e-5 // of what is held
	bendsFrom  = .02  // more of the observations that distortion must explain to be taken for real: on images without any it explains up to .006 more
	systematic = .05  // deviation of the focal length that no information lowers: the errors of real lenses (rolling shutters, distortion) are 2 to 8 %, those of rendered ones .3 to .6 %
	fewWindows = 3    // below which windows cannot be told from each other
	fewSigma   = .08  // deviation then
	oneSigma   = .15  // deviation of a single window: two of a real sequence were off by 6 and 40 %
)

// toldSigma is the deviation of the focal length above which a sequence counts as
// one that does not tell it.
const toldSigma = .12

// starts are the focal lengths tried, in mean sides of the image, and with which
// distortion: wide lenses may have the barrel of an action camera, and no view of
// theirs can be built without it.
var starts = []struct{ focal, k1 float64 }{{.5, 0}, {.65, 0}, {.8, 0}, {1, 0}, {1.25, 0}, {1.6, 0}, {2.1, 0}, {.5, barrel}, {.65, barrel}, {.8, barrel}, {1, barrel}}

const barrel = -.18

const (
	startIterations = 15
	endIterations   = 40
	explainedPx     = 2.5 // residual up to which an observation is explained, at images of 640 pixels width
	inflation       = 2   // of the deviation by information: errors of features along a track are alike
)

// solution is where a start ended.
type solution struct {
	structures []*structure
	cam        camera
	held       prior
	explained  float64
}

// bent reports whether the distortion is free.
func (s *solution) bent() bool { return s.held.sigma[3] > heldSigma }

const (
	settled   = 3   // of the starts that explain most, with ends that differ by apart, are followed to their end
	apart     = .04 // of the focal length
	rebuilds  = 2   // times that the windows are built anew with the camera found
	contender = .03 // how much less an end may explain than the best and still count against it
)

// Find returns the camera of images of w x h pixels.
func Find(ctx context.Context, views []View, w, h int, seed uint64) (Result, error) {
	guess := geom.GuessCamera(w, h)
	res := Result{Camera: guess, FocalSigma: GuessSigma, K1Sigma: k1Sigma}
	f := finder{windows: windows(views, shortViews), seed: seed, center: camera{f: guess.Fx, cx: guess.Cx, cy: guess.Cy}}
	if len(f.windows) == 0 {
		res.Reason = fmt.Sprintf("no %d views of it share %d features", minWindow, minShared)
		return res, nil
	}
	f.explainedPx = explainedPx * max(float64(w)/640, .5)
	var ends []*solution
	for _, k := range starts {
		c := f.center
		c.f, c.k1 = k.focal*guess.Fx, k.k1
		held := prior{center: f.center, sigma: [4]float64{GuessSigma, heldSigma, heldSigma, heldSigma}}
		if k.k1 != 0 {
			held.sigma[3] = k1Sigma
		}
		s, err := f.from(ctx, c, held, startIterations)
		if err != nil {
			return res, err
		}
		start := Start{FocalPx: c.f, K1: k.k1}
		if s != nil {
			start.EndPx, start.Explained = s.cam.f, s.explained
			ends = append(ends, s)
		}
		res.Starts = append(res.Starts, start)
	}
	if len(ends) == 0 {
		res.Reason = "the camera does not move enough for the motion between two of its views to be told"
		return res, nil
	}
	f.windows = windows(views, longViews)
	straight, err := f.settle(ctx, distinct(ends, false))
	if err != nil {
		return res, err
	}
	bent, err := f.settle(ctx, distinct(ends, true))
	switch {
	case err != nil:
		return res, err
	case len(straight) == 0 && len(bent) == 0:
		res.Reason = "the views of longer stretches do not fit together"
		return res, nil
	case len(straight) == 0 || len(bent) > 0 && bent[0].explained > straight[0].explained+bendsFrom:
		straight = bent
	}
	if err := f.finish(ctx, &res, straight); err != nil {
		return res, err
	}
	if !res.Told && math.Abs(math.Log(res.Camera.Fx/guess.Fx)) > 2*GuessSigma {
		res.Camera, res.K1, res.FocalSigma = guess, 0, GuessSigma // what hardly any camera has is worse than the guess
	}
	return res, nil
}

// distinct returns the ends with or without distortion that explain most and differ.
func distinct(ends []*solution, bent bool) (out []*solution) {
	slices.SortStableFunc(ends, func(a, b *solution) int { return cmp.Compare(b.explained, a.explained) })
	for _, e := range ends {
		if e.bent() == bent && !slices.ContainsFunc(out, func(o *solution) bool { return math.Abs(math.Log(o.cam.f/e.cam.f)) < apart }) && len(out) < settled {
			out = append(out, e)
		}
	}
	return out
}

// settle follows ends with the long windows, built anew with the camera found; the
// best comes first.
func (f *finder) settle(ctx context.Context, ends []*solution) (out []*solution, err error) {
	for _, s := range ends {
		for range rebuilds {
			if s == nil {
				break
			}
			if s, err = f.from(ctx, s.cam, s.held, endIterations); err != nil {
				return nil, err
			}
		}
		if s != nil {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *solution) int { return cmp.Compare(b.explained, a.explained) })
	return out, nil
}

// finder holds what the starts share.
type finder struct {
	windows     [][]View
	seed        uint64
	center      camera
	explainedPx float64
}

// from builds all windows with a camera and adjusts them; nil where none can be
// built.
func (f *finder) from(ctx context.Context, c camera, held prior, iterations int) (*solution, error) {
	s := &solution{structures: make([]*structure, len(f.windows)), held: held}
	built := false
	for i, v := range f.windows {
		s.structures[i] = build(v, c, f.seed)
		built = built || s.structures[i] != nil
	}
	if !built {
		return nil, ctx.Err()
	}
	p := newProblem(s.structures, c, held, 1, everyWindow)
	if err := p.solve(ctx, iterations); err != nil {
		return nil, err
	}
	s.cam = p.cam.cam
	s.explained = f.explained(p)
	return s, nil
}

func everyWindow(int) bool { return true }

// explained is the share of all observations of the windows with a small residual.
func (f *finder) explained(p problem) float64 {
	n := 0
	for _, w := range f.windows {
		for _, v := range w {
			n += len(v.Tracks)
		}
	}
	good := 0.0
	var r [2]float64
	for _, o := range p.observations {
		if o.factor.Linearize(r[:], nil) {
			e := math.Hypot(r[0], r[1]) / (o.factor.weight * f.explainedPx)
			good += max(0, 1-e*e)
		}
	}
	return good / float64(n)
}

// finish adjusts the best solution to its end and tells how well it is known.
func (f *finder) finish(ctx context.Context, res *Result, ends []*solution) error {
	s := ends[0]
	p := newProblem(s.structures, s.cam, s.held, 1, everyWindow)
	if err := p.solve(ctx, endIterations); err != nil {
		return err
	}
	sigma := p.sigmaPx()
	p = newProblem(s.structures, p.cam.cam, s.held, sigma, everyWindow)
	if err := p.solve(ctx, endIterations); err != nil {
		return err
	}
	c := p.cam.cam
	res.ResidualPx = sigma
	res.Camera.Fx, res.Camera.Fy, res.K1 = c.f, c.f, c.k1
	cov, err := optimize.MarginalCovariance(p.Problem, p.camID)
	if err != nil {
		res.Reason = "the views leave the focal length open"
		return nil
	}
	res.FocalSigma, res.K1Sigma = inflation*math.Sqrt(cov[0]), inflation*math.Sqrt(cov[15])
	if err := f.jackknife(ctx, res, s, c, sigma); err != nil {
		return err
	}
	least := systematic
	switch {
	case res.Windows == 1:
		least = oneSigma
	case res.Windows < fewWindows:
		least = fewSigma
	}
	res.FocalSigma = math.Hypot(res.FocalSigma, least)
	for _, e := range ends[1:] {
		if e.explained > ends[0].explained-contender {
			res.FocalSigma = math.Hypot(res.FocalSigma, math.Log(e.cam.f/ends[0].cam.f)/2)
		}
	}
	res.FocalSigma = min(res.FocalSigma, GuessSigma)
	res.K1Sigma = min(res.K1Sigma, k1Sigma)
	if res.Told = res.FocalSigma < toldSigma; !res.Told {
		res.Reason = "the camera hardly turns while it moves, or hardly moves while it turns"
		if res.Windows == 1 {
			res.Reason = "only one stretch of them hangs together and turns"
		}
	}
	return nil
}

// sigmaPx is the deviation of a coordinate by the median.
func (p problem) sigmaPx() float64 {
	var all []float64
	var r [2]float64
	for _, o := range p.observations {
		if o.factor.Linearize(r[:], nil) {
			all = append(all, math.Abs(r[0])/o.factor.weight, math.Abs(r[1])/o.factor.weight)
		}
	}
	if len(all) == 0 {
		return 1
	}
	slices.Sort(all)
	return max(1.4826*all[len(all)/2], .05)
}

// jackknife raises the deviations to what leaving out a window moves the camera by.
func (f *finder) jackknife(ctx context.Context, res *Result, best *solution, c camera, sigma float64) error {
	used := 0
	for _, s := range best.structures {
		if s != nil {
			used++
		}
	}
	res.Windows = used
	if used < fewWindows {
		return nil
	}
	var sum, sum2, ksum, ksum2 float64
	for w, s := range best.structures {
		if s == nil {
			continue
		}
		p := newProblem(best.structures, c, best.held, sigma, func(i int) bool { return i != w })
		if err := p.solve(ctx, endIterations); err != nil {
			return err
		}
		d, k := math.Log(p.cam.cam.f/c.f), p.cam.cam.k1-c.k1
		sum, sum2, ksum, ksum2 = sum+d, sum2+d*d, ksum+k, ksum2+k*k
	}
	n := float64(used)
	res.FocalSigma = max(res.FocalSigma, math.Sqrt((n-1)/n*max(sum2-sum*sum/n, 0)))
	res.K1Sigma = max(res.K1Sigma, math.Sqrt((n-1)/n*max(ksum2-ksum*ksum/n, 0)))
	return nil
}
