package rosmsg

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

func (e *encoder) vec(v geom.Vec3) { e.f64(v.X, v.Y, v.Z) }

func (e *encoder) pose(p geom.SE3) {
	q := geom.QuatFromMat3(p.R)
	e.vec(p.T)
	e.f64(q.X, q.Y, q.Z, q.W)
}

// PoseStamped encodes geometry_msgs/msg/PoseStamped.
func PoseStamped(h Header, p geom.SE3) []byte {
	e := newEncoder(128)
	e.header(h)
	e.pose(p)
	return e.b
}

// Path encodes nav_msgs/msg/Path.
func Path(h Header, t slam.Trajectory) []byte {
	e := newEncoder(128 * len(t))
	e.header(h)
	e.u32(uint32(len(t)))
	for _, p := range t {
		e.header(Header{p.Time, h.Frame})
		e.pose(p.Pose)
	}
	return e.b
}

// Transform is a part of tf2_msgs/msg/TFMessage: the pose of a frame in another.
type Transform struct {
	Header // Frame is the parent
	Child  string
	Pose   geom.SE3 // T_parent_child
}

// TFMessage encodes tf2_msgs/msg/TFMessage.
func TFMessage(all ...Transform) []byte {
	e := newEncoder(160 * len(all))
	e.u32(uint32(len(all)))
	for _, t := range all {
		e.header(t.Header)
		e.text(t.Child)
		e.pose(t.Pose)
	}
	return e.b
}

// The numbers of sensor_msgs/msg/PointField and visualization_msgs/msg/Marker.
const (
	pointFloat32       = 7
	markerTriangleList = 11
	pointStep          = 16
)

// PointCloud2 encodes sensor_msgs/msg/PointCloud2 with x, y, z and, unless nil, rgb.
func PointCloud2(h Header, points [][3]float32, colors [][3]uint8) []byte {
	e := newEncoder(pointStep*len(points) + 256)
	e.header(h)
	e.u32(1, uint32(len(points)))
	names := []string{"x", "y", "z"}
	if colors != nil {
		names = append(names, "rgb")
	}
	e.u32(uint32(len(names)))
	for i, n := range names {
		e.text(n)
		e.u32(uint32(4 * i))
		e.u8(pointFloat32)
		e.u32(1)
	}
	e.flag(false) // little-endian
	e.u32(pointStep, uint32(pointStep*len(points)), uint32(pointStep*len(points)))
	for i, p := range points {
		var c uint32
		if colors != nil {
			c = uint32(colors[i][0])<<16 | uint32(colors[i][1])<<8 | uint32(colors[i][2])
		}
		for _, v := range p {
			e.b = append(e.b, le32(math.Float32bits(v))...)
		}
		e.b = append(e.b, le32(c)...)
	}
	e.flag(true) // no point is missing
	return e.b
}

func le32(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }

// MeshMarker encodes a mesh as visualization_msgs/msg/Marker: its triangles, one by
// one, with a colour a corner.
func MeshMarker(h Header, m *slam.Mesh) []byte {
	e := newEncoder(120*len(m.Triangles) + 512)
	e.header(h)
	e.text("mesh")
	e.u32(0, markerTriangleList, 0) // id, type, action: add
	e.pose(geom.IdentitySE3())
	e.f64(1, 1, 1)
	e.f32(.7, .7, .7, 1)
	e.u32(0, 0) // it stays
	e.flag(false)
	e.u32(uint32(3 * len(m.Triangles)))
	for _, t := range m.Triangles {
		for _, v := range t {
			p := m.Vertices[v]
			e.f64(float64(p[0]), float64(p[1]), float64(p[2]))
		}
	}
	if m.Colors == nil {
		e.u32(0)
	} else {
		e.u32(uint32(3 * len(m.Triangles)))
		for _, t := range m.Triangles {
			for _, v := range t {
				c := m.Colors[v]
				e.f32(float32(c[0])/255, float32(c[1])/255, float32(c[2])/255, 1)
			}
		}
	}
	e.text("") // no texture
	e.compressed(&CompressedImage{})
	e.u32(0)   // no texture coordinates
	e.text("") // no text
	e.text("") // no mesh file
	e.text("")
	e.bytes(nil)
	e.flag(false)
	return e.b
}
