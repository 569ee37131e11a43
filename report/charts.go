package report

import (
	"fmt"
	"image/color"
	"math"
	"sort"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/colormap"
	"github.com/metricslam/metricslam/slam"
)

const (
	chartWidth    = 1000. // of all charts over time, so that they line up
	chartHeight   = 210.
	topViewHeight = 560.
	maxPoints     = 2500 // of a line: more than a screen can show
)

// drawing gathers what the charts share.
type drawing struct {
	r     *Report
	start float64 // stamp of the first frame
	time  span    // of the input, from its start
	pairs []eval.Pair
	err   []float64 // of pairs, aligned by SE3 where that is possible
}

func (r *Report) newDrawing() *drawing {
	d := &drawing{r: r}
	var stamps []float64
	for _, t := range []slam.Trajectory{r.Trajectory, r.Truth} {
		if n := len(t); n > 0 {
			stamps = append(stamps, t[0].Time, t[n-1].Time)
		}
	}
	for _, s := range r.LostSpans {
		stamps = append(stamps, s.StartS, s.EndS)
	}
	for _, t := range r.Tracks {
		stamps = append(stamps, t.Time)
	}
	for _, l := range r.ScaleLog {
		stamps = append(stamps, l.Time)
	}
	s := spanOf(stamps)
	d.start, d.time = s.lo, span{0, max(s.hi-s.lo, 1e-3)}
	if r.Accuracy != nil {
		// Associated before: it cannot fail now.
		d.pairs, _ = eval.Associate(r.Truth, r.Trajectory, eval.MaxTimeDiff)
		if t, err := eval.Align(d.pairs, eval.AlignSE3); err == nil {
			d.pairs = eval.Apply(d.pairs, t)
		}
		d.err = eval.ATE(d.pairs)
	}
	return d
}

// estimate returns the poses to draw: those with a truth in its frame, or all
// where there is none.
func (d *drawing) estimate() slam.Trajectory {
	if d.pairs == nil {
		return d.r.Trajectory
	}
	t := make(slam.Trajectory, len(d.pairs))
	for i, p := range d.pairs {
		t[i] = slam.StampedPose{Time: p.Truth.Time, Pose: p.Estimate.Pose}
	}
	return t
}

// plane is the one in which the trajectories are drawn.
func (d *drawing) plane() view {
	if d.pairs != nil {
		return topView(centres(d.r.Truth))
	}
	return topView(centres(d.r.Trajectory))
}

// topView draws the trajectories from above; nil without a pose.
func (d *drawing) topView() *chart {
	estimate, truth := d.estimate(), d.r.Truth
	if len(estimate) == 0 {
		return nil
	}
	if d.pairs == nil {
		truth = nil // frames that were never aligned
	}
	all, plane := append(centres(estimate), centres(truth)...), d.plane()
	var us, vs []float64
	for _, p := range all {
		u, v := plane.at(p)
		us, vs = append(us, u), append(vs, v)
	}
	c := newChart("top", chartWidth, topViewHeight, span{0, 1}, span{0, 1}, "", "")
	x, y := equalScale(spanOf(us).padded(.06, .02), spanOf(vs).padded(.06, .02), (c.X1-c.X0)/(c.Y0-c.Y1))
	c = newChart("top", chartWidth, topViewHeight, x, y, axisNames[plane.u]+" [m]", axisNames[plane.v]+" [m]")
	if len(truth) > 0 {
		c.addLine(thin(planePoints(truth, plane)), "truth")
	}
	points := planePoints(estimate, plane)
	if d.pairs != nil {
		c.addColoured(points, d.err)
	} else {
		c.addLine(thin(points), "estimate")
	}
	d.mark(c, estimate, plane)
	return c
}

// mark adds keyframes, loops, start and end.
func (d *drawing) mark(c *chart, estimate slam.Trajectory, plane view) {
	for _, l := range d.r.Loops {
		a, b := nearestPose(estimate, l.TimeA), nearestPose(estimate, l.TimeB)
		ax, ay := plane.at(estimate[a].Pose.T)
		bx, by := plane.at(estimate[b].Pose.T)
		c.addLine([]point{{x: ax, y: ay}, {x: bx, y: by}}, "loop")
	}
	for _, t := range d.r.KeyTimes {
		p := estimate[nearestPose(estimate, t)]
		if math.Abs(p.Time-t) > eval.MaxTimeDiff {
			continue
		}
		x, y := plane.at(p.Pose.T)
		c.addDot(x, y, "keyframe", fmt.Sprintf("keyframe at %.2f s", t-d.start))
	}
	first, last := estimate[0], estimate[len(estimate)-1]
	x, y := plane.at(first.Pose.T)
	c.addDot(x, y, "start", "start")
	x, y = plane.at(last.Pose.T)
	c.addDot(x, y, "end", "end")
}

// errorChart draws the error over time; nil without truth.
func (d *drawing) errorChart() *chart {
	if d.pairs == nil {
		return nil
	}
	s := eval.NewStats(d.err)
	c := newChart("error", chartWidth, chartHeight, d.time, span{0, max(1.1*s.Max, 1e-9)}, "time [s]", "error [m]")
	d.shadeLost(c)
	points := d.timePoints(len(d.pairs), func(i int) (float64, float64) { return d.pairs[i].Truth.Time, d.err[i] })
	c.addColoured(points, d.err)
	c.addRule(s.RMSE, fmt.Sprintf("rmse %.3g m", s.RMSE))
	return c
}

