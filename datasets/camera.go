package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/metricslam/metricslam/slam"
	"gocv.io/x/gocv"
)

// openCamera opens "camera:N", the computer's camera number N.
func openCamera(spec string, opt Options) (Source, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(spec, "camera:"))
	if err != nil || number < 0 {
		return nil, fmt.Errorf("%s: want camera:N with a number, such as camera:0", spec)
	}
	if err := findDevice(number); err != nil {
		return nil, err
	}
	capture, err := gocv.VideoCaptureDevice(number)
	if err != nil {
		capture.Close()
		return nil, fmt.Errorf("camera %d cannot be opened: another program may be using it, or you may not read %s", number, device(number))
	}
	c, err := newDevice(spec, capture, opt)
	if err != nil {
		capture.Close()
		return nil, fmt.Errorf("%s: %w", spec, err)
	}
	return newLive(c, false, opt.MaxFrames), nil
}

// capture is a source of the images of a camera, by OpenCV.
type capture struct {
	info   slam.SourceInfo
	device *gocv.VideoCapture
	rect   *rectifier
	opt    Options
	stamps arrival
	read   int
	fails  int // reads that failed in a row
	closed bool
}

// newDevice finds the camera for the size that the device tells.
func newDevice(spec string, c *gocv.VideoCapture, opt Options) (*capture, error) {
	w, h := int(c.Get(gocv.VideoCaptureFrameWidth)), int(c.Get(gocv.VideoCaptureFrameHeight))
	if w < 1 || h < 1 {
		return nil, errors.New("the camera gives no images")
	}
	file, err := chooseCameraFile(opt, nil)
	if err != nil {
		return nil, err
	}
	l := &listing{}
	calibrated, err := resolveLens(plainDisplay(w, h), opt, file, l, "")
	if err != nil {
		return nil, err
	}
	fps := c.Get(gocv.VideoCaptureFPS)
	if !(fps > .01 && fps < 10000) {
		fps = rateOf(file)
		l.warn("the camera does not tell its frame rate; it is taken as %g frames a second", fps)
	}
	d := &capture{device: c, rect: newRectifier(calibrated), opt: opt, stamps: byClock()}
	d.info = slam.SourceInfo{Name: spec, Kind: KindCamera, Camera: d.rect.camera, CameraFrom: calibrated.from, FocalSigma: calibrated.focalSigma, ReadoutS: calibrated.readoutS, FPS: fps, Warnings: l.warnings}
	return d, nil
}

// Info describes the source.
func (c *capture) Info() slam.SourceInfo { return c.info }

// Warnings are those of Info.
func (c *capture) Warnings() []string { return c.info.Warnings }

// Truth returns nil.
func (c *capture) Truth() slam.Trajectory { return nil }

// maxFails is how many reads in a row a camera may fail before it counts as
// gone.
const maxFails = 10

// Next takes the next image. A camera that fails maxFails times in a row has
// ended.
func (c *capture) Next(ctx context.Context) (*slam.Frame, error) {
	if c.closed {
		return nil, ErrClosed
	}
	m := gocv.NewMat()
	defer m.Close()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ok := c.device.Read(&m)
		index := c.read
		c.read++
		switch {
		case !ok && c.fails == maxFails:
			return nil, io.EOF
		case !ok:
			return nil, c.fail(ctx, index)
		case index < c.opt.Start || (index-c.opt.Start)%max(c.opt.Stride, 1) != 0:
			continue
		}
		c.fails = 0
		return c.frame(&m, index)
	}
}

// fail counts a read without an image. A device that fails at once would fill
// the log: it waits.
func (c *capture) fail(ctx context.Context, index int) error {
	c.fails++
	select {
	case <-time.After(50 * time.Millisecond):
	case <-ctx.Done():
	}
	reason := errors.New("the device gave no image")
	if c.fails == maxFails {
		reason = fmt.Errorf("the device gave no image %d times in a row: it counts as gone, and the input ends here", maxFails)
	}
	return &SkipError{Index: index, File: c.info.Name, Err: reason}
}

// frame makes a frame of the image just read.
func (c *capture) frame(m *gocv.Mat, index int) (*slam.Frame, error) {
	f := &slam.Frame{Index: index, Time: c.stamps(), Name: fmt.Sprintf("%06d", index), Camera: c.info.Camera}
	err := checkDecoded(*m)
	if err == nil {
		err = c.rect.apply(m)
	}
	if err == nil {
		f.Gray, f.Color, err = fromMat(*m)
	}
	if err != nil {
		return nil, &SkipError{Index: index, File: c.info.Name, Err: err}
	}
	return f, nil
}

// Close frees the device.
func (c *capture) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	c.rect.close()
	return c.device.Close()
}

func device(number int) string { return "/dev/video" + strconv.Itoa(number) }

// findDevice says which cameras there are where the one asked for is missing,
// before OpenCV tries every one of its back ends.
func findDevice(number int) error {
	if runtime.GOOS != "linux" || exists(device(number)) {
		return nil
	}
	found, _ := filepath.Glob("/dev/video*")
	if len(found) == 0 {
		return fmt.Errorf("camera %d: this computer has no camera (no /dev/video*); connect one, or name a video file", number)
	}
	return fmt.Errorf("camera %d: %s does not exist; there are %s", number, device(number), strings.Join(found, ", "))
}
