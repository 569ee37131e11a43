package rosmsg

import (
	"strings"

	"github.com/metricslam/metricslam/bag/mcap"
)

// The types of messages, as their schemas are called.
const (
	TypeImage           = "sensor_msgs/msg/Image"
	TypeCompressedImage = "sensor_msgs/msg/CompressedImage"
	TypeCameraInfo      = "sensor_msgs/msg/CameraInfo"
	TypePointCloud2     = "sensor_msgs/msg/PointCloud2"
	TypePoseStamped     = "geometry_msgs/msg/PoseStamped"
	TypePath            = "nav_msgs/msg/Path"
	TypeTFMessage       = "tf2_msgs/msg/TFMessage"
	TypeMarker          = "visualization_msgs/msg/Marker"
)

// definition is a message's fields and the types of its own that they need.
type definition struct {
	fields string
	needs  []string
}

// definitions follow common_interfaces of ROS 2 Humble, without its comments.
var definitions = map[string]definition{
	"builtin_interfaces/msg/Time":         {"int32 sec\nuint32 nanosec\n", nil},
	"builtin_interfaces/msg/Duration":     {"int32 sec\nuint32 nanosec\n", nil},
	"std_msgs/msg/Header":                 {"builtin_interfaces/Time stamp\nstring frame_id\n", []string{"builtin_interfaces/msg/Time"}},
	"std_msgs/msg/ColorRGBA":              {"float32 r\nfloat32 g\nfloat32 b\nfloat32 a\n", nil},
	"geometry_msgs/msg/Point":             {"float64 x\nfloat64 y\nfloat64 z\n", nil},
	"geometry_msgs/msg/Vector3":           {"float64 x\nfloat64 y\nfloat64 z\n", nil},
	"geometry_msgs/msg/Quaternion":        {"float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1\n", nil},
	"geometry_msgs/msg/Pose":              {"Point position\nQuaternion orientation\n", []string{"geometry_msgs/msg/Point", "geometry_msgs/msg/Quaternion"}},
	"geometry_msgs/msg/Transform":         {"Vector3 translation\nQuaternion rotation\n", []string{"geometry_msgs/msg/Vector3", "geometry_msgs/msg/Quaternion"}},
	"sensor_msgs/msg/RegionOfInterest":    {"uint32 x_offset\nuint32 y_offset\nuint32 height\nuint32 width\nbool do_rectify\n", nil},
	"sensor_msgs/msg/PointField":          {"uint8 INT8=1\nuint8 UINT8=2\nuint8 INT16=3\nuint8 UINT16=4\nuint8 INT32=5\nuint8 UINT32=6\nuint8 FLOAT32=7\nuint8 FLOAT64=8\nstring name\nuint32 offset\nuint8 datatype\nuint32 count\n", nil},
	"visualization_msgs/msg/UVCoordinate": {"float32 u\nfloat32 v\n", nil},
	"visualization_msgs/msg/MeshFile":     {"string filename\nuint8[] data\n", nil},
	TypeImage: {
		"std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\nuint8[] data\n",
		[]string{"std_msgs/msg/Header"},
	},
	TypeCompressedImage: {"std_msgs/Header header\nstring format\nuint8[] data\n", []string{"std_msgs/msg/Header"}},
	TypeCameraInfo: {
		"std_msgs/Header header\nuint32 height\nuint32 width\nstring distortion_model\nfloat64[] d\nfloat64[9] k\nfloat64[9] r\nfloat64[12] p\n" +
			"uint32 binning_x\nuint32 binning_y\nRegionOfInterest roi\n",
		[]string{"std_msgs/msg/Header", "sensor_msgs/msg/RegionOfInterest"},
	},
	TypePointCloud2: {
		"std_msgs/Header header\nuint32 height\nuint32 width\nPointField[] fields\nbool is_bigendian\nuint32 point_step\nuint32 row_step\nuint8[] data\nbool is_dense\n",
		[]string{"std_msgs/msg/Header", "sensor_msgs/msg/PointField"},
	},
	TypePoseStamped: {"std_msgs/Header header\nPose pose\n", []string{"std_msgs/msg/Header", "geometry_msgs/msg/Pose"}},
	TypePath:        {"std_msgs/Header header\ngeometry_msgs/PoseStamped[] poses\n", []string{"std_msgs/msg/Header", TypePoseStamped}},
	"geometry_msgs/msg/TransformStamped": {
		"std_msgs/Header header\nstring child_frame_id\nTransform transform\n", []string{"std_msgs/msg/Header", "geometry_msgs/msg/Transform"},
	},
	TypeTFMessage: {"geometry_msgs/TransformStamped[] transforms\n", []string{"geometry_msgs/msg/TransformStamped"}},
	TypeMarker: {
		"int32 ARROW=0\nint32 CUBE=1\nint32 SPHERE=2\nint32 CYLINDER=3\nint32 LINE_STRIP=4\nint32 LINE_LIST=5\nint32 CUBE_LIST=6\nint32 SPHERE_LIST=7\n" +
			"int32 POINTS=8\nint32 TEXT_VIEW_FACING=9\nint32 MESH_RESOURCE=10\nint32 TRIANGLE_LIST=11\nint32 ARROW_STRIP=12\n" +
			"int32 ADD=0\nint32 MODIFY=0\nint32 DELETE=2\nint32 DELETEALL=3\n" +
			"std_msgs/Header header\nstring ns\nint32 id\nint32 type\nint32 action\ngeometry_msgs/Pose pose\ngeometry_msgs/Vector3 scale\nstd_msgs/ColorRGBA color\n" +
			"builtin_interfaces/Duration lifetime\nbool frame_locked\ngeometry_msgs/Point[] points\nstd_msgs/ColorRGBA[] colors\nstring texture_resource\n" +
			"sensor_msgs/CompressedImage texture\nUVCoordinate[] uv_coordinates\nstring text\nstring mesh_resource\nMeshFile mesh_file\nbool mesh_use_embedded_materials\n",
		[]string{
			"std_msgs/msg/Header", "geometry_msgs/msg/Pose", "geometry_msgs/msg/Vector3", "std_msgs/msg/ColorRGBA", "builtin_interfaces/msg/Duration",
			TypeCompressedImage, "visualization_msgs/msg/UVCoordinate", "visualization_msgs/msg/MeshFile",
		},
	},
}

// Schema returns the definition of a type with those that it needs behind it, as
// ROS 2 records it.
func Schema(name string) mcap.Schema {
	var b strings.Builder
	b.WriteString(definitions[name].fields)
	done := map[string]bool{name: true}
	for next := definitions[name].needs; len(next) > 0; next = next[1:] {
		if done[next[0]] {
			continue
		}
		done[next[0]] = true
		d := definitions[next[0]]
		b.WriteString(strings.Repeat("=", 80) + "\nMSG: " + strings.Replace(next[0], "/msg/", "/", 1) + "\n" + d.fields)
		next = append(next, d.needs...)
	}
	return mcap.Schema{Name: name, Encoding: "ros2msg", Data: []byte(b.String())}
}
