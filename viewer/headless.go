package viewer

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"runtime"

	"github.com/go-gl/gl/v3.3-core/gl"
)

// Options say how an image is made.
type Options struct {
	W, H  int    // pixels, at most MaxSize each; 0: 1280 x 960
	View  string // auto, top, front, side, camera:N; "": auto
	Style Style
}

// MaxSize is the largest width and height of an image.
const MaxSize = 8192

func (o Options) size() (w, h int, err error) {
	w, h = o.W, o.H
	if w == 0 && h == 0 {
		w, h = 1280, 960
	}
	if w < 1 || h < 1 || w > MaxSize || h > MaxSize {
		return 0, 0, fmt.Errorf("image of %dx%d pixels: width and height must be from 1 to %d", w, h, MaxSize)
	}
	return w, h, nil
}

// RenderPNG draws a scene without a display and returns the image as PNG. The
// error is ErrNoOpenGL where the machine has no OpenGL for that.
func RenderPNG(s *Scene, opt Options) ([]byte, error) {
	img, err := Render(s, opt)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&b, img); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Render is RenderPNG before encoding.
func Render(s *Scene, opt Options) (img *image.NRGBA, err error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	w, h, err := opt.size()
	if err != nil {
		return nil, err
	}
	v, o, err := NamedView(s, opt.View, w, h)
	if err != nil {
		return nil, err
	}
	return RenderView(s, v, o, opt.Style)
}

// RenderView draws a scene from a given view; up and distance for the scale bar
// are those of o.
func RenderView(s *Scene, v View, o Orbit, style Style) (img *image.NRGBA, err error) {
	err = offscreen(v.Camera.W, v.Camera.H, func(t *target) error {
		img, err = t.draw(s, frame{view: v, up: o.Up, pivotM: o.DistanceM, style: style})
		return err
	})
	return img, err
}

// offscreen runs f with a renderer on a thread of its own, and frees all.
func offscreen(w, h int, f func(*target) error) error {
	done := make(chan error)
	go func() {
		// Not unlocked: the thread ends with the goroutine, and with it whatever
		// the driver keeps for the thread.
		runtime.LockOSThread()
		done <- func() error {
			release, err := eglContext()
			if err != nil {
				return err
			}
			defer release()
			t, err := newTarget(w, h)
			if err != nil {
				return err
			}
			defer t.close()
			return f(t)
		}()
	}()
	return <-done
}

// target is a renderer with an image in memory to draw into.
type target struct {
	*renderer
	w, h          int
	drawn, smooth uint32 // framebuffers: with samples, and without
}

func newTarget(w, h int) (*target, error) {
	r, err := newRenderer()
	if err != nil {
		return nil, err
	}
	t := &target{renderer: r, w: w, h: h, drawn: r.gpu.framebuffer(), smooth: r.gpu.framebuffer()}
	var most int32
	gl.GetIntegerv(gl.MAX_SAMPLES, &most)
	samples := min(4, most)
	for _, b := range []struct {
		framebuffer, attachment, format uint32
		samples                         int32
	}{
		{t.drawn, gl.COLOR_ATTACHMENT0, gl.RGBA8, samples},
		{t.drawn, gl.DEPTH_ATTACHMENT, gl.DEPTH_COMPONENT24, samples},
		{t.smooth, gl.COLOR_ATTACHMENT0, gl.RGBA8, 0},
	} {
		rb := r.gpu.renderbuffer()
		gl.BindRenderbuffer(gl.RENDERBUFFER, rb)
		gl.RenderbufferStorageMultisample(gl.RENDERBUFFER, b.samples, b.format, int32(w), int32(h))
		gl.BindFramebuffer(gl.FRAMEBUFFER, b.framebuffer)
		gl.FramebufferRenderbuffer(gl.FRAMEBUFFER, b.attachment, gl.RENDERBUFFER, rb)
	}
	for _, fb := range []uint32{t.smooth, t.drawn} {
		gl.BindFramebuffer(gl.FRAMEBUFFER, fb)
		if s := gl.CheckFramebufferStatus(gl.FRAMEBUFFER); s != gl.FRAMEBUFFER_COMPLETE {
			r.close()
			return nil, fmt.Errorf("OpenGL: image of %dx%d pixels refused (0x%x); choose a smaller one", w, h, s)
		}
	}
	return t, nil
}

// draw renders one frame and returns it.
func (t *target) draw(s *Scene, f frame) (*image.NRGBA, error) {
	gl.BindFramebuffer(gl.FRAMEBUFFER, t.drawn)
	if err := t.renderer.draw(s, f); err != nil {
		return nil, err
	}
	gl.BindFramebuffer(gl.READ_FRAMEBUFFER, t.drawn)
	gl.BindFramebuffer(gl.DRAW_FRAMEBUFFER, t.smooth)
	gl.BlitFramebuffer(0, 0, int32(t.w), int32(t.h), 0, 0, int32(t.w), int32(t.h), gl.COLOR_BUFFER_BIT, gl.NEAREST)
	gl.BindFramebuffer(gl.READ_FRAMEBUFFER, t.smooth)
	return readPixels(t.w, t.h)
}

// readPixels returns the image of the framebuffer that is bound for reading.
func readPixels(w, h int) (*image.NRGBA, error) {
	pix := make([]uint8, 4*w*h)
	gl.PixelStorei(gl.PACK_ALIGNMENT, 1)
	gl.ReadPixels(0, 0, int32(w), int32(h), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(pix))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h { // OpenGL's rows begin at the bottom
		copy(img.Pix[4*w*y:4*w*(y+1)], pix[4*w*(h-1-y):])
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img, glError("read the image")
}
