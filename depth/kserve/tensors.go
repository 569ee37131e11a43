package kserve

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
)

// datatypes are the protocol's words for the types of tensors.
var datatypes = map[contract.DType]string{
	contract.Float32: "FP32", contract.Float16: "FP16", contract.Uint8: "UINT8", contract.Int64: "INT64",
}

// appendRaw appends the bytes of a tensor, little end first.
func appendRaw(b []byte, t network.Tensor) []byte {
	if t.Type != contract.Float32 {
		return append(b, t.Raw...)
	}
	for _, v := range t.F32 {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// fromRaw makes a tensor of bytes. FP64 becomes float32.
func fromRaw(name, datatype string, shape []int64, raw []byte) (network.Tensor, error) {
	t := network.Tensor{Name: name, Shape: shape}
	if err := sane(name, shape); err != nil {
		return t, err
	}
	size := map[string]int{"FP32": 4, "FP64": 8, "FP16": 2, "UINT8": 1, "INT64": 8}[datatype]
	if size == 0 {
		return t, fmt.Errorf("output %q holds %s values; FP32, FP64 and FP16 can be read", name, datatype)
	}
	if n := t.Len(); n*size != len(raw) {
		return t, fmt.Errorf("output %q of shape %v and type %s came as %d bytes, not %d", name, shape, datatype, len(raw), n*size)
	}
	switch datatype {
	case "FP32":
		t.Type, t.F32 = contract.Float32, make([]float32, len(raw)/4)
		for i := range t.F32 {
			t.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case "FP64":
		t.Type, t.F32 = contract.Float32, make([]float32, len(raw)/8)
		for i := range t.F32 {
			t.F32[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	case "FP16":
		t.Type, t.Raw = contract.Float16, raw
	case "UINT8":
		t.Type, t.Raw = contract.Uint8, raw
	default:
		t.Type, t.Raw = contract.Int64, raw
	}
	return t, nil
}

// fromNumbers makes a float32 tensor of numbers.
func fromNumbers(name string, shape []int64, v []float32) (network.Tensor, error) {
	t := network.Tensor{Name: name, Shape: shape, Type: contract.Float32, F32: v}
	if err := sane(name, shape); err != nil {
		return t, err
	}
	return t, t.Check()
}

// sane refuses shapes that no depth network has.
func sane(name string, shape []int64) error {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 1<<20 {
			return fmt.Errorf("output %q has the shape %v", name, shape)
		}
		if n *= d; n > 1<<28 {
			return fmt.Errorf("output %q has the shape %v", name, shape)
		}
	}
	return nil
}
