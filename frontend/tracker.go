package frontend

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Track is one keypoint in the current image.
type Track = slam.Track

// Tracker follows keypoints from image to image. It is used by one goroutine
// and closed by its owner.
type Tracker struct {
	cfg    Config
	det    detector
	flow   flow
	prev   *Image
	anchor *Image // that Anchor kept
	tracks []Track
	nextID int

	from, to []geom.Vec2
	ok       []bool
}

// New returns a tracker without keypoints.
func New(cfg Config) *Tracker {
	return &Tracker{cfg: cfg, det: detector{threshold: 20, cfg: cfg}}
}

// Close frees every image the tracker holds.
func (t *Tracker) Close() {
	t.prev.Close()
	t.anchor.Close() // twice is once
	t.prev, t.anchor = nil, nil
}

// NumberFrom makes id the lowest that a new keypoint gets: those below belong to a
// map that was loaded.
func (t *Tracker) NumberFrom(id int) { t.nextID = max(t.nextID, id) }

// Tracks returns the keypoints in the current image, in the order of their ids.
func (t *Tracker) Tracks() []Track { return t.tracks }

// Image is an image that is ready to be tracked in. It is made without a tracker, so
// that it can be made ahead. Whoever has it closes it, until a tracker takes it.
type Image struct {
	gray slam.Gray
	mean float64 // grey level
	*pyramid
}

// NewImage prepares an image, which is kept by reference and must not change.
func NewImage(g slam.Gray) (*Image, error) {
	p, err := newPyramid(g, false)
	if err != nil {
		return nil, err
	}
	mean, _ := greyLevels(g)
	return &Image{g, mean, p}, nil
}

// Close frees what OpenCV holds of it.
func (m *Image) Close() {
	if m != nil {
		m.close()
	}
}

// Track is TrackImage for an image that was not prepared.
func (t *Tracker) Track(g slam.Gray, predict func(Track) geom.Vec2) error {
	next, err := NewImage(g)
	if err != nil {
		return err
	}
	return t.TrackImage(next, predict)
}

// TrackImage moves to the next image, which the tracker owns from now on: every
// keypoint is searched from predict of its track (its old place where predict is nil)
// and dropped where it is not found. An image that was moved to last changes nothing.
func (t *Tracker) TrackImage(next *Image, predict func(Track) geom.Vec2) error {
	if next == t.prev {
		return nil
	}
	var err error
	if p := t.prev; p != nil {
		if p.w != next.w || p.h != next.h {
			err = fmt.Errorf("frontend: image is %dx%d after images of %dx%d", next.w, next.h, p.w, p.h)
		} else {
			err = t.follow(next, math.Abs(math.Log((next.mean+1)/(p.mean+1))) > t.cfg.LightChange, predict)
		}
	}
	if err != nil {
		next.Close()
		return err
	}
	if t.prev != t.anchor {
		t.prev.Close()
	}
	t.prev = next
	return nil
}

func (t *Tracker) follow(next *Image, light bool, predict func(Track) geom.Vec2) error {
	var err error
	if light {
		t.tracks, err = t.searchLit(next, predict)
	} else {
		t.tracks, err = t.search(t.prev.pyramid, next.pyramid, t.tracks, predict)
	}
	if err != nil {
		return err
	}
	t.thin()
	return nil
}

// searchLit follows the tracks through a change of light. Images evened out by
// CLAHE show where keypoints went, whatever changed around them, but not exactly:
// the last search is in the images themselves, the old one brought to the
// brightness and contrast of the new one.
func (t *Tracker) searchLit(next *Image, predict func(Track) geom.Vec2) ([]Track, error) {
	old, g := t.prev.gray, next.gray
	evenA, err := newPyramid(old, true)
	if err != nil {
		return nil, err
	}
	defer evenA.close()
	evenB, err := newPyramid(g, true)
	if err != nil {
		return nil, err
	}
	defer evenB.close()
	before := append([]Track(nil), t.tracks...)
	found, err := t.search(evenA, evenB, t.tracks, predict)
	if err != nil {
		return nil, err
	}
	at := make(map[int]geom.Vec2, len(found))
	for _, tr := range found {
		at[tr.ID] = tr.Pixel
	}
	kept := before[:0]
	for _, tr := range before {
		if _, ok := at[tr.ID]; ok {
			kept = append(kept, tr)
		}
	}
	lit, err := newPyramid(relit(old, g), false)
	if err != nil {
		return nil, err
	}
	defer lit.close()
	return t.search(lit, next.pyramid, kept, func(tr Track) geom.Vec2 { return at[tr.ID] })
}

