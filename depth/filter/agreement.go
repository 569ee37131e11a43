package filter

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// View is a depth map and the pose of its camera.
type View struct {
	Depth slam.DepthMap
	Pose  geom.SE3 // T_wc
}

// minViews is how many other views must see a point for their agreement to say
// anything.
const minViews = 2

// Agreement returns ref's depth map with LogStd from how well other views agree:
// every point is carried into each of them, and the median of the absolute
// differences of log depth, times 1.4826/sqrt(2) (a normal deviation; two maps
// err), is its deviation, at least floor. Points that fewer than two others see
// keep their deviation; one that is hidden in another view by something nearer
// (by more than three of its deviations) is not seen there.
func Agreement(ref View, others []View, floor float64) slam.DepthMap {
	d := ref.Depth
	out := d
	out.LogStd = make([]float32, len(d.Depth))
	diffs := make([]float64, 0, len(others))
	for i, z := range d.Depth {
		sigma := d.Sigma
		if d.LogStd != nil {
			sigma = float64(d.LogStd[i])
		}
		out.LogStd[i] = float32(sigma)
		if z <= 0 {
			continue
		}
		u := geom.Vec2{X: float64(i % d.W), Y: float64(i / d.W)}
		p := ref.Pose.Apply(d.Camera.Unproject(u, float64(z)))
		diffs = diffs[:0]
		for k := range others {
			if e, ok := others[k].difference(p, sigma); ok {
				diffs = append(diffs, math.Abs(e))
			}
		}
		if len(diffs) < minViews {
			continue
		}
		out.LogStd[i] = float32(max(floor, stats.MADToStd/math.Sqrt2*stats.Median(diffs)))
	}
	return out
}

// difference returns the log of the depth that the view has where it sees world
// point p, over the depth of p in it; ok is false where it does not see p.
func (v *View) difference(p geom.Vec3, sigma float64) (logDiff float64, ok bool) {
	c := v.Pose.ApplyInverse(p)
	if c.Z <= 0 {
		return 0, false
	}
	z, s, ok := v.Depth.At(v.Depth.Camera.Project(c))
	if !ok {
		return 0, false
	}
	logDiff = math.Log(z / c.Z)
	return logDiff, logDiff > -3*math.Hypot(s, sigma)
}
