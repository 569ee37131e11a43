package datasets

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

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
	v, err := newVideo(spec, KindCamera, capture, opt, nil)
	if err != nil {
		return nil, err
	}
	v.stamps = byClock()
	return newLive(v, false, opt.MaxFrames), nil
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
