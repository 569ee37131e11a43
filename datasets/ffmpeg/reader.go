// Package ffmpeg reads the images of a video with FFmpeg's libraries
// (libavformat, libavcodec, libswscale), which OpenCV is built on too.
//
// OpenCV's own VideoCapture hides what a measuring program must know: that the
// images' size or pixel format changes midway (it then hands out stale or
// foreign memory), the display matrix, the shape of a pixel, true stamps, damage.
package ffmpeg

// #cgo pkg-config: libavformat libavcodec libavutil libswscale
// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
	"unsafe"
)

// Stream is what the header of a video tells; zero where it does not.
type Stream struct {
	FPS       float64
	Frames    int // an estimate in some formats
	Duration  time.Duration
	Format    string // FFmpeg's name of the container
	Streams   string // what the file holds, such as "video h264, audio aac"
	Videos    int    // videos in the file; the first of the best is read
	Spherical bool   // a panorama around the camera
	Stereo    bool   // two views in one image
	Matrix    *Matrix
}

// Matrix is the linear part of a display matrix: the stored point (x, y) is
// shown at (A*x + C*y, B*x + D*y), x to the right and y down.
type Matrix struct{ A, B, C, D float64 }

// Image is what is known of one decoded image before its pixels are taken.
type Image struct {
	W, H       int     // stored pixels
	PixelShape float64 // width over height of a pixel; 0 where unknown
	Time       float64 // seconds by the file's clock, NaN where unknown
	Interlaced bool    // two half images of different times
	Damaged    bool    // missing parts were painted over
}

// The errors of Open and Next that call for an answer of their own.
var (
	// ErrNoImages says that a file holds no video.
	ErrNoImages = errors.New("no video")
	// ErrNoDecoder says that FFmpeg was built without the decoder.
	ErrNoDecoder = errors.New("no decoder")
	// ErrDamaged says that an image could not be decoded; the next may.
	ErrDamaged = errors.New("the image is damaged")
)

// Reader decodes one video. It is used by one goroutine at a time.
type Reader struct {
	Stream Stream
	v      *C.video
}

const messageSize = 512

// Open opens a file or an address. A source that is silent for longer than
// silence (0: no bound) ends; so does ctx, which bounds the opening alone.
func Open(ctx context.Context, url string, silence time.Duration) (*Reader, error) {
	r := &Reader{v: C.video_new()}
	if r.v == nil {
		return nil, errors.New("out of memory")
	}
	name := C.CString(url)
	defer C.free(unsafe.Pointer(name))
	var info C.video_info
	var message [messageSize]C.char
	done := r.bound(ctx)
	code := C.video_open(r.v, name, C.double(silence.Seconds()), &info, &message[0], messageSize)
	done()
	r.Stream = streamOf(&info)
	if err := failure(ctx, code, &message); err != nil {
		r.Close()
		return &Reader{Stream: r.Stream}, err
	}
	return r, nil
}

// bound makes calls that wait end with ctx, until the returned function has been
// called.
func (r *Reader) bound(ctx context.Context) (done func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.video_stop(r.v)
		close(ended)
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

func streamOf(i *C.video_info) Stream {
	s := Stream{
		FPS: float64(i.fps), Frames: int(i.frames), Duration: time.Duration(float64(i.duration_s) * float64(time.Second)),
		Format: C.GoString(&i.format[0]), Streams: C.GoString(&i.streams[0]), Videos: int(i.picture_streams),
		Spherical: i.projection == 1, Stereo: i.projection == 2,
	}
	if i.has_matrix != 0 {
		const one = 1 << 16
		s.Matrix = &Matrix{float64(i.matrix[0]) / one, float64(i.matrix[1]) / one, float64(i.matrix[3]) / one, float64(i.matrix[4]) / one}
	}
	return s
}

// failure turns a result of the bridge into an error.
func failure(ctx context.Context, code C.int, message *[messageSize]C.char) error {
	switch {
	case code == C.VIDEO_OK:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case code == C.VIDEO_END:
		return io.EOF
	case code == C.VIDEO_NO_PICTURES:
		return ErrNoImages
	case code == C.VIDEO_NO_DECODER:
		return ErrNoDecoder
	case code == C.VIDEO_DAMAGED:
		return fmt.Errorf("%w: %s", ErrDamaged, C.GoString(&message[0]))
	}
	return errors.New(C.GoString(&message[0]))
}

// Next decodes the next image in display order: io.EOF after the last,
// ErrDamaged where one is passed over, any other error where the source ends
// before its time. After an end of ctx the reader is of no more use.
func (r *Reader) Next(ctx context.Context) (Image, error) {
	var p C.video_picture
	var message [messageSize]C.char
	done := r.bound(ctx)
	code := C.video_next(r.v, &p, &message[0], messageSize)
	done()
	if err := failure(ctx, code, &message); err != nil {
		return Image{}, err
	}
	out := Image{W: int(p.w), H: int(p.h), Time: math.NaN(), Interlaced: p.interlaced != 0, Damaged: p.damaged != 0}
	if p.has_time != 0 {
		out.Time = float64(p.time_s)
	}
	if p.sar_num > 0 && p.sar_den > 0 {
		out.PixelShape = float64(p.sar_num) / float64(p.sar_den)
	}
	return out, nil
}

// BGR writes the image of the last Next as w x h pixels of blue, green and red
// into out, len 3*w*h, scaled where that is not its own size.
func (r *Reader) BGR(out []byte, w, h int) error {
	if len(out) != 3*w*h || w < 1 || h < 1 {
		return fmt.Errorf("%d bytes for an image of %dx%d", len(out), w, h)
	}
	if code := C.video_bgr(r.v, (*C.uint8_t)(unsafe.Pointer(&out[0])), C.int(w), C.int(h)); code != C.VIDEO_OK {
		return errors.New("its pixel format cannot be converted")
	}
	return nil
}

// Close frees the decoder.
func (r *Reader) Close() error {
	if r.v != nil {
		C.video_free(r.v)
		r.v = nil
	}
	return nil
}
