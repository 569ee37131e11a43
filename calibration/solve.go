package calibration

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/optimize"
)

// Fitted is a view with its pose.
type Fitted struct {
	View
	Pose      geom.SE3    // T_cb, lengths in edges of a square
	Residuals []geom.Vec2 // measured minus predicted, pixels, by corner

	bend []geom.Vec2 // of the corners, see bend.go
}

// RMSPx is the root mean square of the distances of its corners.
func (f Fitted) RMSPx() float64 {
	var sum float64
	for _, r := range f.Residuals {
		sum += r.Norm2()
	}
	return math.Sqrt(sum / float64(len(f.Residuals)))
}

// ErrFewViews says that too few images show the board.
var ErrFewViews = errors.New("too few views of the board")

// minViews is how many views determine a camera at all.
const minViews = 3

// Robust estimation: residuals beyond huberSigmas count by their distance,
// corners beyond cornerSigmas are left out (one of 25,000 good ones is), and views
// whose RMS exceeds that of the middle view by viewRatio: those are blurred.
const (
	huberSigmas  = 2
	cornerSigmas = 4.5
	viewRatio    = 3
	rejections   = 4   // rounds
	minSigmaPx   = .02 // rendered images without noise come close to it
)

// coefficientSigma holds the coefficients that the views do not determine near 0,
// by model; tangential ones are those of lenses mounted askew.
var coefficientSigma = map[Model][]float64{RadTan: {1, 1, .05, .05, 1}, Fisheye: {1, 1, 1, 1}}

// fit is a camera with its views, and how well it does.
type fit struct {
	camera  Camera
	views   []Fitted
	sigmaPx float64 // deviation of a coordinate, by the median
	cost    float64 // of the robust sum, at 1 pixel
}

// prior holds the coefficients of a camera near 0. Variable: the camera.
type prior struct{ cam *cameraVar }

func (f *prior) Dim() int { return len(coefficientSigma[f.cam.cam.Model]) }

func (f *prior) Linearize(r []float64, j [][]float64) bool {
	n := f.cam.Dim()
	for i, s := range coefficientSigma[f.cam.cam.Model] {
		r[i] = f.cam.cam.Values[4+i] / s
		if j != nil && j[0] != nil {
			clear(j[0][i*n : i*n+n])
			j[0][i*n+4+i] = 1 / s
		}
	}
	return true
}

// problem is the adjustment of a fit.
type problem struct {
	*optimize.Problem
	cam   *cameraVar
	camID optimize.ID
	poses []*poseVar
}

func (f *fit) problem(b Board, sigmaPx float64, use func(view int) bool) problem {
	p := problem{Problem: optimize.NewProblem(), cam: newCameraVar(f.camera)}
	p.camID = p.Add(p.cam)
	p.AddFactor(&prior{p.cam}, geom.Kernel{}, p.camID)
	for i, v := range f.views {
		pose := &poseVar{pose: v.Pose}
		p.poses = append(p.poses, pose)
		if !use(i) {
			continue
		}
		id := p.Add(pose)
		for k, c := range v.Corners {
			at := b.Corner(c.ID)
			p.AddFactor(&reprojection{p.cam, pose, geom.Vec3{X: at.X, Y: at.Y}, c.Pixel.Sub(v.bend[k]), 1 / sigmaPx},
				geom.Kernel{Kind: geom.Huber, Delta: huberSigmas}, p.camID, id)
		}
	}
	return p
}

func all(int) bool { return true }

// adjust solves for the camera and all poses.
func (f *fit) adjust(ctx context.Context, b Board, sigmaPx float64, iterations int) error {
	p := f.problem(b, sigmaPx, all)
	opt := optimize.DefaultOptions()
	opt.MaxIterations, opt.FunctionTolerance = iterations, 1e-9
	s, err := optimize.Solve(ctx, p.Problem, opt)
	if err != nil {
		return err
	}
	f.camera, f.cost = p.cam.cam, s.CostEnd
	for i := range f.views {
		f.views[i].Pose = p.poses[i].pose
	}
	f.measure(b)
	return nil
}

// measure fills the residuals and their deviation.
func (f *fit) measure(b Board) {
	project := f.camera.projector()
	var sizes []float64
	for i := range f.views {
		w := &f.views[i]
		w.Residuals = w.Residuals[:0]
		for k, c := range w.Corners {
			r := c.Pixel.Sub(w.bend[k]).Sub(project(w.Pose, b.Corner(c.ID)))
			w.Residuals = append(w.Residuals, r)
			sizes = append(sizes, math.Abs(r.X), math.Abs(r.Y))
		}
	}
	f.sigmaPx = max(stats.MADToStd*stats.Median(sizes), minSigmaPx)
}

// reject leaves out corners and views that do not fit, and reports whether there
// were any.
func (f *fit) reject() (any bool) {
	rms := make([]float64, len(f.views))
	for i, v := range f.views {
		rms[i] = v.RMSPx()
	}
	limit := viewRatio * stats.Median(slices.Clone(rms))
	kept := f.views[:0]
	for i, v := range f.views {
		if rms[i] > limit {
			any = true
			continue
		}
		corners := v.Corners[:0:0]
		for k, c := range v.Corners {
			if v.Residuals[k].Norm() <= cornerSigmas*f.sigmaPx {
				corners = append(corners, c)
			}
		}
		any = any || len(corners) < len(v.Corners)
		if v.Corners = corners; len(corners) >= minCorners {
			kept = append(kept, v)
		}
	}
	f.views = kept
	return any
}

