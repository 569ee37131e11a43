package pipeline

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// weakInliers is the number of landmarks below which a pose is held by the
// pixels of the last keyframe too: blur, darkness, a bare wall.
const weakInliers = 100

// locate follows the keypoints into a frame and estimates its pose: from
// landmarks, and where these are few from all pixels of the last keyframe: they
// are then the better of the two. pixels is nil where the landmarks are enough.
func (t *tracker) locate(f *slam.Frame) (est tracking.Estimate, pixels *pixelPose, err error) {
	defer t.stages.Start("track")()
	guess, last := t.predict(f), t.pose.Last()
	var seen tracking.Alignment
	aligned := false
	if t.weak {
		if seen, aligned = t.align(f, guess); aligned {
			guess = seen.Pose
		}
	}
	err = t.keypoint.TrackImage(t.now.image, func(k slam.Track) geom.Vec2 { return t.predictPixel(f.Camera, last, guess, k) })
	if err != nil {
		return est, nil, err
	}
	est = t.pose.Locate(f.Time, f.Camera, guess, t.keypoint.Tracks(), t.point)
	if len(est.Inliers) >= weakInliers {
		return est, nil, nil
	}
	if t.handover.busy() { // the back end may know more landmarks by now
		if err := t.update(); err != nil {
			return est, nil, err
		}
		guess, aligned = t.predict(f), false
		est = t.pose.Locate(f.Time, f.Camera, guess, t.keypoint.Tracks(), t.point)
	}
	if len(est.Inliers) >= weakInliers {
		return est, nil, nil
	}
	if !aligned {
		if seen, aligned = t.align(f, guess); !aligned {
			return est, nil, nil
		}
	}
	est = t.pose.Accept(f.Time, f.Camera, seen.Pose, t.keypoint.Tracks(), t.point)
	return est, &pixelPose{seen, mapping.Tether{From: t.key.id, Z: t.local.direct.Pose.Between(seen.Pose), Info: seen.Info}}, nil
}

// pixelPose is a pose by the pixels of the last keyframe.
type pixelPose struct {
	tracking.Alignment
	tether mapping.Tether
}

const (
	pixelsInSight = .6  // of the last keyframe, below which a new one is made
	richKeyframe  = 150 // landmarks of a keyframe where the next one will have many too
)

// wearsOut reports whether a pose by pixels calls for a new keyframe: little of
// the last one is in view, or there are landmarks to be had. In the dark and
// before a bare wall keyframe after keyframe would only add up errors.
func (t *tracker) wearsOut(p *pixelPose) bool {
	return p.InView < pixelsInSight || len(t.local.landmarks) >= richKeyframe
}

// align measures the pose of a frame by the pixels of the last keyframe.
func (t *tracker) align(f *slam.Frame, guess geom.SE3) (tracking.Alignment, bool) {
	if t.local.direct == nil || t.handover.busy() {
		return tracking.Alignment{}, false
	}
	defer t.stages.Start("align pixels")()
	step := guess.T.Sub(t.pose.Last().T).Norm()
	return tracking.AlignDirect(t.local.direct, tracking.NewPyramid(f.Gray, f.Camera), guess, .5*step+.005*t.local.direct.DepthM)
}
