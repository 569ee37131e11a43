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
// landmarks, and where these are few from all pixels of the last keyframe. The
// tether is what the pixels say, nil where the landmarks are enough.
func (s *System) locate(f *slam.Frame, thumb frontend.Thumbnail) (est tracking.Estimate, tether *mapping.Tether, err error) {
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
	if !est.OK {
		est = s.track.Accept(f.Time, f.Camera, seen.Pose, s.front.Tracks(), s.point)
	}
	return est, &mapping.Tether{From: s.anchor.id, Z: s.direct.Pose.Between(seen.Pose), Info: seen.Info}, nil
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
