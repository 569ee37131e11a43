package frontend

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

const testW, testH = 320, 240

func newTracker(t *testing.T) *Tracker {
	t.Helper()
	cfg := Default()
	cfg.MaxFeatures = 150
	tr := New(cfg)
	t.Cleanup(tr.Close)
	return tr
}

func mustTrack(t *testing.T, tr *Tracker, g slam.Gray) {
	t.Helper()
	if err := tr.Track(g, nil); err != nil {
		t.Fatal(err)
	}
}

func mustDetect(t *testing.T, tr *Tracker) []Track {
	t.Helper()
	found, err := tr.Detect()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(found)
}

// movedErrors returns how far each track is from where its first pixel went, and
// the share of the first tracks that are left.
func movedErrors(first, now []Track, d geom.Vec2) (errs []float64, share float64) {
	at := make(map[int]geom.Vec2)
	for _, t := range first {
		at[t.ID] = t.Pixel
	}
	for _, t := range now {
		if u, ok := at[t.ID]; ok {
			errs = append(errs, t.Pixel.Sub(u).Sub(d).Norm())
		}
	}
	slices.Sort(errs)
	return errs, float64(len(errs)) / float64(len(first))
}

func TestTrackFollowsTranslation(t *testing.T) {
	tex := texture{1}
	for _, step := range []geom.Vec2{{X: .3, Y: .7}, {X: 3.25, Y: -1.5}, {X: -8.6, Y: 4.1}, {X: 0, Y: 0}} {
		tr := newTracker(t)
		mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{}))
		first := mustDetect(t, tr)
		if len(first) < 120 {
			t.Fatalf("%d keypoints in a rich image", len(first))
		}
		const steps = 4
		for i := 1; i <= steps; i++ {
			mustTrack(t, tr, tex.shifted(testW, testH, step.Scale(float64(i))))
		}
		errs, share := movedErrors(first, tr.Tracks(), step.Scale(steps))
		if share < .7 || errs[len(errs)/2] > .1 || errs[len(errs)*95/100] > .3 {
			t.Errorf("step %v: %.0f %% left, median error %.3f px, 95 %% within %.3f", step, 100*share, errs[len(errs)/2], errs[len(errs)*95/100])
		}
	}
}

// A prediction carries tracks over a motion that KLT alone does not reach.
func TestTrackUsesPrediction(t *testing.T) {
	tex, d := texture{2}, geom.Vec2{X: 70, Y: 25}
	tr := newTracker(t)
	mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{}))
	first := mustDetect(t, tr)
	err := tr.Track(tex.shifted(testW, testH, d), func(tk Track) geom.Vec2 { return tk.Pixel.Add(d).Add(geom.Vec2{X: 2, Y: -2}) })
	if err != nil {
		t.Fatal(err)
	}
	errs, share := movedErrors(first, tr.Tracks(), d)
	if share < .6 || errs[len(errs)*9/10] > .2 {
		t.Errorf("%.0f %% left: %v", 100*share, errs)
	}
	for _, bad := range []geom.Vec2{{X: math.NaN(), Y: 1}, {X: math.Inf(1), Y: math.Inf(-1)}, {X: 1e30, Y: -1e30}, {X: -500, Y: 9000}} {
		mustDetect(t, tr)
		if err := tr.Track(tex.shifted(testW, testH, d), func(Track) geom.Vec2 { return bad }); err != nil {
			t.Fatal(err)
		}
		for _, tk := range tr.Tracks() {
			if !tk.Pixel.IsFinite() {
				t.Errorf("prediction %v: track %d is at %v", bad, tk.ID, tk.Pixel)
			}
		}
	}
}

// Where the image is replaced by another, forward and backward do not meet:
// nothing is left of its tracks, and all of the other half's.
func TestTrackRejects(t *testing.T) {
	tex := texture{3}
	a := tex.shifted(testW, testH, geom.Vec2{})
	b := tex.shifted(testW, testH, geom.Vec2{X: 2, Y: 1})
	other := texture{99}.shifted(testW, testH, geom.Vec2{})
	for y := range testH {
		copy(b.Pix[y*testW+testW/2:(y+1)*testW], other.Pix[y*testW+testW/2:])
	}
	tr := newTracker(t)
	mustTrack(t, tr, a)
	first := mustDetect(t, tr)
	mustTrack(t, tr, b)
	at := make(map[int]geom.Vec2)
	for _, f := range first {
		at[f.ID] = f.Pixel
	}
	var left, right int
	for _, tk := range tr.Tracks() {
		if u := at[tk.ID]; u.X < testW/2-12 {
			left++
		} else if u.X > testW/2+12 {
			right++
		}
	}
	if right > len(first)/20 || left < len(first)/3 {
		t.Errorf("of %d tracks, %d on the half that stays and %d on the one that is replaced", len(first), left, right)
	}
}

