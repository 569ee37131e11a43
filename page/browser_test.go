package page

import (
	"fmt"
	"image"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/browser"
)

// needThree skips a test by name where three.js was not fetched.
func needThree(t testing.TB) {
	t.Helper()
	if why := Missing(); why != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
}

// save writes a scene as a page of its own.
func save(t testing.TB, s *Scene) string {
	t.Helper()
	view, err := Saved(s)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := livePage.Execute(&b, struct {
		Title string
		*View
	}{s.Title, view}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "map.html")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// show opens a scene from its file and waits for the first image.
func show(t testing.TB, p *browser.Page, s *Scene) {
	p.For(t)
	p.Open(save(t, s))
	p.Until("globalThis.metricslam?.stage.images > 0")
}

// The page in a real browser; one for all, as it takes seconds to start.
func TestBrowser(t *testing.T) {
	needThree(t)
	p := browser.New(t, 1000, 700)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *browser.Page)
	}{
		{"saved", testSaved}, {"textured", testTextured}, {"controls", testControls}, {"look through", testLookThrough}, {"live", testLive}, {"touch", testTouch},
	} {
		t.Run(test.name, func(t *testing.T) {
			p.For(t)
			test.run(t, p)
		})
		p.For(t)
	}
}

// pixel returns where a point of the map is seen.
func pixel(p *browser.Page, v geom.Vec3) (x, y float64) {
	var u struct{ X, Y float64 }
	p.Eval(fmt.Sprintf("metricslam.stage.project(metricslam.stage.toWorld([%g, %g, %g]))", v.X, v.Y, v.Z), &u)
	return u.X, u.Y
}

// quiet fails where the page complained, or asked for anything outside itself.
func quiet(t *testing.T, p *browser.Page, but ...string) {
	t.Helper()
	if e := p.Errors(); len(e) > 0 {
		t.Errorf("the page complains: %q", e)
	}
	for _, r := range p.Requests() {
		inside := false
		for _, prefix := range append(but, "file://", "data:", "blob:") {
			inside = inside || strings.HasPrefix(r, prefix)
		}
		if !inside {
			t.Errorf("the page asks for %s", r)
		}
	}
}

// near reports whether the colour of a pixel is within some steps of another.
func near(img image.Image, x, y float64, want [3]uint8) bool {
	r, g, b, _ := img.At(int(x), int(y)).RGBA()
	for k, v := range [3]uint32{r >> 8, g >> 8, b >> 8} {
		if math.Abs(float64(v)-float64(want[k])) > 60 {
			return false
		}
	}
	return true
}

// The saved map opens from its file, shows each wall where it is in its colour, and
// the tape measures what is known.
func testSaved(t *testing.T, p *browser.Page) {
	show(t, p, hall())
	_, img := p.Screenshot()
	for _, c := range []struct {
		at    geom.Vec3
		color [3]uint8
	}{{geom.Vec3{X: .5, Y: 1, Z: 1.5}, [3]uint8{200, 60, 50}}, {geom.Vec3{X: .4, Y: -.3, Z: 3}, [3]uint8{60, 160, 70}}} {
		x, y := pixel(p, c.at)
		if !near(img, x, y, c.color) {
			t.Errorf("%v is %v in the image, want %v", c.at, img.At(int(x), int(y)), c.color)
		}
	}
	p.Eval(`document.querySelector("[data-act=tape]").click()`, nil)
	a, b := geom.Vec3{X: -1.5, Y: 1, Z: .5}, geom.Vec3{X: 1.2, Y: 0, Z: 3}
	for _, v := range []geom.Vec3{a, b} {
		p.Click(pixel(p, v))
	}
	var got struct {
		Length, Sigma float64
		Text          string
	}
	p.Eval("(({length, sigma, text}) => ({length, sigma, text}))(metricslam.tape.lengths[0])", &got)
	want := b.Sub(a).Norm()
	if math.Abs(got.Length-want) > .01*want {
		t.Errorf("the tape measures %g m, want %g", got.Length, want)
	}
	if sigma := math.Sqrt(math.Pow(.02*want, 2) + 2*.01*.01); math.Abs(got.Sigma-sigma) > .05*sigma {
		t.Errorf("its deviation is %g m, want %g", got.Sigma, sigma)
	}
	if want := fmt.Sprintf("%.2f ± %.2f m", got.Length, got.Sigma); !strings.HasPrefix(got.Text, want[:3]) || !strings.Contains(got.Text, "±") {
		t.Errorf("it says %q, want about %q", got.Text, want)
	}
	quiet(t, p)
}

