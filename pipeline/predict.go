package pipeline

import (
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// point is what is known of a track's landmark.
func (t *tracker) point(id int) (slam.Point, bool) {
	p, ok := t.local.landmarks[id]
	return p, ok
}

func (t *tracker) predict(f *slam.Frame, thumb frontend.Thumbnail) geom.SE3 {
	still := t.pose.Predict(f.Time, geom.Mat3{}, false)
	last := t.pose.Last()
	guess := still.R.T().Mul(last.R) // rays of the last frame to rays of this one
	seen, ok := frontend.Rotation(t.thumb, thumb, guess)
	return t.pose.Predict(f.Time, seen, ok)
}

// predictPixel returns where a track should be: the projection of its landmark,
// or its ray turned with the camera.
func (t *tracker) predictPixel(cam geom.Camera, last, guess geom.SE3, k slam.Track) geom.Vec2 {
	var p geom.Vec3
	if pt, ok := t.local.landmarks[k.ID]; ok {
		p = guess.ApplyInverse(pt.Position)
	} else {
		p = guess.R.TMulVec(last.R.MulVec(cam.Ray(k.Pixel)))
	}
	if p.Z < minAheadM {
		return k.Pixel
	}
	return cam.Project(p)
}

// minAheadM is the depth below which a point is not projected.
const minAheadM = .05