// A sudden change of light calls for CLAHE, and tracks live on.
func TestTrackLightChange(t *testing.T) {
	tex, d := texture{4}, geom.Vec2{X: 2.5, Y: -1}
	for _, gain := range []float64{.6, .8, 1.3} {
		tr := newTracker(t)
		mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{}))
		first := mustDetect(t, tr)
		mustTrack(t, tr, tex.image(testW, testH, func(u geom.Vec2) geom.Vec2 { return u.Sub(d) }, gain, 0, 1))
		errs, share := movedErrors(first, tr.Tracks(), d)
		if share < .7 || errs[len(errs)/2] > .15 {
			t.Errorf("light times %g: %.0f %% left, median error %.3f px", gain, 100*share, errs[len(errs)/2])
		}
	}
}

// Keypoints cover the image: most cells of a coarse grid hold some, no two are
// close, and a corner of the image that is full of texture does not take all.
func TestDetectCovers(t *testing.T) {
	tex := texture{5}
	full := tex.shifted(testW, testH, geom.Vec2{})
	weak := tex.image(testW, testH, func(u geom.Vec2) geom.Vec2 { return u }, 1, 0, 0)
	for y := range testH { // a third of the contrast but for a quarter of the image
		for x := range testW {
			if x > testW/2 || y > testH/2 {
				weak.Pix[y*testW+x] = uint8(90 + int(full.Pix[y*testW+x])/3)
			}
		}
	}
	for name, g := range map[string]slam.Gray{"full": full, "weak": weak} {
		tr := newTracker(t)
		mustTrack(t, tr, g)
		first := mustDetect(t, tr)
		cells := make(map[[2]int]int)
		for i, a := range first {
			cells[[2]int{int(a.Pixel.X) / 80, int(a.Pixel.Y) / 80}]++
			for _, b := range first[:i] {
				if d := a.Pixel.Sub(b.Pixel).Norm(); d < tr.cfg.MinDistancePx-1 {
					t.Errorf("%s: keypoints %d and %d are %.1f px apart", name, a.ID, b.ID, d)
				}
			}
		}
		if len(first) > tr.cfg.MaxFeatures || len(cells) < 12 {
			t.Errorf("%s: %d keypoints in %d of 12 cells: %v", name, len(first), len(cells), cells)
		}
		for c, n := range cells {
			if n < len(first)/40 {
				t.Errorf("%s: cell %v holds %d of %d keypoints", name, c, n, len(first))
			}
		}
		if again := mustDetect(t, tr); len(again) > len(first)/10 {
			t.Errorf("%s: %d more keypoints in the same image", name, len(again))
		}
	}
}

// Ids are stable and never used twice.
func TestTrackIDs(t *testing.T) {
	tex := texture{6}
	tr := newTracker(t)
	seen, gone := make(map[int]bool), make(map[int]bool)
	for i := range 12 {
		if i%5 == 4 { // all is lost
			mustTrack(t, tr, plain(testW, testH, 0))
		} else {
			mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{X: 6 * float64(i), Y: float64(i)}))
		}
		alive := make(map[int]bool)
		for _, tk := range tr.Tracks() {
			if gone[tk.ID] || !seen[tk.ID] {
				t.Errorf("image %d: track %d came from nowhere", i, tk.ID)
			}
			alive[tk.ID] = true
		}
		for id := range seen {
			gone[id] = !alive[id]
		}
		for _, tk := range mustDetect(t, tr) {
			if seen[tk.ID] {
				t.Errorf("image %d: id %d is used again", i, tk.ID)
			}
			seen[tk.ID] = true
		}
		tr.Drop(func(tk Track) bool { return tk.ID%7 == 0 })
		for _, tk := range tr.Tracks() {
			if tk.ID%7 == 0 {
				t.Errorf("track %d was dropped and is there", tk.ID)
			}
		}
		for id := range seen {
			gone[id] = gone[id] || id%7 == 0
		}
	}
}

