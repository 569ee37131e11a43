package datasets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/metricslam/metricslam/slam"
)

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("the source is closed")

// defaultRate is the frame rate of images without stamps.
const defaultRate = 30

// images is a source of image files, whatever their layout.
type images struct {
	info       slam.SourceInfo
	truth      slam.Trajectory
	entries    []entry // those to return
	first      int     // index of entries[0] in the sequence
	stride     int
	rect       *rectifier
	depthScale float64
	next       int
	closed     bool
}

// openImages opens a recorded sequence of image files.
func openImages(spec, kind string, opt Options) (Source, error) {
	dir, above, warnings := sequenceFolder(spec, kind)
	file, err := chooseCameraFile(opt, append([]string{dir}, above...))
	if err != nil {
		return nil, err
	}
	l, err := list(dir, spec, kind, rateOf(file))
	if err != nil {
		return nil, fmt.Errorf("%s (%s): %w", spec, kind, err)
	}
	l.warnings = append(warnings, l.warnings...)
	s := &images{truth: l.truth, first: opt.Start, stride: max(opt.Stride, 1)}
	if s.entries, err = selectEntries(l.entries, opt); err != nil {
		return nil, fmt.Errorf("%s: %w", spec, err)
	}
	for _, e := range s.entries {
		s.info.HasSensorDepth = s.info.HasSensorDepth || e.depth != ""
	}
	if err := s.calibrate(opt, file, l); err != nil {
		return nil, fmt.Errorf("%s: %w", spec, err)
	}
	s.info.Name, s.info.Kind, s.info.Len = spec, kind, len(s.entries)
	s.info.FPS, s.info.HasTruth = l.fps, len(l.truth) > 0
	s.info.Warnings = l.warnings
	if opt.Live {
		return newLive(s, true, 0), nil
	}
	return s, nil
}

// rateOf is the frame rate of images without stamps.
func rateOf(file *lens) float64 {
	if file != nil && file.fps > 0 {
		return file.fps
	}
	return defaultRate
}

// list reads the layout of a kind.
func list(dir, spec, kind string, rate float64) (*listing, error) {
	for _, l := range layouts() {
		if l.kind == kind {
			return l.list(dir, rate)
		}
	}
	return listFolder(spec, rate)
}

// sequenceFolder returns the folder that holds the frames of what spec names,
// and the folders above it in which its camera file may lie.
func sequenceFolder(spec, kind string) (dir string, above, warnings []string) {
	dir = spec
	switch kind {
	case Kind7Scenes:
		sequences, _ := filepath.Glob(filepath.Join(dir, "seq-*"))
		if len(sequences) > 1 {
			warnings = append(warnings, fmt.Sprintf("%s holds %d sequences; reading %s: name another to read that", spec, len(sequences), filepath.Base(sequences[0])))
		}
		if len(sequences) > 0 {
			dir = sequences[0]
		}
	case KindEuRoC:
		for _, sub := range []string{"mav0", "cam0"} {
			if exists(dir, sub) {
				dir = filepath.Join(dir, sub)
			}
		}
		return dir, []string{filepath.Join(dir, ".."), filepath.Join(dir, "..", "..")}, nil
	case KindFolder:
		if !isFolder(dir) {
			dir = filepath.Dir(dir)
		}
	}
	return dir, []string{filepath.Join(dir, "..")}, warnings
}

// chooseCameraFile reads the camera file the user named, or the nearest one
// beside the data; nil where there is none. Frame rate and depth scale belong to
// the data: where the user's file leaves them out, those beside the data hold.
func chooseCameraFile(opt Options, dirs []string) (*lens, error) {
	if opt.Raw {
		return nil, nil
	}
	var beside *lens
	var err error
	if path := findCameraFile(dirs); path != "" {
		beside, err = readCameraFile(path)
	}
	if opt.CameraFile == "" {
		return beside, err
	}
	l, err := readCameraFile(opt.CameraFile)
	if err != nil {
		return nil, err
	}
	if l.cam.Fx == 0 {
		return nil, fmt.Errorf("camera file %s has no intrinsics that are understood, such as Camera.fx or camera_matrix; docs/input.md lists the layouts", opt.CameraFile)
	}
	if beside != nil {
		l.fps, l.depthScale = cmp.Or(l.fps, beside.fps), cmp.Or(l.depthScale, beside.depthScale)
	}
	return l, nil
}

