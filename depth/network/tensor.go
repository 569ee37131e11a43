// Package network turns an image into metric depth with a network that
// somebody else runs: it feeds the image as the contract says, and makes
// metres of what comes back. How the network is run (in this process or on a
// server) is behind the small interface Runner.
package network

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/depthio"
)

// Tensor is a named array of a network, rows last. The values lie in F32 where
// Type is float32, else in Raw, little end first.
type Tensor struct {
	Name  string
	Shape []int64
	Type  contract.DType
	F32   []float32
	Raw   []byte
}

// NewTensor returns a tensor of zeros.
func NewTensor(name string, t contract.DType, shape ...int64) Tensor {
	x := Tensor{Name: name, Shape: shape, Type: t}
	if t == contract.Float32 {
		x.F32 = make([]float32, x.Len())
	} else {
		x.Raw = make([]byte, x.Len()*sizeOf(t))
	}
	return x
}

// Len returns the number of values; a scalar has one.
func (t Tensor) Len() int {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return int(n)
}

func sizeOf(t contract.DType) int {
	switch t {
	case contract.Uint8:
		return 1
	case contract.Float16:
		return 2
	case contract.Int64:
		return 8
	default:
		return 4
	}
}

// Check reports a tensor whose values do not fill its shape.
func (t Tensor) Check() error {
	have := len(t.F32)
	if t.Type != contract.Float32 {
		have = len(t.Raw) / sizeOf(t.Type)
	}
	if n := t.Len(); n != have {
		return fmt.Errorf("tensor %q of shape %v has %d values, needs %d", t.Name, t.Shape, have, n)
	}
	return nil
}

// floats returns the values as float32, in buf where they must be converted.
func (t Tensor) floats(buf []float32) ([]float32, error) {
	switch t.Type {
	case contract.Float32:
		return t.F32, nil
	case contract.Float16:
		buf = grow(buf, len(t.Raw)/2)
		for i := range buf {
			buf[i] = depthio.HalfToFloat(binary.LittleEndian.Uint16(t.Raw[2*i:]))
		}
		return buf, nil
	}
	return nil, fmt.Errorf("output %q holds %s values; float32 and float16 can be read", t.Name, t.Type)
}

// grow returns a slice of n values, in the memory of buf where that suffices.
func grow[T any](buf []T, n int) []T {
	if cap(buf) >= n {
		return buf[:n]
	}
	return make([]T, n)
}

// Runner runs a network. Inputs must be those of the network, in any order;
// outputs are asked for by name and valid until the next Run.
type Runner interface {
	Run(ctx context.Context, inputs []Tensor, outputs []string) ([]Tensor, error)
	Close() error
}
