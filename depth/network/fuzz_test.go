package network

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"github.com/metricslam/metricslam/slam"
)

// Whatever numbers a network puts out, in whatever shape, there is an error or a
// depth map of positive finite metres within the contract's bounds.
func FuzzPredict(f *testing.F) {
	kinds := []*contract.Contract{
		parse(f, small),
		parse(f, strings.Replace(small, "kind: depth", "kind: inverse-depth", 1)),
		parse(f, strings.Replace(small, "kind: depth", "kind: log-depth", 1)),
		parse(f, strings.Replace(small, "outputs: {depth: {name: depth}}", "outputs: {depth: {name: depth}, log_variance: {name: depth}, mask: {name: depth, min: 0.5}}", 1)),
	}
	f.Add([]byte{0, 0, 128, 63, 0, 0, 192, 127, 0, 0, 128, 255}, uint8(0), int64(8), int64(12))
	f.Add([]byte{0, 0, 128, 191, 1, 0, 0, 0}, uint8(1), int64(4), int64(6))
	f.Add([]byte{255, 255, 127, 127}, uint8(2), int64(0), int64(-1))
	f.Add([]byte{0, 0, 0, 64}, uint8(3), int64(16), int64(24))
	cam := geom.Camera{W: 24, H: 16, Fx: 20, Fy: 20, Cx: 11.5, Cy: 7.5}
	img := noise(cam.W, cam.H)
	f.Fuzz(func(t *testing.T, values []byte, kind uint8, h, w int64) {
		defer fuzzbound.Check(t)()
		c := kinds[int(kind)%len(kinds)]
		n := New(c, runner(func([]Tensor) ([]Tensor, error) {
			out := Tensor{Name: "depth", Type: contract.Float32, Shape: []int64{1, 1, h, w}}
			size := int64(64)
			if h > 0 && w > 0 && h < 100 && w < 100 {
				size = h * w
			}
			for i := range size { // the values, again and again
				var word [4]byte
				for k := range word {
					if len(values) > 0 {
						word[k] = values[(4*int(i)+k)%len(values)]
					}
				}
				out.F32 = append(out.F32, math.Float32frombits(binary.LittleEndian.Uint32(word[:])))
			}
			return []Tensor{out}, nil
		}))
		p, err := n.Predict(t.Context(), img, slam.Gray{}, cam)
		if err != nil {
			return
		}
		for _, d := range p.Depth.Depth {
			if d != 0 && !(d >= float32(c.RangeM[0]) && d <= float32(c.RangeM[1])) {
				t.Fatalf("a depth of %g m", d)
			}
		}
		for _, s := range p.Depth.LogStd {
			if !(s > 0) || s > maxLogStd {
				t.Fatalf("a deviation of %g", s)
			}
		}
	})
}