// selectEntries applies --start, --stride and --max-frames.
func selectEntries(all []entry, opt Options) ([]entry, error) {
	if opt.Start >= len(all) {
		return nil, fmt.Errorf("--start %d is behind the last of %d frames", opt.Start, len(all))
	}
	var out []entry
	for i := opt.Start; i < len(all); i += max(opt.Stride, 1) {
		if out = append(out, all[i]); len(out) == opt.MaxFrames {
			break
		}
	}
	return out, nil
}

// calibrate finds the size of the images from the first readable one and the
// camera that belongs to it.
func (s *images) calibrate(opt Options, file *lens, l *listing) error {
	w, h, photo, err := s.probe()
	if err != nil {
		return err
	}
	calibrated, err := resolveLens(photoDisplay(w, h, photo), opt, file, l, photo)
	if err != nil {
		return err
	}
	s.rect = newRectifier(calibrated)
	s.info.Camera, s.info.CameraFrom = s.rect.camera, calibrated.from
	s.info.FocalSigma, s.info.ReadoutS = calibrated.focalSigma, calibrated.readoutS
	s.depthScale = l.depthScale
	if file != nil && file.depthScale > 0 {
		s.depthScale = file.depthScale
	}
	if own := s.depthScale; opt.DepthScale > 0 {
		s.depthScale = opt.DepthScale
		if ratio := opt.DepthScale / own; s.info.HasSensorDepth && own > 0 && math.Abs(ratio-1) > depthScaleTol {
			l.warn("--depth-scale %g: such data have %g units a metre; all lengths become %.3g times what they would be", opt.DepthScale, own, 1/ratio)
		}
	}
	return nil
}

// depthScaleTol is how far a depth scale that was given may be from the data's own
// without a word: calibrations of a depth camera's scale are within it.
const depthScaleTol = .05

// probe decodes the first image that can be decoded.
func (s *images) probe() (w, h int, file string, err error) {
	const tries = 100
	for i := range s.entries[:min(len(s.entries), tries)] {
		e := &s.entries[i]
		g, _, problem := e.load(nil)
		if problem == nil {
			return g.W, g.H, e.image, nil
		}
		if err == nil {
			err = fmt.Errorf("none of the first %d images can be read, first %s: %w", min(len(s.entries), tries), e.image, problem)
		}
	}
	return 0, 0, "", err
}

// load decodes the image of an entry, undistorted where rect is given.
func (e *entry) load(rect *rectifier) (slam.Gray, slam.RGB, error) {
	if e.err != nil {
		return slam.Gray{}, slam.RGB{}, e.err
	}
	p, err := readImage(e.image)
	if err != nil {
		return slam.Gray{}, slam.RGB{}, err
	}
	return decodeFrame(p, rect)
}

// Info describes the source.
func (s *images) Info() slam.SourceInfo { return s.info }

// Warnings are those of Info: what is mended is found when listing.
func (s *images) Warnings() []string { return s.info.Warnings }

// Outline returns all frames that Next will return or skip, without images.
func (s *images) Outline() []slam.Frame {
	frames := make([]slam.Frame, len(s.entries))
	for i, e := range s.entries {
		frames[i] = slam.Frame{Index: s.first + i*s.stride, Time: e.time, Name: e.name, Camera: s.info.Camera}
	}
	return frames
}

// Truth returns the poses of the data set.
func (s *images) Truth() slam.Trajectory { return s.truth }

// Next decodes the next image.
func (s *images) Next(ctx context.Context) (*slam.Frame, error) {
	switch {
	case s.closed:
		return nil, ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case s.next == len(s.entries):
		return nil, io.EOF
	}
	e := &s.entries[s.next]
	index := s.first + s.next*s.stride
	s.next++
	gray, color, err := e.load(s.rect)
	if err != nil {
		return nil, &SkipError{Index: index, File: e.image, Err: err}
	}
	f := &slam.Frame{Index: index, Time: e.time, Name: e.name, Camera: s.info.Camera, Gray: gray, Color: color}
	if e.truth != nil {
		pose := *e.truth
		f.Truth = &pose
	}
	if e.depth != "" {
		path, rect, scale := e.depth, s.rect, s.depthScale
		f.SensorDepth = func() (slam.DepthMap, error) { return loadDepth(path, scale, rect) }
	}
	return f, nil
}

// Close frees the undistortion maps.
func (s *images) Close() error {
	if !s.closed {
		s.closed = true
		s.rect.close()
	}
	return nil
}

// Outlined is a source that knows its frames before they are read.
type Outlined interface{ Outline() []slam.Frame }

var (
	_ Source   = (*images)(nil)
	_ Outlined = (*images)(nil)
)
