package kserve

import (
	"testing"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// Whatever a server answers, there is an error or there are tensors that are as
// long as their shapes say.
func FuzzDecodeResponse(f *testing.F) {
	f.Add([]byte(`{"outputs": [{"name": "depth", "shape": [1, 2], "datatype": "FP32", "data": [[1, 2.5]]}]}`), "")
	head := `{"outputs": [{"name": "depth", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}]}`
	f.Add([]byte(head+"01234567"), "105")
	f.Fuzz(func(t *testing.T, body []byte, length string) {
		defer fuzzbound.Check(t)()
		checkTensors(t)(decodeResponse(body, length))
	})
}

// The same for the messages of gRPC.
func FuzzDecodeInfer(f *testing.F) {
	out := appendString(nil, 1, "depth")
	out = appendString(out, 2, "FP32")
	out = appendBytes(out, 3, []byte{1, 2})
	f.Add(appendBytes(appendBytes(nil, 5, out), 6, []byte("01234567")))
	f.Add(appendBytes(nil, 5, appendBytes(out, 5, appendBytes(nil, 6, []byte("01234567")))))
	in := network.NewTensor("image", contract.Float32, 1, 2)
	f.Add(encodeInfer(Address{Model: "m"}, []network.Tensor{in}, []string{"depth"}))
	f.Fuzz(func(t *testing.T, msg []byte) {
		defer fuzzbound.Check(t)()
		checkTensors(t)(decodeInfer(msg))
		decodeMetadata(msg)
	})
}

func checkTensors(t *testing.T) func([]network.Tensor, error) {
	return func(tensors []network.Tensor, err error) {
		if err != nil {
			return
		}
		for _, x := range tensors {
			if err := x.Check(); err != nil {
				t.Error(err)
			}
		}
	}
}
