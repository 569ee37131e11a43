package tracking

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// A focal length that was told wrong by up to a fifth is found from one frame, to
// three of the deviations stated and 1.5 %.
func TestFocalFactor(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	cam := geom.CameraFromFOV(640, 480, 1)
	pose := geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .1, Y: -.2, Z: .05}), T: geom.Vec3{X: .3, Y: .1, Z: -.2}}
	for _, told := range []float64{1, .8, 1.06, 1.2} {
		points := map[int]slam.Point{}
		var tracks []slam.Track
		for id := range 150 {
			u := geom.Vec2{X: 640 * r.Float64(), Y: 480 * r.Float64()}
			points[id] = slam.Point{Position: pose.Apply(cam.Unproject(u, 1+4*r.Float64())), LogStd: .01}
			tracks = append(tracks, slam.Track{ID: id, Pixel: u.Add(geom.Vec2{X: .3 * r.NormFloat64(), Y: .3 * r.NormFloat64()})})
		}
		wrong := cam
		wrong.Fx, wrong.Fy = cam.Fx*told, cam.Fy*told
		tr := New(Default(), 1)
		est := tr.Locate(0, wrong, pose, tracks, func(id int) (slam.Point, bool) { p, ok := points[id]; return p, ok })
		log, sigma, ok := tr.FocalFactor(est.Pose)
		if off := math.Abs(log + math.Log(told)); !est.OK || !ok || off > .015 || off > 3*sigma || sigma > .05 {
			t.Errorf("told %g times too long: found %g at a deviation of %g (%v, %v)", told, math.Exp(-log), sigma, est.OK, ok)
		}
	}
}
