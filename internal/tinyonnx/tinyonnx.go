// Package tinyonnx writes small ONNX files for tests, field by field, so that
// the tests need neither Python nor a network's weights. Field numbers are those
// of onnx.proto3.
package tinyonnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Type is an ONNX element type.
type Type uint64

// The element types.
const (
	Float   Type = 1
	Uint8   Type = 2
	Int8    Type = 3
	Int64   Type = 7
	Float16 Type = 10
	Double  Type = 11
)

// Graph is a network under construction.
type Graph struct {
	nodes, constants, inputs, outputs [][]byte
}

// Input declares an input; a dimension of -1 is free.
func (g *Graph) Input(name string, t Type, dims ...int64) *Graph {
	g.inputs = append(g.inputs, valueInfo(name, t, dims))
	return g
}

// Output declares an output.
func (g *Graph) Output(name string, t Type, dims ...int64) *Graph {
	g.outputs = append(g.outputs, valueInfo(name, t, dims))
	return g
}

// Const adds a constant of float32 values.
func (g *Graph) Const(name string, values []float32, dims ...int64) *Graph {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return g.Raw(name, Float, raw, dims...)
}

// Ints adds a constant of int64 values, one-dimensional.
func (g *Graph) Ints(name string, values ...int64) *Graph {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return g.Raw(name, Int64, raw, int64(len(values)))
}

// Raw adds a constant given by its bytes.
func (g *Graph) Raw(name string, t Type, raw []byte, dims ...int64) *Graph {
	var b []byte
	for _, d := range dims {
		b = varint(b, 1, uint64(d))
	}
	b = varint(b, 2, uint64(t))
	b = text(b, 8, name)
	g.constants = append(g.constants, bytes(b, 9, raw))
	return g
}

// Attr is an attribute of a node: an int64, a float32 or a []int64.
type Attr struct {
	Name  string
	Value any
}

// Node adds an operator.
func (g *Graph) Node(op string, inputs, outputs []string, attrs ...Attr) *Graph {
	var b []byte
	for _, in := range inputs {
		b = text(b, 1, in)
	}
	for _, out := range outputs {
		b = text(b, 2, out)
	}
	b = text(b, 4, op)
	for _, a := range attrs {
		b = bytes(b, 5, a.encode())
	}
	g.nodes = append(g.nodes, b)
	return g
}

func (a Attr) encode() []byte {
	b := text(nil, 1, a.Name)
	switch v := a.Value.(type) {
	case int64:
		b = varint(b, 3, uint64(v))
		b = varint(b, 20, 2)
	case float32:
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(v))
		b = varint(b, 20, 1)
	case []int64:
		for _, x := range v {
			b = varint(b, 8, uint64(x))
		}
		b = varint(b, 20, 7)
	}
	return b
}

// Bytes returns the file: IR version 8, operator set 13.
func (g *Graph) Bytes() []byte {
	var graph []byte
	for _, n := range g.nodes {
		graph = bytes(graph, 1, n)
	}
	graph = text(graph, 2, "tiny")
	for _, c := range g.constants {
		graph = bytes(graph, 5, c)
	}
	for _, v := range g.inputs {
		graph = bytes(graph, 11, v)
	}
	for _, v := range g.outputs {
		graph = bytes(graph, 12, v)
	}
	model := varint(nil, 1, 8)
	model = bytes(model, 7, graph)
	opset := text(nil, 1, "")
	opset = varint(opset, 2, 13)
	return bytes(model, 8, opset)
}

func valueInfo(name string, t Type, dims []int64) []byte {
	var shape []byte
	for _, d := range dims {
		var dim []byte
		if d >= 0 {
			dim = varint(nil, 1, uint64(d))
		} else {
			dim = text(nil, 2, "free")
		}
		shape = bytes(shape, 1, dim)
	}
	tensor := varint(nil, 1, uint64(t))
	tensor = bytes(tensor, 2, shape)
	return bytes(text(nil, 1, name), 2, bytes(nil, 1, tensor))
}

func varint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func bytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func text(b []byte, field protowire.Number, v string) []byte { return bytes(b, field, []byte(v)) }

// Gray returns the start of a network that takes an image [1, 3, h, w] named
// in and leaves the mean of its channels, [1, 1, h, w], in "gray".
func Gray(in string, t Type, h, w int64) *Graph {
	g := new(Graph).Input(in, t, 1, 3, h, w)
	from := in
	if t != Float {
		g.Node("Cast", []string{in}, []string{"cast"}, Attr{"to", int64(Float)})
		from = "cast"
	}
	return g.Node("ReduceMean", []string{from}, []string{"gray"}, Attr{"axes", []int64{1}}, Attr{"keepdims", int64(1)})
}

// Mean returns a whole network: the depth output out is the mean of the image's
// channels, as fed.
func Mean(in, out string, h, w int64) *Graph {
	return Gray(in, Float, h, w).Node("Identity", []string{"gray"}, []string{out}).Output(out, Float, 1, 1, h, w)
}
