package ros2_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/bag/ros2"
)

func TestRoundTrip(t *testing.T) {
	h := ros2.Header{Time: 12.25, Frame: "cam"}
	im := ros2.Image{Header: h, W: 3, H: 2, Encoding: "mono8", Step: 3, Data: []byte{1, 2, 3, 4, 5, 6}}
	if got, err := ros2.DecodeImage(im.Encode()); err != nil || !reflect.DeepEqual(got, im) {
		t.Errorf("image %v, error %v", got, err)
	}
	c := ros2.CompressedImage{Header: h, Format: "jpeg", Data: []byte{9}}
	if got, err := ros2.DecodeCompressedImage(c.Encode()); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("compressed image %v, error %v", got, err)
	}
	for _, d := range [][]float64{nil, {.1, -.2, 0, 0, .3}} {
		info := ros2.CameraInfo{Header: h, W: 640, H: 480, Model: "plumb_bob", D: d, K: [9]float64{500, 0, 320}, P: [12]float64{11: 7}}
		if got, err := ros2.DecodeCameraInfo(info.Encode()); err != nil || !reflect.DeepEqual(got, info) {
			t.Errorf("camera %v, want %v, error %v", got, info, err)
		}
	}
}

// CDR of the other byte order is read as well, and what ends early is an error.
func TestByteOrder(t *testing.T) {
	big := []byte{0, 0, 0, 0, 0, 0, 0, 5, 0x1d, 0xcd, 0x65, 0x00, 0, 0, 0, 2, 'c', 0, 0, 0, 0, 0, 0, 4, 'p', 'n', 'g', 0, 0, 0, 0, 1, 7}
	got, err := ros2.DecodeCompressedImage(big)
	if err != nil || math.Abs(got.Time-5.5) > 1e-9 || got.Frame != "c" || got.Format != "png" || len(got.Data) != 1 {
		t.Errorf("%v, error %v", got, err)
	}
	for n := range len(big) {
		if _, err := ros2.DecodeCompressedImage(big[:n]); err == nil {
			t.Errorf("%d of %d bytes are a message", n, len(big))
		}
	}
}

// A schema holds every type that it names, once.
func TestSchema(t *testing.T) {
	for _, kind := range []string{
		ros2.TypeImage, ros2.TypeCompressedImage, ros2.TypeCameraInfo, ros2.TypePointCloud2, ros2.TypePoseStamped, ros2.TypePath, ros2.TypeTFMessage, ros2.TypeMarker,
	} {
		text := string(ros2.Schema(kind).Data)
		if strings.Count(text, "MSG: std_msgs/Header\n") != 1 || strings.Count(text, "MSG: builtin_interfaces/Time\n") != 1 {
			t.Errorf("%s:\n%s", kind, text)
		}
	}
}
