package viewer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"

	"github.com/metricslam/metricslam/geom"
)

// ErrNoDisplay says that there is no screen for a window.
var ErrNoDisplay = errors.New("no display for a window: DISPLAY and WAYLAND_DISPLAY are not set; use metricslam render for pictures, or xvfb-run")

// WindowOptions say how a window begins.
type WindowOptions struct {
	Title string
	W, H  int // of the window; 0: 1280 x 800
	Style Style
}

// Show opens a window on what a feed shows and returns when it is closed or ctx
// is done. It must be called from the program's first thread where the system
// wants that (macOS), and takes the calling thread for itself until it returns.
func Show(ctx context.Context, feed *Feed, opt WindowOptions) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w, err := openWindow(feed, opt)
	if err != nil {
		return err
	}
	defer w.close()
	return w.loop(ctx)
}

// window is a GLFW window with its renderer.
type window struct {
	*controls
	feed     *Feed
	win      *glfw.Window
	renderer *renderer
	dirty    bool
	scale    float64 // pixels a unit of the pointer's coordinates
	pointer  geom.Vec2
	travel   float64 // of the pointer since the button went down
	button   glfw.MouseButton
	pressed  bool
	shift    bool
}

// openWindow returns a window with its context current on this thread.
func openWindow(feed *Feed, opt WindowOptions) (w *window, err error) {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil, ErrNoDisplay
	}
	if opt.W == 0 || opt.H == 0 {
		opt.W, opt.H = 1280, 800
	}
	// The binding reports some of GLFW's errors by a panic.
	defer func() {
		if p := recover(); p != nil {
			w, err = nil, fmt.Errorf("no window: %v; check the display %q", p, os.Getenv("DISPLAY"))
		}
	}()
	if err := glfw.Init(); err != nil {
		return nil, fmt.Errorf("no window: %w; check the display %q", err, os.Getenv("DISPLAY"))
	}
	for hint, value := range map[glfw.Hint]int{
		glfw.ContextVersionMajor: 3, glfw.ContextVersionMinor: 3, glfw.OpenGLProfile: glfw.OpenGLCoreProfile,
		glfw.OpenGLForwardCompatible: glfw.True, glfw.Samples: 4, glfw.DepthBits: 24,
	} {
		glfw.WindowHint(hint, value)
	}
	win, err := glfw.CreateWindow(opt.W, opt.H, opt.Title, nil, nil)
	if win == nil {
		glfw.Terminate()
		return nil, fmt.Errorf("no window with OpenGL 3.3 on display %q (%v); update the graphics driver, or install libgl1-mesa-dri", os.Getenv("DISPLAY"), err)
	}
	win.MakeContextCurrent()
	w = &window{feed: feed, win: win}
	err = loadGL(glfw.GetProcAddress)
	if err == nil {
		w.renderer, err = newRenderer()
	}
	if err != nil {
		win.Destroy()
		glfw.Terminate()
		return nil, err
	}
	glfw.SwapInterval(1)
	pw, ph := win.GetFramebufferSize()
	w.controls = newControls(feed.scene(), opt.Style, max(pw, 1), max(ph, 1))
	w.resized(pw, ph)
	w.listen()
	return w, nil
}

func (w *window) close() {
	w.renderer.close()
	w.win.Destroy()
	glfw.Terminate()
}

// resized takes the size of the picture in pixels.
func (w *window) resized(pw, ph int) {
	w.w, w.h, w.dirty = max(pw, 1), max(ph, 1), true
	w.scale = 1
	if ww, _ := w.win.GetSize(); ww > 0 {
		w.scale = float64(w.w) / float64(ww)
	}
}

// listen sets what mouse and keys do.
func (w *window) listen() {
	w.win.SetFramebufferSizeCallback(func(_ *glfw.Window, pw, ph int) { w.resized(pw, ph) })
	w.win.SetRefreshCallback(func(*glfw.Window) { w.dirty = true })
	w.win.SetScrollCallback(func(_ *glfw.Window, _, dy float64) {
		w.scroll(dy)
		w.dirty = true
	})
	w.win.SetKeyCallback(func(_ *glfw.Window, key glfw.Key, _ int, a glfw.Action, _ glfw.ModifierKey) {
		if a == glfw.Press {
			w.key(key)
		}
	})
	w.win.SetMouseButtonCallback(func(_ *glfw.Window, b glfw.MouseButton, a glfw.Action, m glfw.ModifierKey) {
		w.mouse(b, a == glfw.Press, m&glfw.ModShift != 0)
	})
	w.win.SetCursorPosCallback(func(_ *glfw.Window, x, y float64) { w.move(geom.Vec2{X: x, Y: y}.Scale(w.scale)) })
}

// key carries out what a key asks for. GLFW's codes of letters and digits are
// those of ASCII.
func (w *window) key(key glfw.Key) {
	for _, k := range keys {
		if key == glfw.Key(k.key) || k.key == 0 && key == glfw.KeyEscape {
			w.do(k.act)
			w.dirty = true
		}
	}
}

// clickPx is how far the pointer may go between press and release for a click.
const clickPx = 4

func (w *window) mouse(b glfw.MouseButton, down, shift bool) {
	if down {
		w.button, w.pressed, w.shift, w.travel = b, true, shift, 0
		return
	}
	if w.pressed && w.button == glfw.MouseButtonLeft && w.travel <= clickPx*w.scale {
		w.click(w.pointer.Sub(geom.Vec2{X: .5, Y: .5}))
		w.dirty = true
	}
	w.pressed = false
}

func (w *window) move(to geom.Vec2) {
	d := to.Sub(w.pointer)
	w.pointer = to
	if !w.pressed {
		return
	}
	w.travel += d.Norm()
	if w.travel > clickPx*w.scale {
		w.drag(d.X, d.Y, w.shift || w.button != glfw.MouseButtonLeft)
		w.dirty = true
	}
}

// poll is how long a window that nothing happens to sleeps before it looks for a
// new scene.
const poll = 30 * time.Millisecond

// loop draws what changes until the window is closed.
func (w *window) loop(ctx context.Context) error {
	for !w.win.ShouldClose() && !w.closed && ctx.Err() == nil {
		if s, ok := w.feed.take(); ok {
			w.show(s)
			w.dirty = true
		}
		if w.dirty {
			w.dirty = false
			if err := w.renderer.draw(w.scene, w.frame()); err != nil {
				return err
			}
			w.win.SwapBuffers()
		}
		glfw.WaitEventsTimeout(poll.Seconds())
	}
	return nil
}
