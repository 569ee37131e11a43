package main

import (
	"fmt"
	"math"
	"os"
	"runtime"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/depth/photo"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// networkFlags say how a depth network is run.
type networkFlags struct {
	Contract    string `placeholder:"NAME|FILE" help:"Contract of the network: a built-in name (metricslam models list) or a YAML file; default: NAME.yaml beside it, else by its name."`
	ONNXRuntime string `name:"onnxruntime" placeholder:"FILE" help:"The ONNX Runtime library or its folder; default: METRICSLAM_ONNXRUNTIME, the cache, the system."`
	Provider    string `placeholder:"LIST" help:"Execution providers in order of preference: cpu, cuda, tensorrt, openvino, coreml, auto. Default: cpu."`
	Threads     int    `placeholder:"N" help:"Threads of a network's run; default: all cores, of live input all but one."`
	Optimize    string `default:"all" enum:"all,extended,basic,none" help:"Graph optimisation of a network: all, extended, basic, none."`
}

// apply puts the flags into the options of a depth source.
func (f networkFlags) apply(o depth.Options) depth.Options {
	o.Contract, o.ONNXRuntime, o.Provider = f.Contract, f.ONNXRuntime, f.Provider
	o.Threads, o.Optimize = f.Threads, f.Optimize
	return o
}

// photoFlags are those of the commands that look at single photographs.
type photoFlags struct {
	networkFlags
	Model string  `default:"auto" placeholder:"FILE.onnx" help:"Depth network: auto (the one that ships), a model.onnx, the name of one that was pulled, or a kserve+http address."`
	Fx    float64 `help:"Focal length in pixels of the upright image."`
	Fy    float64 `help:"The same along y; default: --fx."`
	Cx    float64 `help:"Principal point in pixels; default: the centre."`
	Cy    float64 `help:"The same along y."`
	FOV   float64 `placeholder:"DEG" help:"Horizontal field of view in degrees, in place of a focal length."`

	MaxRange  float64 `placeholder:"M" help:"Depth beyond it is unknown; default: the network's own range."`
	DropEdges bool    `help:"Depth along depth edges, where a network mixes two surfaces, is unknown."`
}

// warnf prints a warning.
func warnf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "metricslam: warning: "+format+"\n", args...)
}

// open opens the network.
func (f photoFlags) open() (depth.Source, error) {
	if f.MaxRange < 0 || math.IsNaN(f.MaxRange) {
		return nil, fmt.Errorf("--max-range %g: it must be positive", f.MaxRange)
	}
	opt := f.apply(depth.Options{MaxRangeM: f.MaxRange, DropEdges: f.DropEdges, Warn: warnf})
	if opt.Threads == 0 {
		opt.Threads = runtime.NumCPU()
	}
	if f.Model == "auto" {
		m, err := depth.OpenShipped(opt)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	return depth.Open(f.Model, opt)
}

// load reads a photograph and finds its camera: flags, EXIF, or a guess with a
// warning.
func (f photoFlags) load(file string) (slam.RGB, photo.Camera, error) {
	img, exif, err := datasets.LoadPhoto(file)
	if err != nil {
		return slam.RGB{}, photo.Camera{}, err
	}
	cam, err := f.camera(img.W, img.H, exif)
	if err != nil {
		return slam.RGB{}, photo.Camera{}, err
	}
	if cam.Guess {
		warnf("%s: focal length unknown (%s); %.0f px is taken, %s. Give --fx or --fov", file, exif.Reason, cam.Fx, cam.From)
	}
	return img, cam, nil
}

// camera chooses the camera of an upright image of w x h pixels.
func (f photoFlags) camera(w, h int, exif datasets.PhotoCamera) (photo.Camera, error) {
	for flag, v := range map[string]float64{"--fx": f.Fx, "--fy": f.Fy, "--fov": f.FOV} {
		if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return photo.Camera{}, fmt.Errorf("%s %g: it must be positive", flag, v)
		}
	}
	c := photo.Camera{LogFocalStd: photo.GivenFocalStd}
	switch {
	case f.FOV >= 179:
		return photo.Camera{}, fmt.Errorf("--fov %g: a pinhole camera sees less than 179 degrees", f.FOV)
	case f.Fx > 0 && f.FOV > 0:
		return photo.Camera{}, fmt.Errorf("--fx and --fov both give the focal length; drop one")
	case f.Fx > 0:
		c.Camera, c.From = geom.Camera{W: w, H: h, Fx: f.Fx, Fy: f.Fy}, "--fx"
		if c.Fy == 0 {
			c.Fy = c.Fx
		}
		c.Cx, c.Cy = float64(w-1)/2, float64(h-1)/2
	case f.FOV > 0:
		c.Camera, c.From = geom.CameraFromFOV(w, h, f.FOV*math.Pi/180), "--fov"
	case exif.OK:
		c.Camera, c.From, c.LogFocalStd = exif.Camera, exif.From, photo.EXIFFocalStd
	default:
		c = photo.GuessCamera(w, h)
	}
	if f.Cx != 0 {
		c.Cx = f.Cx
	}
	if f.Cy != 0 {
		c.Cy = f.Cy
	}
	if c.Cx < 0 || c.Cy < 0 || c.Cx > float64(w) || c.Cy > float64(h) {
		return c, fmt.Errorf("--cx %g --cy %g lie outside the image of %dx%d pixels", c.Cx, c.Cy, w, h)
	}
	return c, nil
}
