package pipeline

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// point is what is known of a track's landmark.
func (t *tracker) point(id int) (slam.Point, bool) {
	p, ok := t.local.landmarks[id]
	return p, ok
}

// predict returns the pose to expect: as the camera moved, turned as the images show.
func (t *tracker) predict(f *slam.Frame) geom.SE3 {
	return t.pose.Predict(f.Time, t.now.turn, t.now.turned)
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
