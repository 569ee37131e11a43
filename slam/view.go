package slam

import "github.com/metricslam/metricslam/geom"

// SparseDepth is the depth of one landmark seen from a keyframe: what dense
// depth is aligned to.
type SparseDepth struct {
	Pixel  geom.Vec2 // in the keyframe's image
	DepthM float64
	LogStd float64 // deviation of log depth
}

// KeyframeView is what fusion needs of a keyframe: image, depth as its source
// gave it, landmarks after bundle adjustment and the pose.
type KeyframeView struct {
	ID        int
	Time      float64
	Pose      geom.SE3 // T_wc
	Camera    geom.Camera
	Color     RGB // empty for grey cameras
	Gray      Gray
	Depth     DepthMap // may be empty
	Landmarks []SparseDepth

	// Image is the grey image as the camera took it: of full size, by a camera
	// that may have distortion left. It is empty where only Depth counts.
	Image       Gray
	ImageCamera geom.Camera
}

// Mesh is a triangle mesh in world coordinates.
type Mesh struct {
	Vertices  [][3]float32
	Normals   [][3]float32 // unit, one a vertex; may be nil
	Colors    [][3]uint8   // one a vertex; may be nil
	Deviation []float32    // metres along the line of sight, one a vertex, 0 where unknown; may be nil
	Triangles [][3]uint32
}

// TexturedMesh is a mesh whose colours lie in images. Vertices are doubled where
// pieces of the images meet.
type TexturedMesh struct {
	Mesh
	UV     [][2]float32  // where each vertex lies in its page: u from left to right, v from top to bottom, 0 to 1
	Source []uint32      // vertex of the mesh that was textured
	Pages  []TexturePage // in the order of the triangles
}

// TakeColors gives the mesh that was textured the colours of the vertices of t.
func (t *TexturedMesh) TakeColors(m *Mesh) {
	colors := make([][3]uint8, len(m.Vertices))
	copy(colors, m.Colors)
	for i, v := range t.Source {
		colors[v] = t.Colors[i]
	}
	m.Colors = colors
}

// TexturePage is one image of a textured mesh.
type TexturePage struct {
	Data      []byte // of a PNG or JPEG file
	Triangles int    // so many, in order, take their colours from it
}

// TrackState is what the tracker knows of itself.
type TrackState int

// The states of tracking.
const (
	Initialising TrackState = iota
	Tracking
	Lost
)

// String returns the state in lower case.
func (s TrackState) String() string {
	switch s {
	case Initialising:
		return "initialising"
	case Tracking:
		return "tracking"
	default:
		return "lost"
	}
}

// Snapshot is an immutable image of a run, for viewers and progress.
type Snapshot struct {
	Frame      int
	Time       float64
	State      TrackState
	Camera     geom.Camera
	Image      RGB         // current image; empty for grey cameras
	Gray       Gray        // the same in grey
	Tracks     []geom.Vec2 // tracked keypoints in it
	Pose       geom.SE3    // current T_wc
	Trajectory Trajectory  // all posed frames so far
	Truth      Trajectory  // true poses, aligned to the map; may be empty
	Keyframes  Trajectory
	Points     []geom.Vec3 // landmarks
	Mesh       *Mesh       // nil until the first one; replaced, never changed
	LogScale   float64     // logarithm of the metres a unit of the depth source
	ScaleSigma float64     // standard deviation of the logarithm of the map's metres; infinite where nothing tells them
	Warnings   []string    // what whoever watches should know
	Loops      [][2]int    // indices into Keyframes
}
