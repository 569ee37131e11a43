package frontend

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Track is one feature in the current picture.
type Track = slam.Track

// Tracker follows features from picture to picture. It is used by one goroutine
// and closed by its owner.
type Tracker struct {
	cfg    Config
	det    detector
	flow   flow
	prev   *pyramid
	gray   slam.Gray
	mean   float64
	tracks []Track
	nextID int
	kept   keptPictures

	from, to []geom.Vec2
	ok       []bool
}

// New returns a tracker without features.
func New(cfg Config) *Tracker {
	singleThread()
	return &Tracker{cfg: cfg, det: detector{threshold: 20, cfg: cfg}}
}

// Close frees every picture the tracker holds.
func (t *Tracker) Close() {
	t.prev.close()
	t.prev = nil
	t.kept.closeAll()
}

// Tracks returns the features in the current picture, in the order of their ids.
func (t *Tracker) Tracks() []Track { return t.tracks }

// Track moves to the next picture: every feature is searched from predict of its
// track (its old place where predict is nil) and dropped where it is not found.
// The picture is kept by reference and must not change.
func (t *Tracker) Track(g slam.Gray, predict func(Track) geom.Vec2) error {
	mean := meanIntensity(g)
	light := t.prev != nil && math.Abs(math.Log((mean+1)/(t.mean+1))) > t.cfg.LightChange
	next, err := newPyramid(g, false)
	if err != nil {
		return err
	}
	if t.prev != nil && (t.prev.w != next.w || t.prev.h != next.h) {
		next.close()
		return fmt.Errorf("frontend: picture is %dx%d after pictures of %dx%d", g.W, g.H, t.prev.w, t.prev.h)
	}
	if t.prev != nil {
		err = t.follow(g, next, light, predict)
	}
	if err != nil {
		next.close()
		return err
	}
	t.prev.close()
	t.prev, t.gray, t.mean = next, g, mean
	return nil
}

func (t *Tracker) follow(g slam.Gray, next *pyramid, light bool, predict func(Track) geom.Vec2) error {
	a, b := t.prev, next
	if light {
		ea, err := newPyramid(t.gray, true)
		if err != nil {
			return err
		}
		defer ea.close()
		eb, err := newPyramid(g, true)
		if err != nil {
			return err
		}
		defer eb.close()
		a, b = ea, eb
	}
	t.from, t.to, t.ok = t.from[:0], t.to[:0], t.ok[:0]
	for _, tr := range t.tracks {
		t.from = append(t.from, tr.Pixel)
		to := tr.Pixel
		if predict != nil {
			to = predict(tr)
		}
		t.to, t.ok = append(t.to, to), append(t.ok, false)
	}
	if err := t.flow.track(a, b, t.from, t.to, t.ok, t.cfg.FBMaxPx); err != nil {
		return err
	}
	kept := t.tracks[:0]
	for i, tr := range t.tracks {
		if t.ok[i] {
			kept = append(kept, Track{ID: tr.ID, Pixel: t.to[i]})
		}
	}
	t.tracks = kept
	t.thin()
	return nil
}

// thin drops the younger of two tracks that have run into each other.
func (t *Tracker) thin() {
	occ := newOccupancy(t.prev.w, t.prev.h, t.cfg.MinDistancePx/3)
	kept := t.tracks[:0]
	for _, tr := range t.tracks {
		if occ.near(tr.Pixel) {
			continue
		}
		occ.mark(tr.Pixel)
		kept = append(kept, tr)
	}
	t.tracks = kept
}

// Drop forgets the tracks for which bad is true.
func (t *Tracker) Drop(bad func(Track) bool) {
	kept := t.tracks[:0]
	for _, tr := range t.tracks {
		if !bad(tr) {
			kept = append(kept, tr)
		}
	}
	t.tracks = kept
}

// Detect fills the current picture up with new features, and returns those.
func (t *Tracker) Detect() ([]Track, error) {
	taken := make([]geom.Vec2, len(t.tracks))
	for i, tr := range t.tracks {
		taken[i] = tr.Pixel
	}
	found, err := t.det.detect(t.gray, taken, t.cfg.MaxFeatures-len(t.tracks))
	if err != nil {
		return nil, err
	}
	first := len(t.tracks)
	for _, u := range found {
		t.tracks = append(t.tracks, Track{ID: t.nextID, Pixel: u})
		t.nextID++
	}
	return t.tracks[first:], nil
}

// Resume takes up features again that were lost from sight, under their old
// ids; those that are followed already are left alone.
func (t *Tracker) Resume(found []Track) {
	have := make(map[int]bool, len(t.tracks))
	for _, tr := range t.tracks {
		have[tr.ID] = true
	}
	for _, tr := range found {
		if !have[tr.ID] {
			t.tracks = append(t.tracks, tr)
		}
	}
	sortByID(t.tracks)
	t.thin()
}

// Keep stores the current picture under a keyframe's id for Match; Forget frees
// it.
func (t *Tracker) Keep(id int) { t.kept.keep(id, t.gray) }

// Forget frees the picture of a keyframe.
func (t *Tracker) Forget(id int) { t.kept.forget(id) }

// Match searches points of a kept picture in the current one, starting at
// guess, which it overwrites; ok tells where the search succeeded. A keyframe
// that is not kept matches nothing.
func (t *Tracker) Match(id int, from, guess []geom.Vec2) (ok []bool, err error) {
	ok = make([]bool, len(from))
	p, err := t.kept.pyramid(id)
	if err != nil || p == nil || t.prev == nil {
		return ok, err
	}
	return ok, t.flow.track(p, t.prev, from, guess, ok, t.cfg.FBMaxPx)
}

// MatchKept does the same between two kept pictures.
func (t *Tracker) MatchKept(a, b int, from, guess []geom.Vec2) (ok []bool, err error) {
	ok = make([]bool, len(from))
	pa, err := t.kept.pyramid(a)
	if err != nil || pa == nil {
		return ok, err
	}
	pb, err := t.kept.pyramid(b)
	if err != nil || pb == nil {
		return ok, err
	}
	return ok, t.flow.track(pa, pb, from, guess, ok, t.cfg.FBMaxPx)
}

func meanIntensity(g slam.Gray) float64 {
	const step = 7 // enough of a picture to know its light
	var sum, n int
	for i := 0; i < len(g.Pix); i += step {
		sum += int(g.Pix[i])
		n++
	}
	return float64(sum) / float64(max(n, 1))
}
