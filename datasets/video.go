package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/metricslam/metricslam/slam"
	"gocv.io/x/gocv"
)

// video is a source of what OpenCV's VideoCapture reads: a video file, a camera
// or an RTSP stream.
type video struct {
	info    slam.SourceInfo
	capture *gocv.VideoCapture
	rect    *rectifier
	opt     Options
	stamps  arrival // nil for a file, which has its own
	frames  int     // in the file by its header, 0 where unknown

	read     int     // frames taken from capture
	returned int     // frames and skips handed out
	fails    int     // reads of a live device that failed in a row
	last     float64 // stamp of the last frame read
	ended    bool
	closed   bool
}

// arrival stamps a frame by the clock.
type arrival func() float64

// byClock stamps frames in seconds since 1970, by the wall clock at the start
// and the monotonic one from then on.
func byClock() arrival {
	start := time.Now()
	wall := float64(start.UnixNano()) * 1e-9
	return func() float64 { return wall + time.Since(start).Seconds() }
}

// openVideo opens a video file, or a URL that OpenCV's FFmpeg reads.
func openVideo(spec string, opt Options) (Source, error) {
	dirs := []string{}
	if !isURL(spec) {
		if _, err := readHead(spec); err != nil {
			return nil, fmt.Errorf("video %s: %w", spec, err)
		}
		dirs = []string{filepath.Dir(spec), filepath.Join(filepath.Dir(spec), "..")}
	}
	capture, err := gocv.VideoCaptureFileWithAPI(spec, gocv.VideoCaptureFFmpeg)
	if err != nil {
		capture.Close()
		return nil, fmt.Errorf("%s cannot be read as a video: it is damaged, or in a format that FFmpeg does not know; `ffmpeg -i %s out.mp4` may repair it", spec, filepath.Base(spec))
	}
	v, err := newVideo(spec, KindVideo, capture, opt, dirs)
	if err != nil {
		return nil, err
	}
	if opt.Live {
		return newLive(v, true, 0), nil
	}
	return v, nil
}

// newVideo finds the camera for the size that the header tells; it owns capture,
// and closes it where it fails.
func newVideo(spec, kind string, capture *gocv.VideoCapture, opt Options, dirs []string) (*video, error) {
	v := &video{capture: capture, opt: opt}
	fail := func(err error) (*video, error) {
		capture.Close()
		return nil, err
	}
	w, h := int(capture.Get(gocv.VideoCaptureFrameWidth)), int(capture.Get(gocv.VideoCaptureFrameHeight))
	if w < 1 || h < 1 {
		return fail(fmt.Errorf("%s holds no pictures", spec))
	}
	file, err := chooseCameraFile(opt, dirs)
	if err != nil {
		return fail(err)
	}
	l := &listing{}
	calibrated, err := resolveLens(w, h, opt, file, l, "")
	if err != nil {
		return fail(fmt.Errorf("%s: %w", spec, err))
	}
	fps := v.rate(file, l)
	v.rect = newRectifier(calibrated)
	v.info = slam.SourceInfo{Name: spec, Kind: kind, Camera: v.rect.camera, CameraFrom: calibrated.from, FPS: fps, Warnings: l.warnings}
	if n := capture.Get(gocv.VideoCaptureFrameCount); kind == KindVideo && n > 0 && n < 1e8 {
		v.frames = int(n)
		v.info.Len = selectedLen(v.frames, opt)
		if opt.Start >= v.frames {
			v.Close()
			return nil, fmt.Errorf("%s: --start %d is behind the last of %d frames", spec, opt.Start, v.frames)
		}
	}
	return v, nil
}

// rate returns the frames per second of the video, or of the camera file.
func (v *video) rate(file *lens, l *listing) float64 {
	if fps := v.capture.Get(gocv.VideoCaptureFPS); fps > .01 && fps < 10000 {
		return fps
	}
	fps := rateOf(file)
	l.warn("the video does not tell its frame rate; it is taken as %g frames a second", fps)
	return fps
}

// selectedLen returns how many of n frames the options select.
func selectedLen(n int, opt Options) int {
	stride := max(opt.Stride, 1)
	k := max(n-opt.Start+stride-1, 0) / stride
	if opt.MaxFrames > 0 {
		k = min(k, opt.MaxFrames)
	}
	return k
}

// Info describes the source.
func (v *video) Info() slam.SourceInfo { return v.info }

// Truth returns nil: videos carry no poses.
func (v *video) Truth() slam.Trajectory { return nil }

// Next decodes the next frame.
func (v *video) Next(ctx context.Context) (*slam.Frame, error) {
	switch {
	case v.closed:
		return nil, ErrClosed
	case v.ended, v.stamps == nil && v.opt.MaxFrames > 0 && v.returned == v.opt.MaxFrames:
		return nil, io.EOF
	}
	for v.read < v.opt.Start || (v.read-v.opt.Start)%max(v.opt.Stride, 1) != 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v.capture.Grab(1)
		v.read++
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := gocv.NewMat()
	defer m.Close()
	if !v.capture.Read(&m) {
		return nil, v.noFrame(ctx)
	}
	v.fails = 0
	return v.frame(&m)
}

// frame makes a frame of the picture just read.
func (v *video) frame(m *gocv.Mat) (*slam.Frame, error) {
	index := v.read
	v.read++
	v.returned++
	f := &slam.Frame{Index: index, Time: v.stamp(index), Name: fmt.Sprintf("%06d", index), Camera: v.info.Camera}
	err := checkDecoded(*m)
	if err == nil {
		err = v.rect.apply(m)
	}
	if err == nil {
		f.Gray, f.Color, err = fromMat(*m)
	}
	if err != nil {
		return nil, &SkipError{Index: index, File: v.info.Name, Err: err}
	}
	return f, nil
}

// stamp returns the time of the frame just read: that of arrival, else the
// file's own, or by the frame rate where the file's does not increase.
func (v *video) stamp(index int) float64 {
	if v.stamps != nil {
		return v.stamps()
	}
	t := v.capture.Get(gocv.VideoCapturePosMsec) / 1000
	if math.IsNaN(t) || math.IsInf(t, 0) || v.returned > 1 && t <= v.last || t < 0 {
		t = float64(index) / v.info.FPS
		if v.returned > 1 && t <= v.last {
			t = v.last + 1/v.info.FPS
		}
	}
	v.last = t
	return t
}

// maxFails is how many reads in a row a camera may fail before it counts as
// gone.
const maxFails = 10

// noFrame says why there was no frame: the end, or a failure of a device.
func (v *video) noFrame(ctx context.Context) error {
	if v.stamps != nil && v.fails < maxFails {
		v.fails++
		index := v.read
		v.read++
		select { // a device that fails at once would fill the log
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
		return &SkipError{Index: index, File: v.info.Name, Err: errors.New("the device gave no picture")}
	}
	v.ended = true
	// The header's count is an estimate in some formats.
	if v.stamps == nil && v.read < v.frames*9/10 {
		return &SkipError{Index: v.read, File: v.info.Name,
			Err: fmt.Errorf("the video ends after %d of %d frames: it is cut off or damaged", v.read, v.frames)}
	}
	return io.EOF
}

// Close frees the decoder.
func (v *video) Close() error {
	if v.closed {
		return nil
	}
	v.closed = true
	v.rect.close()
	return v.capture.Close()
}
