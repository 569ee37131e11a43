package viewer

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// ErrNoDisplay says that there is no screen for a window.
var ErrNoDisplay = errors.New("no display for a window: DISPLAY and WAYLAND_DISPLAY are not set; use metricslam render for images, or xvfb-run")

// WindowOptions say how a window begins.
type WindowOptions struct {
	Title string
	W, H  int // of the window; 0: 1280 x 800
	Style Style
	// Measurements is the JSON file that measurements are loaded from and saved to,
	// with a CSV beside it; "": they are not kept.
	Measurements string
	// Shots is the folder for images of the window; "": the working folder.
	Shots string
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
	shots    string // folder for images
	moved    time.Time
	coarse   bool // what is shown was drawn while the view moved
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
	w = &window{feed: feed, win: win, shots: opt.Shots}
	err = loadGL(glfw.GetProcAddress)
	if err == nil {
		if w.renderer, err = newRenderer(); err == nil {
			w.renderer.lod = true
		}
	}
	if err != nil {
		win.Destroy()
		glfw.Terminate()
		return nil, err
	}
	glfw.SwapInterval(1)
	pw, ph := win.GetFramebufferSize()
	w.controls = newControls(feed.scene(), opt.Style, opt.Measurements, max(pw, 1), max(ph, 1))
	w.resized(pw, ph)
	w.listen()
	return w, nil
}

func (w *window) close() {
	w.renderer.close()
	w.win.Destroy()
	glfw.Terminate()
}

// resized takes the size of the image in pixels.
func (w *window) resized(pw, ph int) {
	w.w, w.h, w.dirty = max(pw, 1), max(ph, 1), true
	w.scale = 1
	if ww, _ := w.win.GetSize(); ww > 0 {
		w.scale = float64(w.w) / float64(ww)
	}
	sx, sy := w.win.GetContentScale()
	w.dpi = float64(max(sx, sy, 1))
}

// listen sets what mouse and keys do.
func (w *window) listen() {
	w.win.SetFramebufferSizeCallback(func(_ *glfw.Window, pw, ph int) { w.resized(pw, ph) })
	w.win.SetRefreshCallback(func(*glfw.Window) { w.dirty = true })
	w.win.SetScrollCallback(func(_ *glfw.Window, _, dy float64) {
		w.scroll(dy)
		w.dirty, w.moved = true, time.Now()
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
		if key == glfw.Key(k.key) {
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
		w.scrub = b == glfw.MouseButtonLeft && w.replay.grab(w.pointer, w.w, w.h, w.em(), false)
		w.dirty = w.dirty || w.scrub
		return
	}
	if w.pressed && !w.scrub && w.button == glfw.MouseButtonLeft && w.travel <= clickPx*w.scale {
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
	if w.scrub {
		w.replay.grab(to, w.w, w.h, w.em(), true)
		w.dirty = true
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

// rest is how long after the wheel was turned a view counts as at rest.
const rest = 250 * time.Millisecond

// loop draws what changes until the window is closed.
func (w *window) loop(ctx context.Context) error {
	last := time.Now()
	for !w.win.ShouldClose() && !w.closed && ctx.Err() == nil {
		if s, ok := w.feed.take(); ok {
			w.show(s)
			w.dirty = true
		}
		now := time.Now()
		w.dirty = w.replay.advance(now.Sub(last).Seconds()) || w.dirty || w.renderer.preparing()
		last = now
		// What was drawn coarsely is drawn well once the view rests.
		moving := w.pressed && w.travel > 0 || w.replay.playing || now.Sub(w.moved) < rest
		if w.dirty || w.coarse && !moving {
			w.dirty = false
			f := w.frame()
			f.moving = moving && !w.shot
			w.coarse = f.moving
			if err := w.renderer.draw(w.scene, f); err != nil {
				return err
			}
			if w.shot {
				w.shot = false
				w.tape.note = w.saveShot()
				w.dirty = true
			}
			w.win.SwapBuffers()
		}
		if w.replay.playing {
			glfw.PollEvents()
			continue
		}
		glfw.WaitEventsTimeout(poll.Seconds())
	}
	return nil
}

// saveShot saves what was drawn, before it is swapped away, as a PNG named by the
// time, and says where.
func (w *window) saveShot() string {
	img, err := readPixels(w.w, w.h)
	if err != nil {
		return err.Error()
	}
	path := filepath.Join(w.shots, "metricslam-"+time.Now().Format("20060102-150405.000")+".png")
	err = atomicfile.Write(path, func(out io.Writer) error { return png.Encode(out, img) })
	if err != nil {
		return err.Error()
	}
	return "saved " + path
}
