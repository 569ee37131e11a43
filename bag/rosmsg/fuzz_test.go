package rosmsg_test

import (
	"testing"

	"github.com/metricslam/metricslam/bag/rosmsg"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// No bytes make a decoder fail other than by an error, and what it returns is no
// longer than what it was given.
func FuzzDecode(f *testing.F) {
	h := rosmsg.Header{Time: 1.5, Frame: "cam"}
	f.Add((&rosmsg.Image{Header: h, W: 2, H: 1, Encoding: "mono8", Step: 2, Data: []byte{1, 2}}).Encode(), false)
	f.Add((&rosmsg.CompressedImage{Header: h, Format: "png", Data: []byte{1}}).Encode(), false)
	f.Add((&rosmsg.CameraInfo{Header: h, W: 2, H: 1, Model: "plumb_bob", D: []float64{1, 2}}).Encode(), false)
	f.Add([]byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, false)
	f.Add([]byte("\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00cam\x03\x00\x00\x00png\x01\x00\x00\x00\x09"), true)
	f.Fuzz(func(t *testing.T, data []byte, ros1 bool) {
		defer fuzzbound.Check(t)()
		enc := rosmsg.CDR
		if ros1 {
			enc = rosmsg.ROS1
		}
		im, err := rosmsg.DecodeImage(enc, data)
		c, err2 := rosmsg.DecodeCompressedImage(enc, data)
		info, err3 := rosmsg.DecodeCameraInfo(enc, data)
		if err == nil && len(im.Data) > len(data) || err2 == nil && len(c.Data) > len(data) || err3 == nil && 8*len(info.D) > len(data) {
			t.Errorf("%d, %d and %d values of %d bytes", len(im.Data), len(c.Data), len(info.D), len(data))
		}
	})
}
