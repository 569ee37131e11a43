package kserve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metricslam/metricslam/depth/network"
)

// The messages of the protocol that are used, by the field numbers of its
// open_inference_grpc.proto:
//
//	ModelInferRequest   model_name 1, model_version 2, inputs 5, outputs 6, raw_input_contents 7
//	InferInputTensor    name 1, datatype 2, shape 3        (InferOutputTensor likewise, contents 5)
//	InferTensorContents fp32_contents 6, fp64_contents 7
//	ModelInferResponse  outputs 5, raw_output_contents 6
//	ModelMetadata       request: name 1, version 2; response: name 1, platform 3, inputs 4, outputs 5

func encodeInfer(a Address, inputs []network.Tensor, outputs []string) []byte {
	b := appendString(nil, 1, a.Model)
	if a.Version != "" {
		b = appendString(b, 2, a.Version)
	}
	for _, t := range inputs {
		in := appendString(nil, 1, t.Name)
		in = appendString(in, 2, datatypes[t.Type])
		var shape []byte
		for _, d := range t.Shape {
			shape = protowire.AppendVarint(shape, uint64(d))
		}
		b = appendBytes(b, 5, appendBytes(in, 3, shape))
	}
	for _, name := range outputs {
		b = appendBytes(b, 6, appendString(nil, 1, name))
	}
	for _, t := range inputs {
		b = appendBytes(b, 7, appendRaw(nil, t))
	}
	return b
}

func encodeMetadataRequest(a Address) []byte {
	b := appendString(nil, 1, a.Model)
	if a.Version != "" {
		b = appendString(b, 2, a.Version)
	}
	return b
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func appendString(b []byte, field protowire.Number, v string) []byte {
	return appendBytes(b, field, []byte(v))
}

// errWire says that a message is not one of the protocol.
var errWire = errors.New("not a message of the protocol")

// eachField calls f with the fields of a message: the bytes of one of that
// kind, else nil and the number.
func eachField(msg []byte, f func(field protowire.Number, data []byte, v uint64) error) error {
	for len(msg) > 0 {
		num, typ, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return errWire
		}
		msg = msg[n:]
		var data []byte
		var v uint64
		switch typ {
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(msg)
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(msg)
		default:
			n = protowire.ConsumeFieldValue(num, typ, msg)
		}
		if n < 0 {
			return errWire
		}
		msg = msg[n:]
		if err := f(num, data, v); err != nil {
			return err
		}
	}
	return nil
}

// wireTensor is an InferOutputTensor, or a TensorMetadata.
type wireTensor struct {
	meta   TensorMetadata
	values []float32 // where they are in the message itself
}

func decodeInfer(msg []byte) ([]network.Tensor, error) {
	var tensors []wireTensor
	var raw [][]byte
	err := eachField(msg, func(field protowire.Number, data []byte, _ uint64) error {
		switch field {
		case 5:
			t, err := decodeTensor(data)
			tensors = append(tensors, t)
			return err
		case 6:
			raw = append(raw, data)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(raw) > 0 && len(raw) != len(tensors) {
		return nil, fmt.Errorf("%d outputs with the bytes of %d", len(tensors), len(raw))
	}
	out := make([]network.Tensor, len(tensors))
	for i, t := range tensors {
		if len(raw) > 0 {
			out[i], err = fromRaw(t.meta.Name, t.meta.Datatype, t.meta.Shape, raw[i])
		} else {
			out[i], err = fromNumbers(t.meta.Name, t.meta.Shape, t.values)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func decodeTensor(msg []byte) (t wireTensor, err error) {
	err = eachField(msg, func(field protowire.Number, data []byte, v uint64) error {
		switch field {
		case 1:
			t.meta.Name = string(data)
		case 2:
			t.meta.Datatype = string(data)
		case 3:
			return appendShape(&t.meta.Shape, data, v)
		case 5:
			t.values, err = decodeContents(data)
			return err
		}
		return nil
	})
	return t, err
}

// appendShape reads repeated int64, packed or not.
func appendShape(shape *[]int64, data []byte, v uint64) error {
	if data == nil {
		*shape = append(*shape, int64(v))
		return nil
	}
	for len(data) > 0 {
		d, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return errWire
		}
		*shape = append(*shape, int64(d))
		data = data[n:]
	}
	return nil
}

// decodeContents reads the packed fp32_contents or fp64_contents.
func decodeContents(msg []byte) (v []float32, err error) {
	err = eachField(msg, func(field protowire.Number, data []byte, _ uint64) error {
		switch field {
		case 6:
			for ; len(data) >= 4; data = data[4:] {
				v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(data)))
			}
		case 7:
			for ; len(data) >= 8; data = data[8:] {
				v = append(v, float32(math.Float64frombits(binary.LittleEndian.Uint64(data))))
			}
		}
		return nil
	})
	return v, err
}

func decodeMetadata(msg []byte) (m Metadata, err error) {
	err = eachField(msg, func(field protowire.Number, data []byte, _ uint64) error {
		switch field {
		case 1:
			m.Name = string(data)
		case 3:
			m.Platform = string(data)
		case 4, 5:
			t, err := decodeTensor(data)
			if err != nil {
				return err
			}
			if field == 4 {
				m.Inputs = append(m.Inputs, t.meta)
			} else {
				m.Outputs = append(m.Outputs, t.meta)
			}
		}
		return nil
	})
	return m, err
}
