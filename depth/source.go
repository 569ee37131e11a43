package depth

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/slam"
)

// ErrNoDepth says that a source has no depth for this frame. It is a state, not
// a failure: the frame is used without.
var ErrNoDepth = errors.New("no depth for this frame")

// Source gives the metric depth of a frame. For recorded input it is
// deterministic: the answer depends on the frame alone, not on which frames
// were asked before it. Depth may be called by several goroutines.
type Source interface {
	// Name says where the depth comes from; DepthMap.Source repeats it.
	Name() string
	// Depth returns the depth of f, and ErrNoDepth where f has none.
	Depth(ctx context.Context, f *slam.Frame) (slam.DepthMap, error)
	Close() error
}

// Open returns the source of a --depth argument:
//
//	none                    no depth at all
//	sensor                  the sequence's own depth images
//	DIR                     a folder of 16-bit PNG or NPY, see Folder
//	sim[:key=value,...]     sensor depth spoiled by a stated error model, see Simulated
//	NAME                    a network that was pulled (metricslam models pull)
//	FILE.onnx               a network, by the contract FILE.yaml beside it or a built-in one
//	kserve+http://HOST/...  a network on a server of the KServe v2 protocol (also +https, +grpc, +grpcs)
//	auto                    the network that ships; none where none does; never a sensor
func Open(spec string, opt Options) (Source, error) {
	opt = opt.withDefaults()
	name, args, _ := strings.Cut(spec, ":")
	switch {
	case spec == "" || spec == "none":
		return None{}, nil
	case spec == "auto":
		return openAuto(opt)
	case spec == "sensor":
		return Sensor{}, nil
	case name == "sim":
		return OpenSimulated(args)
	case isRemote(spec):
		base, opt, err := remoteQuery(spec, opt)
		if err != nil {
			return nil, err
		}
		r, err := openRemote(base, opt)
		if err != nil {
			return nil, err
		}
		return r, nil
	case strings.EqualFold(filepath.Ext(spec), ".onnx"):
		m, err := OpenModel(spec, opt)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	info, err := os.Stat(spec)
	if path, ok := models.Cached(spec); ok && err != nil {
		m, err := OpenModel(path, opt)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	switch {
	case err == nil && info.IsDir():
		return OpenFolder(spec, opt.DepthScale)
	case err != nil:
		return nil, fmt.Errorf("--depth %s: %w; it takes none, sensor, sim, auto, a folder of depth images, a model.onnx or a kserve+http address", spec, err)
	}
	return nil, fmt.Errorf("--depth %s: neither a folder of depth images nor a model; it takes none, sensor, sim, auto, a folder, a model.onnx or a kserve+http address", spec)
}

// openAuto takes the network that ships, and none where none does or where ONNX
// Runtime is missing: with a warning, since the user did not ask for it by name.
func openAuto(opt Options) (Source, error) {
	m, err := OpenShipped(opt)
	switch {
	case errors.Is(err, ErrNothingShips):
		return None{}, nil
	case errors.Is(err, onnx.ErrNoLibrary):
		opt.Warn("--depth auto: %v; going on without metric depth", err)
		return None{}, nil
	case err != nil:
		return nil, fmt.Errorf("--depth auto: %w", err)
	}
	return m, nil
}

// None is the source without any depth.
type None struct{}

// Name returns "none".
func (None) Name() string { return "none" }

// Depth returns ErrNoDepth.
func (None) Depth(context.Context, *slam.Frame) (slam.DepthMap, error) {
	return slam.DepthMap{}, ErrNoDepth
}

// Close does nothing.
func (None) Close() error { return nil }