func TestResume(t *testing.T) {
	tr := newTracker(t)
	mustTrack(t, tr, texture{7}.shifted(testW, testH, geom.Vec2{}))
	first := slices.Clone(mustDetect(t, tr))
	gone := first[3]
	tr.Anchor()
	tr.Drop(func(tk Track) bool { return tk.ID == gone.ID })
	mustResume := func(found ...Track) {
		t.Helper()
		if err := tr.Resume(found, nil); err != nil {
			t.Fatal(err)
		}
	}
	mustResume(gone, Track{ID: first[5].ID, Pixel: geom.Vec2{X: 1, Y: 1}}, Track{ID: 9000, Pixel: geom.Vec2{X: -4, Y: 900}})
	if !slices.Equal(tr.Tracks(), first) {
		t.Error("after a track was taken up again: not the tracks of before")
	}
	// Two images later it is followed from the anchored one.
	tr.Drop(func(tk Track) bool { return tk.ID == gone.ID })
	d := geom.Vec2{X: 2, Y: 1}
	mustTrack(t, tr, texture{7}.shifted(testW, testH, d.Scale(.5)))
	mustTrack(t, tr, texture{7}.shifted(testW, testH, d))
	mustResume(gone)
	for _, tk := range tr.Tracks() {
		if tk.ID == gone.ID {
			if off := tk.Pixel.Sub(gone.Pixel).Sub(d).Norm(); off > .2 {
				t.Errorf("taken up %g px off", off)
			}
			return
		}
	}
	t.Error("not taken up two images later")
}

// The same images give the same tracks, however often.
func TestTrackIsRepeatable(t *testing.T) {
	run := func() []Track {
		tr := newTracker(t)
		for i := range 4 {
			mustTrack(t, tr, texture{8}.shifted(testW, testH, geom.Vec2{X: 3.3 * float64(i)}))
			mustDetect(t, tr)
		}
		return slices.Clone(tr.Tracks())
	}
	if a := run(); !slices.Equal(a, run()) {
		t.Error("two runs differ")
	}
}

func TestMatch(t *testing.T) {
	tex, d := texture{9}, geom.Vec2{X: 9, Y: -4}
	tr := newTracker(t)
	mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{}))
	first := mustDetect(t, tr)
	m := NewMatcher(Default())
	t.Cleanup(m.Close)
	m.Keep(5, tex.shifted(testW, testH, geom.Vec2{}))
	m.Keep(6, tex.shifted(testW, testH, d))
	from, guess := make([]geom.Vec2, len(first)), make([]geom.Vec2, len(first))
	match := func(a, b int) (found int) {
		t.Helper()
		for i, f := range first {
			from[i], guess[i] = f.Pixel, f.Pixel.Add(geom.Vec2{X: 7, Y: -3})
		}
		ok, err := m.Match(a, b, from, guess)
		if err != nil || len(ok) != len(from) {
			t.Fatal(len(ok), err)
		}
		var off int
		for i := range ok {
			if !ok[i] {
				continue
			}
			found++
			if guess[i].Sub(from[i]).Sub(d).Norm() > .2 {
				off++
			}
		}
		if off > len(first)/50 {
			t.Errorf("%d of %d keypoints found are off", off, found)
		}
		return found
	}
	if n := match(5, 6); n < len(first)*3/4 {
		t.Errorf("%d of %d keypoints found", n, len(first))
	}
	alone := slices.Clone(guess)
	m.Spread(3)
	if match(5, 6); !slices.Equal(guess, alone) {
		t.Error("three find other than one")
	}
	if n := match(77, 6) + match(5, 77); n != 0 {
		t.Errorf("%d keypoints found in an image that was never kept", n)
	}
	m.Keep(8, tex.shifted(testW/2, testH, geom.Vec2{}))
	if n := match(5, 8); n != 0 {
		t.Errorf("%d keypoints found in an image of another size", n)
	}
	m.Forget(5)
	if n := match(5, 6); n != 0 {
		t.Errorf("%d keypoints found in an image that was forgotten", n)
	}
	for id := range 3 * maxKeptPyramids { // more than are held at a time
		m.Keep(id, tex.shifted(testW, testH, geom.Vec2{}))
	}
	for id := range 3*maxKeptPyramids - 1 {
		if _, err := m.Match(id, id+1, from[:1], guess[:1]); err != nil {
			t.Fatal(err)
		}
		if n := len(m.kept.pyramids); n > maxKeptPyramids {
			t.Fatalf("%d pyramids are held", n)
		}
	}
}

