package viewer

import (
	"context"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/gl/v3.3-core/gl"
	"github.com/go-gl/glfw/v3.3/glfw"

	"github.com/metricslam/metricslam/geom"
)

// startX starts an X server without a screen and sets DISPLAY; it skips by name
// where there is none, and fails where CI=true.
func startX(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("needs Xvfb: ", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(path, "-displayfd", "3", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt) // it removes its socket
		cmd.Wait()
	})
	r.SetReadDeadline(time.Now().Add(20 * time.Second))
	b := make([]byte, 16)
	n, err := r.Read(b)
	number, convErr := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil || convErr != nil {
		t.Fatalf("Xvfb names no display: %q, %v", b[:n], err)
	}
	t.Setenv("DISPLAY", ":"+strconv.Itoa(number))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// It may name its display a moment before it answers there.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		w, err := openWindow(NewFeed(squares()), WindowOptions{W: 32, H: 32})
		if err == nil {
			w.close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// The window shows what is rendered without one, mouse and keys do what the help
// says, and everything is freed.
func TestWindow(t *testing.T) {
	needGL(t)
	startX(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, _ := room()
	st := DefaultStyle()
	w, err := openWindow(NewFeed(s), WindowOptions{Title: "test", W: 320, H: 240, Style: st})
	if err != nil {
		t.Fatal(err)
	}
	w.renderer.lod = false // the mesh is there at once
	defer func() {
		w.close()
		if n := liveObjects.Load(); n != 0 {
			t.Errorf("%d OpenGL objects are left", n)
		}
	}()
	shot := func() *image.NRGBA {
		glfw.PollEvents()
		gl.BindFramebuffer(gl.FRAMEBUFFER, 0)
		if err := w.renderer.draw(w.scene, w.frame()); err != nil {
			t.Fatal(err)
		}
		img, err := readPixels(w.w, w.h)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	var want *image.NRGBA
	if err := offscreen(w.w, w.h, func(tg *target) error {
		want, err = tg.draw(w.scene, w.frame())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	got := shot()
	var differ int
	for i := range got.Pix {
		if d := int(got.Pix[i]) - int(want.Pix[i]); d > 24 || d < -24 {
			differ++
		}
	}
	if share := float64(differ) / float64(len(got.Pix)); share > .02 {
		t.Errorf("%.1f %% of the window differs from the image made without one", 100*share)
	}

	// Click two points, each a press and a release where the pointer is.
	for _, i := range []int{10, 500} {
		p := vec(s.Mesh.Vertices[4*i]).Add(vec(s.Mesh.Vertices[4*i+2])).Scale(.5)
		u, _ := w.frame().view.Project(p)
		w.move(u.Add(geom.Vec2{X: .5, Y: .5}))
		w.mouse(glfw.MouseButtonLeft, true, false)
		w.mouse(glfw.MouseButtonLeft, false, false)
	}
	if len(w.tape.done) != 1 {
		t.Errorf("%d distances were measured", len(w.tape.done))
	}
	before := w.orbit
	w.mouse(glfw.MouseButtonLeft, true, false)
	w.move(w.pointer.Add(geom.Vec2{X: 40}))
	w.mouse(glfw.MouseButtonLeft, false, false)
	if w.orbit.YawRad == before.YawRad || len(w.tape.done) != 1 || len(w.tape.pending) != 0 {
		t.Error("a drag did not turn, or picked")
	}
	w.key(glfw.KeyH)
	if !w.help || shot() == nil {
		t.Error("H shows no help")
	}
	w.key(glfw.KeyZ)
	if len(w.tape.done) != 0 {
		t.Error("Z keeps the distance")
	}
	w.key(glfw.KeyQ)
	if err := w.loop(context.Background()); err != nil {
		t.Error(err)
	}
}

// A context that is done closes the window, while snapshots keep coming.
func TestShowEnds(t *testing.T) {
	needGL(t)
	startX(t)
	s, _ := room()
	feed := NewLiveFeed(nil)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	go func() {
		for i := range 10 {
			time.Sleep(20 * time.Millisecond)
			snap := s.Snapshot
			snap.Pose, snap.Keyframes = geom.IdentitySE3(), s.Keyframes[:i/2]
			feed.Publish(snap)
		}
	}()
	if err := Show(ctx, feed, WindowOptions{W: 200, H: 150, Style: DefaultStyle()}); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("the window closed by itself")
	}
	if n := liveObjects.Load(); n != 0 {
		t.Errorf("%d OpenGL objects are left", n)
	}
}

func TestNoDisplay(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if err := Show(context.Background(), NewFeed(squares()), WindowOptions{}); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("got %v", err)
	}
	t.Setenv("DISPLAY", ":9999")
	if err := Show(context.Background(), NewFeed(squares()), WindowOptions{}); err == nil || !strings.Contains(err.Error(), ":9999") {
		t.Errorf("a display that is not there: %v", err)
	}
}

// A user measures in the window with mouse and keys, saves, takes an image and
// closes it: by xdotool, as a hand would.
func TestByHand(t *testing.T) {
	needGL(t)
	xdotool, err := exec.LookPath("xdotool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("needs xdotool: ", err)
	}
	startX(t)
	s, _ := room()
	s.ScaleSigma = .02
	s.Trajectory = s.Keyframes
	dir := t.TempDir()
	file := filepath.Join(dir, "measurements.json")
	const w, h = 640, 480
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	closed := make(chan error, 1)
	go func() {
		closed <- Show(ctx, NewFeed(s), WindowOptions{Title: "by hand", W: w, H: h, Style: DefaultStyle(), Measurements: file, Shots: dir})
	}()
	do := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(ctx, xdotool, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("xdotool %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	id := do("search", "--sync", "--onlyvisible", "--name", "by hand")
	do("windowfocus", "--sync", id)
	time.Sleep(time.Second) // the first image, on a machine that may be busy
	point := func(i int) geom.Vec3 {
		return vec(s.Mesh.Vertices[4*i]).Add(vec(s.Mesh.Vertices[4*i+2])).Scale(.5)
	}
	view := AutoOrbit(s, w, h).View(w, h)
	click := func(i int) {
		u, _ := view.Project(point(i))
		do("mousemove", "--window", id, strconv.Itoa(int(u.X+.5)), strconv.Itoa(int(u.Y+.5)), "click", "1")
	}
	key := func(names ...string) { do(append([]string{"key", "--delay", "60"}, names...)...) }
	click(10)
	click(500)
	key("6") // an area
	for _, i := range []int{10, 200, 500} {
		click(i)
	}
	key("Return", "7")
	click(500)
	key("s")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "measurements.csv")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("S saves nothing")
		}
	}
	key("F12", "z", "q")
	select {
	case err := <-closed:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("Q does not close the window")
	}
	if all, err := loadMeasurements(file, rulerOf(s, AutoOrbit(s, w, h))); err != nil || len(all) != 3 || all[0].Kind != Distance || all[1].Kind != Area || all[2].Kind != Height {
		t.Errorf("saved %v, error %v", all, err)
	} else if want := point(500).Sub(point(10)).Norm(); math.Abs(all[0].Value-want) > .01*want || math.Abs(all[0].Std-.02*all[0].Value) > 1e-3 {
		t.Errorf("distance %s, want %.3f m", all[0].Text(), want)
	}
	shots, _ := filepath.Glob(filepath.Join(dir, "metricslam-*.png"))
	if len(shots) != 1 {
		t.Fatalf("images %v", shots)
	}
	f, err := os.Open(shots[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil || img.Bounds().Dx() != w || img.Bounds().Dy() != h {
		t.Fatalf("image of %v, error %v", img.Bounds(), err)
	}
	if keep := os.Getenv("METRICSLAM_SHOTS"); keep != "" { // to look at
		if err := os.Rename(shots[0], filepath.Join(keep, "byhand.png")); err != nil {
			t.Error(err)
		}
	}
}
