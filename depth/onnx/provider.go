package onnx

import (
	"fmt"
	"runtime"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// Providers lists the execution providers that can be named; auto stands for
// those that suit the machine, the CPU last.
var Providers = []string{"cpu", "cuda", "tensorrt", "openvino", "coreml", "auto"}

// parseProviders reads "cuda,cpu": tried in order. One named alone must load.
func parseProviders(text string) ([]string, error) {
	if text == "" {
		return []string{"cpu"}, nil
	}
	if text == "auto" {
		if runtime.GOOS == "darwin" {
			return []string{"coreml", "cpu"}, nil
		}
		return []string{"cuda", "openvino", "cpu"}, nil
	}
	var list []string
	for p := range strings.SplitSeq(text, ",") {
		p = strings.ToLower(strings.TrimSpace(p))
		switch p {
		case "cpu", "cuda", "tensorrt", "openvino", "coreml":
			list = append(list, p)
		default:
			return nil, fmt.Errorf("execution provider %q: there are %s", p, strings.Join(Providers, ", "))
		}
	}
	return list, nil
}

// appendProvider adds a provider to the options. The CPU needs none.
func appendProvider(so *ort.SessionOptions, provider string) error {
	var err error
	switch provider {
	case "cuda":
		var o *ort.CUDAProviderOptions
		if o, err = ort.NewCUDAProviderOptions(); err == nil {
			defer o.Destroy()
			err = so.AppendExecutionProviderCUDA(o)
		}
	case "tensorrt":
		var o *ort.TensorRTProviderOptions
		if o, err = ort.NewTensorRTProviderOptions(); err == nil {
			defer o.Destroy()
			err = so.AppendExecutionProviderTensorRT(o)
		}
	case "openvino":
		err = so.AppendExecutionProviderOpenVINO(map[string]string{})
	case "coreml":
		err = so.AppendExecutionProviderCoreMLV2(map[string]string{})
	}
	if err != nil {
		return fmt.Errorf("execution provider %s cannot be had with this ONNX Runtime library (its CPU package holds none; the GPU package does): %w", provider, oneLine(err))
	}
	return nil
}
