package pipeline

import (
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// weakInliers is the number of landmarks below which a pose is held by the
// pixels of the last keyframe too: blur, darkness, a bare wall.
const weakInliers = 100

// locate follows the features into a frame and estimates its pose: from
// landmarks, and where these are few from all pixels of the last keyframe: they
// are then the better of the two. pixels is nil where the landmarks are enough.
func (s *System) locate(f *slam.Frame, thumb frontend.Thumbnail) (est tracking.Estimate, pixels *pixelPose, err error) {
	defer s.stages.Start("track")()
	guess, last := s.predict(f, thumb), s.track.Last()
	var seen tracking.Alignment
	aligned := false
	if s.weak {
		if seen, aligned = s.align(f, guess); aligned {
			guess = seen.Pose
		}
	}
	err = s.front.Track(f.Gray, func(t slam.Track) geom.Vec2 { return s.predictPixel(f.Camera, last, guess, t) })
	if err != nil {
		return est, nil, err
	}
	est = s.track.Locate(f.Time, f.Camera, guess, s.front.Tracks(), s.point)
	if len(est.Inliers) >= weakInliers {
		return est, nil, nil
	}
	if s.pending != nil { // the mapper may know more landmarks by now
		if err := s.takeUp(); err != nil {
			return est, nil, err
		}
		guess, aligned = s.predict(f, thumb), false
		est = s.track.Locate(f.Time, f.Camera, guess, s.front.Tracks(), s.point)
	}
	if len(est.Inliers) >= weakInliers {
		return est, nil, nil
	}
	if !aligned {
		if seen, aligned = s.align(f, guess); !aligned {
			return est, nil, nil
		}
	}
	est = s.track.Accept(f.Time, f.Camera, seen.Pose, s.front.Tracks(), s.point)
	return est, &pixelPose{seen, mapping.Tether{From: s.anchor.id, Z: s.direct.Pose.Between(seen.Pose), Info: seen.Info}}, nil
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
// the last one is in sight, or there are landmarks to be had. In the dark and
// before a bare wall keyframe after keyframe would only add up errors.
func (s *System) wearsOut(p *pixelPose) bool {
	return p.InSight < pixelsInSight || len(s.points) >= richKeyframe
}

// align measures the pose of a frame by the pixels of the last keyframe.
func (s *System) align(f *slam.Frame, guess geom.SE3) (tracking.Alignment, bool) {
	if s.direct == nil || s.pending != nil {
		return tracking.Alignment{}, false
	}
	defer s.stages.Start("align pixels")()
	step := guess.T.Sub(s.track.Last().T).Norm()
	return tracking.AlignDirect(s.direct, tracking.NewPyramid(f.Gray, f.Camera), guess, .5*step+.005*s.direct.DepthM)
}
