package main

import (
	"fmt"
	"strings"

	"context"
	"math"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/mapping"
)

// sourceFlags say what is read and with which camera.
type sourceFlags struct {
	Source         string   `arg:"" help:"A TUM, KITTI, 7-Scenes or EuRoC sequence, a folder of images, a video, a recording of ROS (MCAP, .bag, .db3), camera:0, rtsp:// or http://, synthetic:room, synthetic:street or synthetic:tour[:metres]."`
	Kind           string   `placeholder:"KIND" help:"Kind of the source where it is not recognised: tum, kitti, kitti-raw, 7scenes, euroc, replica, scannet, tum-mono, nerfstudio, folder, bag, video, camera, stream, synthetic."`
	DepthScale     float64  `placeholder:"UNITS" help:"Units of the depth images per metre; default: the data's own, else 1000."`
	Camera         string   `placeholder:"FILE" help:"Camera file: of calibrate, OpenCV, ORB-SLAM, OpenVSLAM, Kalibr, VINS, COLMAP, nerfstudio or ROS. auto: found from the images themselves."`
	Fx             *float64 `help:"Focal length in pixels."`
	Fy             float64  `help:"The same along y; default: --fx."`
	Cx             float64  `help:"Principal point in pixels; default: the centre."`
	Cy             float64  `help:"The same along y."`
	FOV            *float64 `placeholder:"DEG" help:"Horizontal field of view in degrees, in place of a focal length."`
	Topic          string   `placeholder:"NAME" help:"Topic of the images of a bag; default: the one with most."`
	RollingShutter *float64 `placeholder:"MS" help:"Milliseconds in which the rows of an image are read one after the other, 10 to 30 for telephones: images are brought to one moment. Default: as the camera file says; 0: all at once."`
	MaxFrames      int      `placeholder:"N" help:"Frames to read; default: all."`
	Start          int      `placeholder:"N" help:"First frame."`
	Stride         int      `placeholder:"N" help:"Read every Nth frame."`
	Seed           uint64   `default:"1" help:"Seed of everything random."`
	Live           bool     `help:"Real time: drop frames instead of falling behind."`
}

func (f sourceFlags) open(ctx context.Context) (datasets.Source, error) {
	fx, err := given("--fx", f.Fx, "pixels")
	if err != nil {
		return nil, err
	}
	fov, err := given("--fov", f.FOV, "degrees")
	if err != nil {
		return nil, err
	}
	opt := datasets.Options{
		Kind: f.Kind, CameraFile: f.Camera, Fx: fx, Fy: f.Fy, Cx: f.Cx, Cy: f.Cy, FOVRad: fov * math.Pi / 180,
		DepthScale: f.DepthScale, Start: f.Start, Stride: f.Stride, MaxFrames: f.MaxFrames, Topic: f.Topic, Seed: f.Seed, Live: f.Live,
	}
	if f.RollingShutter != nil {
		s := *f.RollingShutter / 1000
		opt.ReadoutS = &s
	}
	if f.Camera == autoCamera {
		if err := findCamera(ctx, f.Source, &opt); err != nil {
			return nil, fmt.Errorf("--camera auto: %w", err)
		}
	}
	return datasets.Open(ctx, f.Source, opt)
}

// working returns a source with images of the size that they are tracked at: that of
// the map that a run goes on with, and the full size where markers are looked for.
func working(src datasets.Source, cfg mapping.Config, loaded *mapping.Loaded) datasets.Source {
	if cfg.Known.MarkerSizeM != 0 {
		return src
	}
	if loaded != nil && len(loaded.State.Keyframes) > 0 && loaded.State.Keyframes[0].Camera.W == src.Info().Camera.W {
		return src
	}
	return datasets.Working(src)
}

// given is the value of a flag, 0 where it is not on the command line; given as 0,
// negative or no number it is refused.
func given(flag string, v *float64, unit string) (float64, error) {
	switch {
	case v == nil:
		return 0, nil
	case !(*v > 0) || math.IsInf(*v, 0):
		return 0, fmt.Errorf("%s %g: it must be a positive number of %s", flag, *v, unit)
	}
	return *v, nil
}

// checkSensor refuses a depth sensor where the source has none.
func checkSensor(spec string, src datasets.Source) error {
	name, _, _ := strings.Cut(spec, ":")
	i := src.Info()
	switch {
	case name == "sensor" && !i.HasSensorDepth:
		return fmt.Errorf("--depth sensor: %s has no depth images; take auto (the network that ships), none, or a folder of depth images", i.Name)
	case name == "sim" && !i.HasSensorDepth:
		return fmt.Errorf("--depth sim: %s has no depth images to spoil; take auto (the network that ships) or none", i.Name)
	}
	return nil
}

// checkCovered refuses a folder of depth that has none for any frame, where the
// frames are known beforehand.
func checkCovered(d depth.Source, src datasets.Source) error {
	folder, isFolder := d.(*depth.Folder)
	frames, known := src.(datasets.Outlined)
	if !isFolder || !known {
		return nil
	}
	return folder.Covers(frames.Outline())
}
