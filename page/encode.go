package page

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// mostLandmarks are shown of a map: more hide one another.
const mostLandmarks = 60_000

// timeStepS is what times are rounded to.
const timeStepS = .001

// Encode returns the scene as the page reads it.
func (s *Scene) Encode() ([]byte, error) { return s.encode(nil) }

// encode is Encode with more for the header.
func (s *Scene) encode(more map[string]any) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c := newContainer()
	c.fast = s.fast
	maps.Copy(c.meta, more)
	c.meta["title"], c.meta["up"] = s.Title, list(s.up())
	c.meta["scaleStd"] = nil
	if !math.IsInf(s.ScaleStd, 0) {
		c.meta["scaleStd"] = s.ScaleStd
	}
	c.meta["start"], c.meta["timeStep"] = s.start(), timeStepS
	if s.Mesh != nil && len(s.Mesh.Vertices) > 0 {
		c.addMesh(s)
	}
	c.path("path", s.Trajectory)
	c.path("truth", s.Truth)
	c.keyframes(s.Keyframes)
	c.landmarks(s.Landmarks)
	c.meta["loops"] = s.Loops
	return c.pack()
}

// check returns what would be drawn wrongly.
func (s *Scene) check() error {
	if s.Mesh != nil {
		if err := export.CheckMesh(s.Mesh); err != nil {
			return fmt.Errorf("page: the mesh: %w", err)
		}
		if s.Textured != nil {
			if s.Mesh != &s.Textured.Mesh {
				return errors.New("page: the images are those of another mesh")
			}
			if err := export.CheckTextured(s.Textured); err != nil {
				return fmt.Errorf("page: the mesh: %w", err)
			}
		}
		for name, n := range map[string]int{"deviations": len(s.Deviation), "times": len(s.Seen)} {
			if n != 0 && n != len(s.Mesh.Vertices) {
				return fmt.Errorf("page: %d %s for %d vertices", n, name, len(s.Mesh.Vertices))
			}
		}
	}
	for _, l := range s.Loops {
		if min(l[0], l[1]) < 0 || max(l[0], l[1]) >= len(s.Keyframes) {
			return fmt.Errorf("page: a loop between keyframes %d and %d of %d", l[0], l[1], len(s.Keyframes))
		}
	}
	return nil
}

// start is the earliest stamp.
func (s *Scene) start() float64 {
	start := math.Inf(1)
	if len(s.Trajectory) > 0 {
		start = s.Trajectory[0].Time
	}
	for _, k := range s.Keyframes {
		start = min(start, k.Time)
	}
	if math.IsInf(start, 1) {
		return 0
	}
	return start
}

// timeCode counts steps from the start; what is not known counts as the start.
func (c *container) timeCode(t float64) int32 {
	if math.IsInf(t, 0) {
		return 0
	}
	return int32(math.Round((t - c.meta["start"].(float64)) / timeStepS))
}

func list(v geom.Vec3) [3]float64 { return [3]float64{v.X, v.Y, v.Z} }

// poses writes translations and rotations as quaternions x, y, z, w.
func (c *container) poses(name string, n int, at func(i int) (float64, geom.SE3)) {
	times, values := make([]int32, n), make([]float32, 0, 7*n)
	for i := range n {
		t, p := at(i)
		times[i] = c.timeCode(t)
		q := geom.QuatFromMat3(p.R)
		for _, x := range [7]float64{p.T.X, p.T.Y, p.T.Z, q.X, q.Y, q.Z, q.W} {
			values = append(values, float32(x))
		}
	}
	c.deltas(name+".time", 1, times)
	c.floats(name+".pose", 7, values)
}

func (c *container) path(name string, t slam.Trajectory) {
	if len(t) > 0 {
		c.poses(name, len(t), func(i int) (float64, geom.SE3) { return t[i].Time, t[i].Pose })
	}
}

func (c *container) keyframes(all []Keyframe) {
	if len(all) == 0 {
		return
	}
	c.poses("keyframe", len(all), func(i int) (float64, geom.SE3) { return all[i].Time, all[i].Pose })
	var ids, sizes []int32
	var cameras []float32
	var images []byte
	for _, k := range all {
		ids = append(ids, int32(k.ID))
		sizes = append(sizes, int32(len(k.Image)))
		images = append(images, k.Image...)
		for _, x := range [6]float64{float64(k.Camera.W), float64(k.Camera.H), k.Camera.Fx, k.Camera.Fy, k.Camera.Cx, k.Camera.Cy} {
			cameras = append(cameras, float32(x))
		}
	}
	c.deltas("keyframe.id", 1, ids)
	c.floats("keyframe.camera", 6, cameras)
	c.ints("keyframe.bytes", 1, sizes)
	c.bytes("keyframe.image", images)
}

func (c *container) landmarks(all []geom.Vec3) {
	step := len(all)/mostLandmarks + 1
	var values []int32
	for i := 0; i < len(all); i += step {
		for _, x := range list(all[i]) {
			values = append(values, int32(math.Round(x/QuantumM)))
		}
	}
	if len(values) > 0 {
		c.deltas("landmark", 3, values)
		c.meta["landmarkQuantum"] = QuantumM
	}
}
