package page

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Scene is a map as the page shows it. What is not known is left out.
type Scene struct {
	Title    string
	Up       geom.Vec3 // unit; zero: the first camera's
	ScaleStd float64   // deviation of the logarithm of the map's metres; infinite where no source tells them

	Mesh       *slam.Mesh
	Textured   *slam.TexturedMesh // of which Mesh is the mesh; nil where the colours of vertices are all there is
	MeshErrorM float64            // how far the mesh was simplified from the surface that was fused
	Deviation  []float32          // of each vertex, metres; 0 where unknown
	Seen       []float64          // when each vertex was seen first, a stamp as those of the poses; infinite where unknown

	Trajectory slam.Trajectory
	Truth      slam.Trajectory // in the frame of the map
	Keyframes  []Keyframe      // times increasing
	Landmarks  []geom.Vec3
	Loops      [][2]int // indices into Keyframes

	fast bool // it is packed in haste
}

// Keyframe is a camera with its image.
type Keyframe struct {
	ID     int
	Time   float64
	Pose   geom.SE3 // T_wc
	Camera geom.Camera
	Image  []byte // JPEG; may be empty
}

// up is the direction that the page draws upwards.
func (s *Scene) up() geom.Vec3 {
	if s.Up == (geom.Vec3{}) {
		return geom.Vec3{Y: -1}
	}
	return s.Up
}
