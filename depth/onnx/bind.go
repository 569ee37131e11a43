package onnx

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
)

// boundTensor is an input that the library sees: the same memory as the
// caller's tensor, made anew only where that changes.
type boundTensor struct {
	data  unsafe.Pointer
	shape []int64
	value ort.Value
}

// bind makes the library's view of the inputs; same reports that nothing had to
// be made anew.
func (s *Session) bind(inputs []network.Tensor) (same bool, err error) {
	if len(inputs) != len(s.names) {
		return false, fmt.Errorf("%d inputs given, %d needed", len(inputs), len(s.names))
	}
	if s.in == nil {
		s.in, s.values = make([]boundTensor, len(s.names)), make([]ort.Value, len(s.names))
	}
	same = true
	for i, name := range s.names {
		k := slices.IndexFunc(inputs, func(t network.Tensor) bool { return t.Name == name })
		if k < 0 {
			return false, fmt.Errorf("input %q is not given", name)
		}
		t, b := inputs[k], &s.in[i]
		if err := t.Check(); err != nil {
			return false, err
		}
		if b.data != dataOf(t) || !slices.Equal(b.shape, t.Shape) {
			same = false
			if err := b.set(t); err != nil {
				return false, fmt.Errorf("input %q: %w", name, oneLine(err))
			}
		}
		s.values[i] = b.value
	}
	return same, nil
}

func dataOf(t network.Tensor) unsafe.Pointer {
	if t.Type == contract.Float32 {
		return unsafe.Pointer(unsafe.SliceData(t.F32))
	}
	return unsafe.Pointer(unsafe.SliceData(t.Raw))
}

func (b *boundTensor) set(t network.Tensor) (err error) {
	if b.value != nil {
		b.value.Destroy()
		*b = boundTensor{}
	}
	switch {
	case len(t.Shape) == 0 && t.Type == contract.Int64:
		b.value, err = ort.NewScalar(int64(leUint64(t.Raw)))
	case len(t.Shape) == 0 && t.Type == contract.Float32:
		b.value, err = ort.NewScalar(t.F32[0])
	case t.Type == contract.Float32:
		b.value, err = ort.NewTensor(ort.Shape(t.Shape), t.F32)
	default:
		b.value, err = ort.NewCustomDataTensor(ort.Shape(t.Shape), t.Raw, elementType(t.Type))
	}
	if err != nil {
		b.value = nil
		return err
	}
	b.data, b.shape = dataOf(t), slices.Clone(t.Shape)
	return nil
}

func leUint64(b []byte) (v uint64) {
	for i := range 8 {
		v |= uint64(b[i]) << (8 * i)
	}
	return v
}

// view makes tensors of the outputs, over the same memory.
func (s *Session) view() error {
	s.outView = make([]network.Tensor, len(s.out))
	for i, v := range s.out {
		t := network.Tensor{Name: s.outNames[i]}
		switch v := v.(type) {
		case *ort.Tensor[float32]:
			t.Type, t.Shape, t.F32 = contract.Float32, v.GetShape(), v.GetData()
		case *ort.CustomDataTensor:
			t.Type, t.Shape, t.Raw = contract.DType(typeName(ort.TensorElementDataType(v.DataType()))), v.GetShape(), v.GetData()
		default:
			var kind string
			if v != nil {
				kind = typeName(ort.TensorElementDataType(v.DataType()))
			}
			s.freeOutputs()
			return fmt.Errorf("%s: output %q holds %s values; float32 and float16 can be read", s.model, s.outNames[i], kind)
		}
		s.outView[i] = t
	}
	return nil
}

// newOutputs leaves the outputs to the library, which knows their shapes only
// after a run, except those of 16-bit floats: the binding copies half of their
// bytes, so that they need memory beforehand.
func (s *Session) newOutputs() error {
	s.out = make([]ort.Value, len(s.outNames))
	for i, name := range s.outNames {
		k := slices.IndexFunc(s.desc.Outputs, func(v Value) bool { return v.Name == name })
		if s.desc.Outputs[k].Type != string(contract.Float16) {
			continue
		}
		shape, err := halfShape(s.desc.Outputs[k].Shape, s.imageShape())
		if err != nil {
			return fmt.Errorf("output %q: %w", name, err)
		}
		t := network.NewTensor(name, contract.Float16, shape...)
		if s.out[i], err = ort.NewCustomDataTensor(ort.Shape(shape), t.Raw, ort.TensorElementDataTypeFloat16); err != nil {
			s.out[i] = nil
			return fmt.Errorf("output %q: %w", name, oneLine(err))
		}
	}
	return nil
}

// imageShape returns the shape of the input of rank 4, the image.
func (s *Session) imageShape() []int64 {
	for _, b := range s.in {
		if len(b.shape) == 4 {
			return b.shape
		}
	}
	return nil
}

// halfShape fills the free dimensions of an output: a batch of one, and the
// height and width of the image.
func halfShape(declared, img []int64) ([]int64, error) {
	free := 0
	for _, d := range declared {
		if d < 0 {
			free++
		}
	}
	var fill []int64
	switch {
	case free == 0:
	case free == 1:
		fill = []int64{1}
	case free <= 3 && len(img) == 4:
		fill = append([]int64{1}, img[2:]...)[3-free:]
	default:
		return nil, fmt.Errorf("16-bit floats of shape %v with %d free dimensions: export it with float32 outputs", declared, free)
	}
	shape := slices.Clone(declared)
	for i, d := range shape {
		if d < 0 {
			shape[i], fill = fill[0], fill[1:]
		}
	}
	return shape, nil
}

// typeName returns the contract's word for an element type.
func typeName(t ort.TensorElementDataType) string {
	switch t {
	case ort.TensorElementDataTypeFloat:
		return string(contract.Float32)
	case ort.TensorElementDataTypeFloat16:
		return string(contract.Float16)
	case ort.TensorElementDataTypeUint8:
		return string(contract.Uint8)
	case ort.TensorElementDataTypeInt64:
		return string(contract.Int64)
	}
	return strings.ToLower(strings.TrimPrefix(t.String(), "ONNX_TENSOR_ELEMENT_DATA_TYPE_"))
}

func elementType(t contract.DType) ort.TensorElementDataType {
	switch t {
	case contract.Float16:
		return ort.TensorElementDataTypeFloat16
	case contract.Uint8:
		return ort.TensorElementDataTypeUint8
	default:
		return ort.TensorElementDataTypeInt64
	}
}