// A mesh with images shows them: the back wall a chequer that its vertices know nothing
// of; and other colours where those are asked for.
func testTextured(t *testing.T, p *browser.Page) {
	s := hall()
	texture(t, s)
	show(t, p, s)
	p.Until("metricslam.surface.pages.length === 2 && metricslam.surface.pages.every(m => m.uniforms.pictured.value === 1)")
	p.Until("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
	shows := func(want [4][3]uint8) {
		t.Helper()
		_, img := p.Screenshot()
		for i, at := range []geom.Vec3{{X: -1, Y: -.5, Z: 3}, {X: 1, Y: -.5, Z: 3}, {X: -1, Y: .5, Z: 3}, {X: .8, Y: 1, Z: 1.5}} {
			if x, y := pixel(p, at); !near(img, x, y, want[i]) {
				t.Errorf("%v is %v in the image, want %v", at, img.At(int(x), int(y)), want[i])
			}
		}
	}
	shows([4][3]uint8{{230, 30, 30}, {30, 230, 30}, {30, 30, 230}, {240, 240, 60}})
	p.Eval(`metricslam.panel.colors.value = "height"; metricslam.panel.paint()`, nil)
	p.Until("metricslam.surface.pages.every(m => m.uniforms.pictured.value === 0)")
	p.Eval(`metricslam.panel.colors.value = "photo"; metricslam.panel.paint(); metricslam.replay.go(2)`, nil)
	var times [2]float64
	p.Eval("metricslam.surface.pages.map(m => m.uniforms.time.value)", &times)
	if times != [2]float64{2, 2} {
		t.Errorf("the images are those of %v s, want 2", times)
	}
	p.Eval(`metricslam.surface.set(null)`, nil)
	quiet(t, p)
}

// What one can do in the page works, and leaves no complaint.
func testControls(t *testing.T, p *browser.Page) {
	show(t, p, hall())
	p.Eval(`metricslam.setMode("top")`, nil)
	p.Until(`metricslam.stage.camera === metricslam.stage.ortho && !document.querySelector(".map-scale").hidden`)
	// From above, a metre is as long everywhere.
	x0, y0 := pixel(p, geom.Vec3{X: -2, Y: 1})
	x1, y1 := pixel(p, geom.Vec3{X: 2, Y: 1})
	x2, y2 := pixel(p, geom.Vec3{X: -2, Y: -1, Z: 3})
	if wide, deep := math.Hypot(x1-x0, y1-y0)/4, math.Hypot(x2-x0, y2-y0)/3; math.Abs(wide-deep) > .01*wide {
		t.Errorf("a metre is %g pixels along x and %g along z", wide, deep)
	}
	for _, mode := range []string{"height", "normal", "age", "deviation"} {
		p.Eval(fmt.Sprintf(`metricslam.panel.colors.value = %q; metricslam.panel.paint()`, mode), nil)
	}
	p.Eval(`metricslam.setMode("fly")`, nil)
	var before, after [3]float64
	p.Eval("metricslam.stage.perspective.position.toArray()", &before)
	p.Eval(`metricslam.element.focus()`, nil)
	p.Call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "code": "KeyW", "key": "w"}, nil)
	p.Until(fmt.Sprintf("metricslam.stage.perspective.position.z !== %g", before[2]))
	p.Call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "code": "KeyW", "key": "w"}, nil)
	p.Eval("metricslam.stage.perspective.position.toArray()", &after)
	if after == before {
		t.Error("W does not fly")
	}
	p.Eval(`metricslam.setMode("orbit"); document.querySelector("[data-act=home]").click()`, nil)
	p.Eval(`document.querySelector("[data-act=clip]").click(); metricslam.clip.sliders[2][1].value = 500; metricslam.clip.apply()`, nil)
	var hit bool
	x, y := pixel(p, geom.Vec3{X: .2, Y: 0, Z: 3})
	p.Eval(fmt.Sprintf("metricslam.surface.pick(metricslam.stage.ray(%g, %g)) !== null", x, y), &hit)
	if hit {
		t.Error("what is cut off by the box can be picked")
	}
	p.Eval(`metricslam.replay.go(2)`, nil)
	var seen int
	p.Eval("metricslam.surface.material.uniforms.time.value", &seen)
	if seen != 2 {
		t.Errorf("the surface is that of %d s, want 2", seen)
	}
	quiet(t, p)
}