// Images that show nothing, or are too small, end nothing.
func TestTrackNothing(t *testing.T) {
	for name, g := range map[string]slam.Gray{"black": plain(testW, testH, 0), "white": plain(testW, testH, 255), "smallest": plain(minSide, minSide, 9)} {
		tr := newTracker(t)
		for range 3 {
			mustTrack(t, tr, g)
			if found := mustDetect(t, tr); len(found) > 0 {
				t.Errorf("%s: %d keypoints", name, len(found))
			}
			if px, desc, err := tr.Describe(); err != nil || len(px)+len(desc) > 0 {
				t.Errorf("%s: %d descriptors, error %v", name, len(desc), err)
			}
			m := NewMatcher(Default())
			m.Keep(1, g)
			if _, err := m.Match(1, 1, []geom.Vec2{{X: 3, Y: 3}}, []geom.Vec2{{X: 4, Y: 4}}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			m.Close()
		}
	}
	for _, g := range []slam.Gray{{}, plain(1, 1, 7), plain(minSide-1, 200, 7), plain(200, minSide-1, 7), {W: 100, H: 100, Pix: make([]uint8, 99)}} {
		tr := newTracker(t)
		if err := tr.Track(g, nil); err == nil || !strings.Contains(err.Error(), "at least") {
			t.Errorf("%dx%d: error %v", g.W, g.H, err)
		}
		if _, err := tr.Detect(); err == nil {
			t.Errorf("%dx%d: keypoints of no image", g.W, g.H)
		}
		if err := tr.Resume([]Track{{ID: 1}}, nil); err != nil || len(tr.Tracks()) > 0 {
			t.Errorf("%dx%d: tracks of no image, error %v", g.W, g.H, err)
		}
		if _, _, err := ORB(g, 100); err == nil {
			t.Errorf("%dx%d: descriptors", g.W, g.H)
		}
		NewThumbnail(g, geom.CameraFromFOV(g.W, g.H, 1))
	}
}

// An image of another size is an error, and the next good one goes on.
func TestTrackSizeChange(t *testing.T) {
	tex := texture{10}
	tr := newTracker(t)
	mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{}))
	first := mustDetect(t, tr)
	for _, size := range [][2]int{{testW / 2, testH / 2}, {testW + 1, testH}, {testH, testW}} {
		err := tr.Track(tex.shifted(size[0], size[1], geom.Vec2{}), nil)
		if err == nil || !strings.Contains(err.Error(), "320x240") {
			t.Errorf("%v: error %v", size, err)
		}
	}
	mustTrack(t, tr, tex.shifted(testW, testH, geom.Vec2{X: 1}))
	if _, share := movedErrors(first, tr.Tracks(), geom.Vec2{X: 1}); share < .8 {
		t.Errorf("%.0f %% of the tracks are left", 100*share)
	}
}

func TestDescribeMatchesItself(t *testing.T) {
	g := texture{11}.shifted(testW, testH, geom.Vec2{})
	px, desc, err := ORB(g, 300)
	if err != nil || len(px) < 200 || len(px) != len(desc) {
		t.Fatalf("%d pixels, %d descriptors, error %v", len(px), len(desc), err)
	}
	d := geom.Vec2{X: 16, Y: 8}
	px2, desc2, err := ORB(texture{11}.shifted(testW, testH, d), 300)
	if err != nil {
		t.Fatal(err)
	}
	var same int
	for i := range desc {
		best, at := 257, -1
		for j := range desc2 {
			if h := desc[i].Hamming(&desc2[j]); h < best {
				best, at = h, j
			}
		}
		if best < 40 && px2[at].Sub(px[i]).Sub(d).Norm() < 3 {
			same++
		}
	}
	if same < len(px)/2 {
		t.Errorf("%d of %d corners found again after a shift", same, len(px))
	}
}

func TestConfigValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Config){
		"max_features":    func(c *Config) { c.MaxFeatures = 10 },
		"min_distance_px": func(c *Config) { c.MinDistancePx = 0 },
		"fb_max_px":       func(c *Config) { c.FBMaxPx = -1 },
		"light_change":    func(c *Config) { c.LightChange = 0 },
		"orb_features":    func(c *Config) { c.ORBFeatures = -1 },
	} {
		c := Default()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}