// focalStarts are the focal lengths tried, in mean sides of the image: from a
// fisheye to a telephoto lens.
var focalStarts = []float64{.35, .55, .85, 1.3, 2.2, 4}

const (
	startViews      = 16 // of those chosen, for a start
	startIterations = 40
	fullIterations  = 100
)

// solve fits one model: from every start with a few views, from the best with all.
func solve(ctx context.Context, m Model, views []View, b Board, w, h int) (*fit, []Start, error) {
	few := choose(views, b, w, h, startViews)
	var best *fit
	var starts []Start
	for _, k := range focalStarts {
		focal := k * math.Sqrt(float64(w)*float64(h))
		f := begin(m, few, b, w, h, focal)
		s := Start{Model: m, FocalPx: focal}
		if f != nil && f.adjust(ctx, b, 1, startIterations) == nil && f.sound() {
			s.EndPx, s.SigmaPx = f.camera.Values[0], f.sigmaPx
			if best == nil || f.cost/float64(len(f.views)) < best.cost/float64(len(best.views)) {
				best = f
			}
		}
		starts = append(starts, s)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
	if best == nil {
		return nil, starts, fmt.Errorf("no focal length fits the views as a %s camera: are --cols, --rows and --gap those of the board?", m)
	}
	f := &fit{camera: best.camera}
	f.place(views, b)
	f.predictBend(b)
	if err := f.adjust(ctx, b, max(best.sigmaPx, minSigmaPx), fullIterations); err != nil {
		return nil, starts, err
	}
	for round := range rejections {
		rejected := f.reject()
		f.predictBend(b)
		if len(f.views) < minViews {
			return nil, starts, fmt.Errorf("%w: %d of %d fit each other", ErrFewViews, len(f.views), len(views))
		}
		if err := f.adjust(ctx, b, f.sigmaPx, fullIterations); err != nil {
			return nil, starts, err
		}
		if !rejected && round > 0 {
			break
		}
	}
	if !f.sound() {
		return nil, starts, fmt.Errorf("the views do not determine a %s camera: it ends at %v", m, f.camera.Values)
	}
	return f, starts, nil
}

// Start is a focal length that was tried, and where it ended; SigmaPx is 0 where
// it led nowhere.
type Start struct {
	Model          Model
	FocalPx, EndPx float64
	SigmaPx        float64
}

// begin is a camera of a focal length without distortion and the poses that
// homographies give for it; nil where fewer than minViews have one.
func begin(m Model, views []View, b Board, w, h int, focal float64) *fit {
	f := &fit{camera: Camera{W: w, H: h, Model: m, Values: [9]float64{focal, focal, float64(w-1) / 2, float64(h-1) / 2}}}
	f.place(views, b)
	if len(f.views) < minViews {
		return nil
	}
	return f
}

// place finds the poses of the views for the camera.
func (f *fit) place(views []View, b Board) {
	lens, v := f.camera.lens(), f.camera.Values
	for _, view := range views {
		var plane, rays []geom.Vec2
		var points []geom.Vec3
		for _, c := range view.Corners {
			ray := lens.Undistort(geom.Vec2{X: (c.Pixel.X - v[2]) / v[0], Y: (c.Pixel.Y - v[3]) / v[1]})
			if !ray.IsFinite() {
				continue
			}
			at := b.Corner(c.ID)
			plane, rays, points = append(plane, at), append(rays, ray), append(points, geom.Vec3{X: at.X, Y: at.Y})
		}
		pose, ok := planePose(plane, rays)
		if !ok {
			continue
		}
		pose, _ = geom.RefinePnP(pose, rays, points, nil, geom.Kernel{}, 20)
		if pose.IsFinite() && inFront(pose, view, b) {
			f.views = append(f.views, Fitted{View: view, Pose: pose, bend: make([]geom.Vec2, len(view.Corners))})
		}
	}
}

// inFront reports whether the camera can see all corners of a view.
func inFront(pose geom.SE3, v View, b Board) bool {
	for _, c := range v.Corners {
		at := b.Corner(c.ID)
		if pose.Apply(geom.Vec3{X: at.X, Y: at.Y}).Z < 1e-3 {
			return false
		}
	}
	return true
}

// planePose is the pose of a plane from its homography to rays (Zhang 2000).
func planePose(plane, rays []geom.Vec2) (geom.SE3, bool) {
	h, ok := geom.Homography(plane, rays)
	if !ok {
		return geom.SE3{}, false
	}
	a, b, t := h.Col(0), h.Col(1), h.Col(2)
	scale := 2 / (a.Norm() + b.Norm())
	if t.Z < 0 {
		scale = -scale
	}
	a, b = a.Scale(scale).Unit(), b.Scale(scale).Unit()
	z := a.Cross(b).Unit()
	x := a.Add(b.Cross(z)).Unit() // between the two: they should be at right angles
	return geom.SE3{R: geom.FromCols(x, z.Cross(x), z), T: t.Scale(scale)}, true
}

// sound reports whether the camera is one: a plausible focal length and the
// principal point in the image.
func (f *fit) sound() bool {
	c := f.camera
	mean := math.Sqrt(float64(c.W) * float64(c.H))
	for i, x := range c.Values {
		if math.IsNaN(x) || math.IsInf(x, 0) || i < 2 && !(x > .1*mean && x < 20*mean) {
			return false
		}
	}
	p := c.Pinhole()
	return p.Contains(geom.Vec2{X: p.Cx, Y: p.Cy}, 0)
}
