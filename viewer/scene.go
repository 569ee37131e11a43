package viewer

import (
	"errors"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Scene is what is drawn. What lies in it is never changed after it was given
// to this package; a new scene replaces it.
type Scene struct {
	slam.Snapshot
	// Textured is the mesh with its images, of which Mesh is the mesh; nil where the
	// colours of vertices are all there is.
	Textured *slam.TexturedMesh
	// Live says that Frame, State, Pose and scale are those of a run that goes
	// on, to be shown.
	Live bool
	// Status are lines of text shown in the corner.
	Status []string
}

// ErrEmpty says that there is nothing to draw.
var ErrEmpty = errors.New("nothing to show: no mesh, no trajectory, no landmarks")

// Check returns an error that says why a scene cannot be drawn: it is empty, its
// mesh is inconsistent, a pose or landmark is not finite.
func (s *Scene) Check() error {
	if s.Mesh != nil {
		if err := export.CheckMesh(s.Mesh); err != nil {
			return fmt.Errorf("mesh: %w", err)
		}
	}
	if s.Textured != nil {
		if s.Mesh != &s.Textured.Mesh {
			return errors.New("mesh: the images are those of another one")
		}
		if err := export.CheckTextured(s.Textured); err != nil {
			return fmt.Errorf("mesh: %w", err)
		}
	}
	for _, t := range []struct {
		name string
		traj slam.Trajectory
	}{{"trajectory", s.Trajectory}, {"truth", s.Truth}, {"keyframes", s.Keyframes}} {
		for i, p := range t.traj {
			if !p.Pose.IsFinite() {
				return fmt.Errorf("%s: pose %d is not finite", t.name, i)
			}
		}
	}
	for i, p := range s.Points {
		if !p.IsFinite() {
			return fmt.Errorf("landmark %d is not finite: %v", i, p)
		}
	}
	if !s.Image.Empty() && len(s.Image.Pix) != 3*s.Image.W*s.Image.H {
		return fmt.Errorf("image of %dx%d pixels has %d bytes", s.Image.W, s.Image.H, len(s.Image.Pix))
	}
	if s.empty() {
		return ErrEmpty
	}
	return nil
}

func (s *Scene) empty() bool {
	return (s.Mesh == nil || len(s.Mesh.Vertices) == 0) && len(s.Trajectory)+len(s.Truth)+len(s.Keyframes)+len(s.Points) == 0
}

// poses returns the cameras of the scene: its keyframes, or all posed frames
// where it has none.
func (s *Scene) poses() slam.Trajectory {
	if len(s.Keyframes) > 0 {
		return s.Keyframes
	}
	return s.Trajectory
}

// frustumCamera is the camera that frusta are drawn for: that of the run, or one
// of ordinary shape where it is unknown.
func (s *Scene) frustumCamera() geom.Camera {
	if s.Camera.W > 0 && s.Camera.Fx > 0 {
		return s.Camera
	}
	return geom.CameraFromFOV(640, 480, 60*math.Pi/180)
}

// samples returns at most some 5,000 points that stand for the scene: vertices,
// landmarks where there is no mesh, and the path.
func (s *Scene) samples() (pts []geom.Vec3) {
	const most = 5000
	if s.Mesh != nil && len(s.Mesh.Vertices) > 0 {
		step := len(s.Mesh.Vertices)/most + 1
		for i := 0; i < len(s.Mesh.Vertices); i += step {
			pts = append(pts, vec(s.Mesh.Vertices[i]))
		}
	} else {
		for i := 0; i < len(s.Points); i += len(s.Points)/most + 1 {
			pts = append(pts, s.Points[i])
		}
	}
	for _, t := range []slam.Trajectory{s.Trajectory, s.Keyframes} {
		for i := 0; i < len(t); i += len(t)/1000 + 1 {
			pts = append(pts, t[i].Pose.T)
		}
	}
	return pts
}

// bounds returns the box of everything in the scene.
func (s *Scene) bounds() box {
	b := emptyBox()
	if s.Mesh != nil {
		for _, v := range s.Mesh.Vertices {
			b.add(vec(v))
		}
	}
	for _, p := range s.Points {
		b.add(p)
	}
	for _, t := range []slam.Trajectory{s.Trajectory, s.Truth, s.Keyframes} {
		for _, p := range t {
			b.add(p.Pose.T)
		}
	}
	if s.Live {
		b.add(s.Pose.T)
	}
	if b.lo.X > b.hi.X {
		return box{geom.Vec3{X: -1, Y: -1, Z: -1}, geom.Vec3{X: 1, Y: 1, Z: 1}}
	}
	return b
}

// AlignTruth brings true poses into the frame of an estimate, by the rigid
// motion that fits best where their stamps are at most eval.MaxTimeDiff apart.
func AlignTruth(truth, estimate slam.Trajectory) (slam.Trajectory, error) {
	pairs, err := eval.Associate(truth, estimate, eval.MaxTimeDiff)
	if err != nil {
		return nil, err
	}
	toTruth, err := eval.Align(pairs, eval.AlignSE3)
	if err != nil {
		return nil, err
	}
	fromTruth := geom.SE3{R: toTruth.R, T: toTruth.T}.Inverse()
	out := make(slam.Trajectory, len(truth))
	for i, p := range truth {
		out[i] = slam.StampedPose{Time: p.Time, Pose: fromTruth.Mul(p.Pose)}
	}
	return out, nil
}
