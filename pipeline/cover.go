package pipeline

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// A hand before the lens takes most features within a few frames, though they
// should be in sight, and shows features of its own, which move as one. A keyframe
// made of it would tie the map to the hand. So none is made until the features are
// back, which are looked for in the last keyframe's image, or the camera has
// turned away, or the cover has stayed so long that it is part of the scene.

const (
	coverFrames = 4  // within which something that comes before the lens hides
	coverShare  = .4 // of the last keyframe's features
	coverLeft   = .4 // share of them that is followed, below which little is left to go by
	coverBack   = .6 // the same, from which on nothing hides them any more
	coverMost   = 45 // frames

	// It hides one place, where blur takes features everywhere.
	coverCols, coverRows = 5, 4
	coverHole            = .85 // share of the features of a cell that are gone in a hole
	coverInHoles         = .5  // of all that are gone, that are gone in holes
	coverElsewhere       = .8  // of those that are followed, that are not
	coverLight           = .15 // by which the logarithm of their brightness has changed at most: else it is the light
)

// cover watches how many features of the last keyframe are followed.
type cover struct {
	keyframe int       // its frame
	shares   []float64 // of those that should be in sight, in the last frames
	since    int       // frame at which something came before the lens, 0 where there is nothing
}

// sight counts the features of the last keyframe that should be in sight, by the
// cell of the image, and those of them that are followed.
type sight struct {
	all, followed [coverCols * coverRows]int
	light         []float64 // logarithm of the brightness of those that are followed, against that of the keyframe
}

func (n *sight) add(cam geom.Camera, u geom.Vec2, followed bool) {
	x, y := int(coverCols*u.X/float64(cam.W)), int(coverRows*u.Y/float64(cam.H))
	i := min(max(y, 0), coverRows-1)*coverCols + min(max(x, 0), coverCols-1)
	n.all[i]++
	if followed {
		n.followed[i]++
	}
}

// share returns the share that is followed, 1 of none.
func (n *sight) share() float64 {
	var all, followed int
	for i := range n.all {
		all, followed = all+n.all[i], followed+n.followed[i]
	}
	if all == 0 {
		return 1
	}
	return float64(followed) / float64(all)
}

// holes reports whether what is gone is gone from places of its own.
func (n *sight) holes() bool {
	var gone, goneInHoles, followed, followedInHoles float64
	for i, all := range n.all {
		f := float64(n.followed[i])
		g := float64(all) - f
		gone, followed = gone+g, followed+f
		if g >= coverHole*float64(all) {
			goneInHoles, followedInHoles = goneInHoles+g, followedInHoles+f
		}
	}
	return goneInHoles >= coverInHoles*gone && followedInHoles <= (1-coverElsewhere)*followed && followed > 0
}

// sameLight reports whether what is followed is as bright as it was.
func (n *sight) sameLight() bool {
	if len(n.light) == 0 {
		return false
	}
	return math.Abs(stats.Median(n.light)) < coverLight
}

// lightAt is the logarithm of the brightness at a pixel.
func lightAt(g slam.Gray, u geom.Vec2) float64 {
	x, y := min(max(int(u.X+.5), 0), g.W-1), min(max(int(u.Y+.5), 0), g.H-1)
	return math.Log(float64(g.At(x, y)) + 5)
}

// note takes what is seen in a frame and reports whether something is before the
// lens.
func (c *cover) note(keyframe, frame int, seen sight) bool {
	share := seen.share()
	if c.keyframe != keyframe {
		*c = cover{keyframe: keyframe}
	}
	c.shares = append(c.shares[max(0, len(c.shares)-coverFrames):], share)
	switch {
	case c.since == 0 && share < coverLeft && slices.Max(c.shares)-share > coverShare && seen.holes() && seen.sameLight():
		c.since = frame
	case c.since > 0 && (share >= coverBack || frame-c.since >= coverMost):
		c.since, c.shares = 0, append(c.shares[:0], share)
	}
	return c.since > 0
}

// covered reports whether something hides what the last keyframe saw, and takes
// up what has come back.
func (t *tracker) covered(f *slam.Frame, pose geom.SE3) (bool, error) {
	at := func(k slam.Track) (geom.Vec2, bool) {
		p := t.key.pose.R.MulVec(f.Camera.Ray(k.Pixel))
		if known, ok := t.local.landmarks[k.ID]; ok {
			p = known.Position.Sub(pose.T)
		}
		if p = pose.R.TMulVec(p); p.Z < minAheadM {
			return k.Pixel, false
		}
		u := f.Camera.Project(p)
		return u, f.Camera.Contains(u, 8)
	}
	have := make(map[int]bool)
	var seen sight
	for _, k := range t.keypoint.Tracks() {
		have[k.ID] = true
		if u, ok := t.key.pixels[k.ID]; ok {
			seen.light = append(seen.light, lightAt(f.Gray, k.Pixel)-lightAt(t.key.gray, u))
		}
	}
	var lost []slam.Track
	for id, u := range t.key.pixels {
		k := slam.Track{ID: id, Pixel: u}
		u, ok := at(k)
		if !ok {
			continue
		}
		if seen.add(f.Camera, u, have[id]); !have[id] {
			lost = append(lost, k)
		}
	}
	if !t.cover.note(t.key.frame, f.Index, seen) {
		return false, nil
	}
	slices.SortFunc(lost, func(a, b slam.Track) int { return a.ID - b.ID })
	return true, t.keypoint.Resume(lost, func(k slam.Track) geom.Vec2 { u, _ := at(k); return u })
}
