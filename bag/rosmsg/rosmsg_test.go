package rosmsg_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/bag/rosmsg"
)

func TestRoundTrip(t *testing.T) {
	h := rosmsg.Header{Time: 12.25, Frame: "cam"}
	im := rosmsg.Image{Header: h, W: 3, H: 2, Encoding: "mono8", Step: 3, Data: []byte{1, 2, 3, 4, 5, 6}}
	if got, err := rosmsg.DecodeImage(rosmsg.CDR, im.Encode()); err != nil || !reflect.DeepEqual(got, im) {
		t.Errorf("image %v, error %v", got, err)
	}
	c := rosmsg.CompressedImage{Header: h, Format: "jpeg", Data: []byte{9}}
	if got, err := rosmsg.DecodeCompressedImage(rosmsg.CDR, c.Encode()); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("compressed image %v, error %v", got, err)
	}
	for _, d := range [][]float64{nil, {.1, -.2, 0, 0, .3}} {
		info := rosmsg.CameraInfo{Header: h, W: 640, H: 480, Model: "plumb_bob", D: d, K: [9]float64{500, 0, 320}, P: [12]float64{11: 7}}
		if got, err := rosmsg.DecodeCameraInfo(rosmsg.CDR, info.Encode()); err != nil || !reflect.DeepEqual(got, info) {
			t.Errorf("camera %v, want %v, error %v", got, info, err)
		}
	}
}

// CDR of the other byte order is read as well, and what ends early is an error.
func TestByteOrder(t *testing.T) {
	big := []byte{0, 0, 0, 0, 0, 0, 0, 5, 0x1d, 0xcd, 0x65, 0x00, 0, 0, 0, 2, 'c', 0, 0, 0, 0, 0, 0, 4, 'p', 'n', 'g', 0, 0, 0, 0, 1, 7}
	got, err := rosmsg.DecodeCompressedImage(rosmsg.CDR, big)
	if err != nil || math.Abs(got.Time-5.5) > 1e-9 || got.Frame != "c" || got.Format != "png" || len(got.Data) != 1 {
		t.Errorf("%v, error %v", got, err)
	}
	for n := range len(big) {
		if _, err := rosmsg.DecodeCompressedImage(rosmsg.CDR, big[:n]); err == nil {
			t.Errorf("%d of %d bytes are a message", n, len(big))
		}
	}
}

// A schema holds every type that it names, once.
func TestSchema(t *testing.T) {
	for _, kind := range []string{
		rosmsg.TypeImage, rosmsg.TypeCompressedImage, rosmsg.TypeCameraInfo, rosmsg.TypePointCloud2, rosmsg.TypePoseStamped, rosmsg.TypePath, rosmsg.TypeTFMessage, rosmsg.TypeMarker,
	} {
		text := string(rosmsg.Schema(kind).Data)
		if strings.Count(text, "MSG: std_msgs/Header\n") != 1 || strings.Count(text, "MSG: builtin_interfaces/Time\n") != 1 {
			t.Errorf("%s:\n%s", kind, text)
		}
	}
}

// The encoding of ROS 1 has no padding, and a number at the head.
func TestROS1(t *testing.T) {
	data := []byte("\x07\x00\x00\x00\x05\x00\x00\x00\x00\x65\xcd\x1d\x01\x00\x00\x00c\x03\x00\x00\x00png\x01\x00\x00\x00\x09")
	got, err := rosmsg.DecodeCompressedImage(rosmsg.ROS1, data)
	if err != nil || math.Abs(got.Time-5.5) > 1e-9 || got.Frame != "c" || got.Format != "png" || len(got.Data) != 1 || got.Data[0] != 9 {
		t.Errorf("%+v, error %v", got, err)
	}
	for n := range data {
		if _, err := rosmsg.DecodeCompressedImage(rosmsg.ROS1, data[:n]); err == nil {
			t.Errorf("%d of %d bytes are a message", n, len(data))
		}
	}
	if _, err := rosmsg.DecodeImage("protobuf", data); err == nil || !strings.Contains(err.Error(), `"protobuf"`) {
		t.Errorf("error %v", err)
	}
}