// Who looks through a keyframe sees what its camera saw: a point is where the
// camera projects it, in the image that lies over the map.
func testLookThrough(t *testing.T, p *browser.Page) {
	s := hall()
	show(t, p, s)
	k := s.Keyframes[3]
	p.Click(pixel(p, k.Pose.T))
	p.Until(`!document.querySelector(".map-keyframe").hidden`)
	p.Eval(`document.querySelector("[data-act=through]").click()`, nil)
	p.Until(`metricslam.stage.lens && !document.querySelector(".map-through").hidden`)
	var rect struct{ X, Y, Scale float64 }
	p.Eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(metricslam.stage.lensRect()))))", &rect)
	for _, v := range []geom.Vec3{{X: -1, Y: .5, Z: 3}, {X: 1, Y: 1, Z: 2}, {Z: 3}} {
		u := k.Camera.Project(k.Pose.ApplyInverse(v))
		x, y := pixel(p, v)
		if d := math.Hypot(x-rect.X-rect.Scale*(u.X+.5), y-rect.Y-rect.Scale*(u.Y+.5)); d > .05 {
			t.Errorf("%v is %.2f pixels off", v, d)
		}
	}
	p.Eval(`document.querySelector("[data-act=close]").click()`, nil)
	p.Until(`!metricslam.stage.lens && document.querySelector(".map-through").hidden`)
	quiet(t, p)
}

// A finger turns the map, a tap measures.
func testTouch(t *testing.T, p *browser.Page) {
	show(t, p, hall())
	p.Call("Emulation.setTouchEmulationEnabled", map[string]any{"enabled": true, "maxTouchPoints": 2}, nil)
	var before, after [3]float64
	p.Eval("metricslam.stage.perspective.position.toArray()", &before)
	p.Touch("touchStart", [2]float64{500, 350})
	for i := range 10 {
		p.Touch("touchMove", [2]float64{500 + 10*float64(i), 350})
	}
	p.Touch("touchEnd")
	p.Eval("metricslam.stage.perspective.position.toArray()", &after)
	if after == before {
		t.Error("a finger does not turn the map")
	}
	p.Eval(`document.querySelector("[data-act=tape]").click()`, nil)
	for _, v := range []geom.Vec3{{X: -1, Y: 1, Z: 1}, {X: 1, Y: 1, Z: 1}} {
		x, y := pixel(p, v)
		p.Touch("touchStart", [2]float64{x, y})
		p.Touch("touchEnd")
	}
	var length float64
	p.Eval("metricslam.tape.lengths[0]?.length ?? 0", &length)
	if math.Abs(length-2) > .02 {
		t.Errorf("two taps measure %g m, want 2", length)
	}
	quiet(t, p)
}

// The page of a run follows it, to the finished map.
func testLive(t *testing.T, p *browser.Page) {
	scene := hall()
	l := NewLive("test")
	defer l.Close()
	server := httptest.NewServer(l)
	defer server.Close()
	p.Open(server.URL + "/")
	for !l.Wants(0) {
		time.Sleep(time.Millisecond)
	}
	l.Publish(snapshots(scene)(12))
	p.Until(`metricslam.cameras.keyframes.length === 3 && metricslam.surface.has`)
	p.Until(`metricslam.status.image.src && metricslam.status.text.textContent.includes("scale 1.000 ± 10.0 %")`)
	if err := l.Finish(scene); err != nil {
		t.Fatal(err)
	}
	p.Until(`metricslam.cameras.keyframes.length === 6 && metricslam.status.text.textContent.includes("has ended")`)
	quiet(t, p, server.URL, "websocket")
}

// From opening the file to the first image, by software.
func BenchmarkFirstImage(b *testing.B) {
	needThree(b)
	url := save(b, hall())
	p := browser.New(b, 1000, 700)
	for b.Loop() {
		p.Open("about:blank")
		p.Open(url)
		p.Until("globalThis.metricslam?.stage.images > 0")
	}
}
