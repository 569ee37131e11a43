package onnx

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// Description is what a model file declares.
type Description struct {
	Inputs  []Value `json:"inputs"`
	Outputs []Value `json:"outputs"`
}

// Value is an input or output: -1 stands for a free dimension.
type Value struct {
	Name  string  `json:"name"`
	Type  string  `json:"type"`
	Shape []int64 `json:"shape"`
}

// Describe loads a model file and returns its inputs and outputs.
func Describe(m Model, library string) (Description, error) {
	if _, err := Init(library); err != nil {
		return Description{}, err
	}
	if m.Path != "" {
		if info, err := os.Stat(m.Path); err != nil {
			return Description{}, fmt.Errorf("model: %w", err)
		} else if info.IsDir() || info.Size() == 0 {
			return Description{}, fmt.Errorf("model %s: a folder or an empty file", m.Path)
		}
	}
	so, err := sessionOptions(Options{Threads: 1, Optimize: "none"})
	if err != nil {
		return Description{}, err
	}
	defer so.Destroy()
	path, remove, err := m.onDisk()
	if err != nil {
		return Description{}, err
	}
	defer remove()
	in, out, err := ort.GetInputOutputInfoWithOptions(path, so)
	if err != nil {
		return Description{}, fmt.Errorf("model %s is not a network that ONNX Runtime can load: %w", m.name(), oneLine(err))
	}
	return Description{Inputs: values(in), Outputs: values(out)}, nil
}

// onDisk returns a file of a network, and what removes it where it was made for this: of
// a network in memory the library tells nothing without optimising it, which takes
// twice the time and the memory.
func (m Model) onDisk() (path string, remove func(), err error) {
	if m.Path != "" {
		return m.Path, func() {}, nil
	}
	f, err := os.CreateTemp("", "metricslam-*.onnx")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.Remove(f.Name()) }
	_, err = f.Write(m.Data)
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
	}
	return f.Name(), remove, err
}

func values(infos []ort.InputOutputInfo) []Value {
	list := make([]Value, len(infos))
	for i, info := range infos {
		list[i] = Value{Name: info.Name, Type: typeName(info.DataType), Shape: slices.Clone(info.Dimensions)}
		if info.OrtValueType != ort.ONNXTypeTensor {
			list[i].Type = strings.ToLower(info.OrtValueType.String())
		}
	}
	return list
}

// has reports every name that the file does not declare, and every input of the
// file that would stay empty.
func (d Description) has(inputs, outputs []string) error {
	var errs []error
	for _, name := range inputs {
		if !slices.Contains(names(d.Inputs), name) {
			errs = append(errs, fmt.Errorf("it has no input %q; its inputs are %q", name, names(d.Inputs)))
		}
	}
	for _, name := range names(d.Inputs) {
		if !slices.Contains(inputs, name) {
			errs = append(errs, fmt.Errorf("its input %q is not in the contract; add it under extra_inputs", name))
		}
	}
	for _, name := range outputs {
		if !slices.Contains(names(d.Outputs), name) {
			errs = append(errs, fmt.Errorf("it has no output %q; its outputs are %q", name, names(d.Outputs)))
		}
	}
	return errors.Join(errs...)
}

func names(v []Value) []string {
	list := make([]string, len(v))
	for i, x := range v {
		list[i] = x.Name
	}
	return list
}
