package pipeline

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// wantsKeyframe decides whether the map needs this frame: too few of the last
// keyframe's landmarks are left, the camera has moved across the scene, or time
// has passed while it moved at all.
func (t *tracker) wantsKeyframe(f *slam.Frame, est tracking.Estimate) bool {
	cfg := t.cfg.Keyframes
	followed, parallax := t.sinceKeyframe(f.Camera, est.Pose)
	unit := float64(f.Camera.W) / 640
	had := len(t.key.pixels)
	gap := f.Index - t.key.frame
	switch {
	case float64(followed) < cfg.MinShare*float64(had):
		return true
	case parallax > cfg.ParallaxPx*unit:
		return true
	default:
		return gap >= cfg.MaxFrames && parallax > cfg.ParallaxPx*unit/5
	}
}

// sinceKeyframe returns how many of the last keyframe's keypoints are still
// followed, and their median motion in pixels with the rotation taken out.
func (t *tracker) sinceKeyframe(cam geom.Camera, pose geom.SE3) (followed int, parallaxPx float64) {
	rel := pose.R.T().Mul(t.key.pose.R)
	var moved []float64
	for _, k := range t.keypoint.Tracks() {
		u, ok := t.key.pixels[k.ID]
		if !ok {
			continue
		}
		followed++
		if p := rel.MulVec(cam.Ray(u)); p.Z > .1 {
			moved = append(moved, cam.Project(p).Sub(k.Pixel).Norm())
		}
	}
	return followed, stats.Median(moved)
}
