package ros2_test

import (
	"testing"

	"github.com/metricslam/metricslam/bag/ros2"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// No bytes make a decoder fail other than by an error, and what it returns is no
// longer than what it was given.
func FuzzDecode(f *testing.F) {
	h := ros2.Header{Time: 1.5, Frame: "cam"}
	f.Add((&ros2.Image{Header: h, W: 2, H: 1, Encoding: "mono8", Step: 2, Data: []byte{1, 2}}).Encode())
	f.Add((&ros2.CompressedImage{Header: h, Format: "png", Data: []byte{1}}).Encode())
	f.Add((&ros2.CameraInfo{Header: h, W: 2, H: 1, Model: "plumb_bob", D: []float64{1, 2}}).Encode())
	f.Add([]byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		im, err := ros2.DecodeImage(data)
		c, err2 := ros2.DecodeCompressedImage(data)
		info, err3 := ros2.DecodeCameraInfo(data)
		if err == nil && len(im.Data) > len(data) || err2 == nil && len(c.Data) > len(data) || err3 == nil && 8*len(info.D) > len(data) {
			t.Errorf("%d, %d and %d values of %d bytes", len(im.Data), len(c.Data), len(info.D), len(data))
		}
	})
}