// relit returns image a with the mean and the spread of the grey levels of b.
func relit(a, b slam.Gray) slam.Gray {
	ma, sa := greyLevels(a)
	mb, sb := greyLevels(b)
	gain := sb / math.Max(sa, 1)
	var table [256]uint8
	for v := range table {
		table[v] = uint8(min(max(gain*(float64(v)-ma)+mb+.5, 0), 255))
	}
	out := slam.NewGray(a.W, a.H)
	for i, v := range a.Pix {
		out.Pix[i] = table[v]
	}
	return out
}

// greyLevels returns the mean and the standard deviation of an image.
func greyLevels(g slam.Gray) (mean, std float64) {
	var sum, sum2, n float64
	for i := 0; i < len(g.Pix); i += lightStep {
		v := float64(g.Pix[i])
		sum, sum2, n = sum+v, sum2+v*v, n+1
	}
	mean = sum / n
	return mean, math.Sqrt(math.Max(sum2/n-mean*mean, 0))
}

// search follows tracks from image a to image b and returns those that were
// found, in the memory of tracks.
func (t *Tracker) search(a, b *pyramid, tracks []Track, predict func(Track) geom.Vec2) ([]Track, error) {
	t.from, t.to, t.ok = t.from[:0], t.to[:0], t.ok[:0]
	for _, tr := range tracks {
		t.from = append(t.from, tr.Pixel)
		to := tr.Pixel
		if predict != nil {
			to = predict(tr)
		}
		t.to, t.ok = append(t.to, to), append(t.ok, false)
	}
	if err := t.flow.track(a, b, t.from, t.to, t.ok, kltLevels, t.cfg.FBMaxPx); err != nil {
		return tracks, err
	}
	kept := tracks[:0]
	for i, tr := range tracks {
		if t.ok[i] {
			kept = append(kept, Track{ID: tr.ID, Pixel: t.to[i]})
		}
	}
	return kept, nil
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

// current returns the image that was moved to last, an empty one before the first.
func (t *Tracker) current() slam.Gray {
	if t.prev == nil {
		return slam.Gray{}
	}
	return t.prev.gray
}

// Detect fills the current image up with new keypoints, and returns those.
func (t *Tracker) Detect() ([]Track, error) {
	taken := make([]geom.Vec2, len(t.tracks))
	for i, tr := range t.tracks {
		taken[i] = tr.Pixel
	}
	found, err := t.det.detect(t.current(), taken, t.cfg.MaxFeatures-len(t.tracks))
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

// Anchor keeps the current image until the next call, for Resume.
func (t *Tracker) Anchor() {
	if t.anchor != t.prev {
		t.anchor.Close()
	}
	t.anchor = t.prev
}

// Resume follows keypoints again that were lost from view, under their old ids:
// found gives their places in the anchored image, from where they are followed
// to the current one, starting at predict. Those that are followed already are
// left alone; a younger track that runs into one of them is dropped.
func (t *Tracker) Resume(found []Track, predict func(Track) geom.Vec2) error {
	if t.anchor == nil || t.prev == nil {
		return nil
	}
	have := make(map[int]bool, len(t.tracks))
	for _, tr := range t.tracks {
		have[tr.ID] = true
	}
	lost := make([]Track, 0, len(found))
	for _, tr := range found {
		if !have[tr.ID] {
			lost = append(lost, tr)
		}
	}
	if t.anchor != t.prev {
		var err error
		if lost, err = t.search(t.anchor.pyramid, t.prev.pyramid, lost, predict); err != nil {
			return err
		}
	}
	t.tracks = append(t.tracks, lost...)
	sortByID(t.tracks)
	t.thin()
	return nil
}

// lightStep is the step between the pixels that tell an image's light.
const lightStep = 7