// scaleChart draws the scale over time with the band of one deviation; nil
// without samples, and where it is known and never moves, as a sensor's.
func (d *drawing) scaleChart() *chart {
	samples := d.r.ScaleLog
	var ends []float64
	moves := false
	for _, s := range samples {
		moves = moves || s.LogScale != samples[0].LogScale || s.Sigma != samples[0].Sigma
		ends = append(ends, math.Exp(s.LogScale-s.Sigma), math.Exp(s.LogScale+s.Sigma))
	}
	y := spanOf(ends)
	if !moves {
		return nil
	}
	y = y.padded(.1, .02)
	c := newChart("scale", chartWidth, chartHeight, d.time, y, "time [s]", "scale")
	d.shadeLost(c)
	edge := func(sign float64) []point {
		return d.timePoints(len(samples), func(i int) (float64, float64) {
			return samples[i].Time, math.Exp(samples[i].LogScale + sign*samples[i].Sigma)
		})
	}
	upper, lower := unbroken(edge(1)), unbroken(edge(-1))
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	c.Area = c.path(upper) + "Z"
	c.addLine(unbroken(edge(0)), "estimate")
	return c
}

// trackChart draws the inliers of every frame; nil without samples.
func (d *drawing) trackChart() *chart {
	samples := d.r.Tracks
	if len(samples) == 0 {
		return nil
	}
	most := 1.
	for _, s := range samples {
		most = max(most, float64(s.Inliers))
	}
	c := newChart("tracks", chartWidth, chartHeight, d.time, span{0, 1.1 * most}, "time [s]", "inliers")
	d.shadeLost(c)
	c.addLine(thin(d.timePoints(len(samples), func(i int) (float64, float64) { return samples[i].Time, float64(samples[i].Inliers) })), "estimate")
	return c
}

func (d *drawing) shadeLost(c *chart) {
	for _, s := range d.r.LostSpans {
		c.addBand(s.StartS-d.start, s.EndS-d.start, fmt.Sprintf("lost: frames %d to %d", s.FirstFrame, s.LastFrame))
	}
}

// timePoints returns n points over the time since the start, broken where
// stamps are missing.
func (d *drawing) timePoints(n int, at func(i int) (stamp, value float64)) []point {
	points, stamps := make([]point, n), make([]float64, n)
	for i := range points {
		stamp, v := at(i)
		stamps[i], points[i] = stamp, point{x: stamp - d.start, y: v}
	}
	for i, g := range gaps(stamps) {
		points[i].isGap = g
	}
	return points
}

// addColoured draws points in the colours of values, from 0 to the largest, in
// one path for each run of equal colour.
func (c *chart) addColoured(points []point, values []float64) {
	const levels = 24
	stride := max(1, len(points)/maxPoints)
	most := max(spanOf(values).hi, 1e-12)
	var run []point
	level := -1
	flush := func() {
		if len(run) > 1 || len(points) == 1 {
			c.Lines = append(c.Lines, line{D: c.path(run), Class: "coloured", Color: hexColor(errorColor(float64(level) / (levels - 1)))})
		}
	}
	gap := false
	for i, p := range points {
		gap = gap || p.isGap
		if i%stride != 0 && i != len(points)-1 {
			continue
		}
		p.isGap, gap = gap, false
		l := int(values[i] / most * (levels - 1))
		if l != level || p.isGap {
			if level >= 0 && !p.isGap {
				run = append(run, p)
			}
			flush()
			run, level = nil, l
		}
		run = append(run, p)
	}
	flush()
}

// thin leaves out points that a screen could not show.
func thin(points []point) []point {
	stride := max(1, len(points)/maxPoints)
	if stride == 1 {
		return points
	}
	var out []point
	gap := false
	for i, p := range points {
		gap = gap || p.isGap
		if i%stride == 0 || i == len(points)-1 {
			p.isGap, gap = gap, false
			out = append(out, p)
		}
	}
	return out
}

func unbroken(points []point) []point {
	out := thin(points)
	for i := range out {
		out[i].isGap = false
	}
	return out
}

func planePoints(t slam.Trajectory, plane view) []point {
	points, times := make([]point, len(t)), make([]float64, len(t))
	for i, p := range t {
		points[i].x, points[i].y = plane.at(p.Pose.T)
		times[i] = p.Time
	}
	for i, g := range gaps(times) {
		points[i].isGap = g
	}
	return points
}

func centres(t slam.Trajectory) []geom.Vec3 {
	out := make([]geom.Vec3, len(t))
	for i, p := range t {
		out[i] = p.Pose.T
	}
	return out
}

// nearestPose returns the index of the pose nearest in time; t is not empty.
func nearestPose(t slam.Trajectory, time float64) int {
	i := sort.Search(len(t), func(i int) bool { return t[i].Time >= time })
	if i == len(t) || (i > 0 && time-t[i-1].Time < t[i].Time-time) {
		i--
	}
	return i
}

// errorColor is the colour of an error as a share of the largest, without the
// dark ends of the map that would not show on every background.
func errorColor(share float64) color.NRGBA { return colormap.At(.12 + .8*share) }

func hexColor(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
