package pipeline

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// A hand in front of the camera takes most keypoints within a few frames, though
// they should be in view, and shows keypoints of its own, which move as one. A
// keyframe made of it would join the map to the hand. So none is made while the
// camera is occluded: until the keypoints are back, which are searched in the last
// keyframe's image, or the camera has turned away, or the occlusion has stayed so
// long that it is part of the scene.

// The constants of occlusion were chosen on redkitchen with hands and a car drawn
// over it (TestDisturbances): none of them may move the map by more than 3 cm.
const (
	occlusionFrames = 4  // within which something that comes in front of the camera hides
	occlusionShare  = .4 // of the last keyframe's keypoints
	occlusionLeft   = .4 // share of them that is followed, below which little is left to go by
	occlusionOver   = .6 // the same, from which on nothing hides them any more
	occlusionMost   = 45 // frames: 1.5 s at 30 Hz

	// An occlusion hides one place, where blur takes keypoints everywhere.
	cellCols, cellRows = 5, 4
	holeShare          = .85 // share of the keypoints of a cell that are gone in a hole
	holesOfLost        = .5  // of all that are gone, that are gone in holes
	outsideHoles       = .8  // of those that are followed, that are not in holes
	sameLogGrey        = .15 // by which the logarithm of their grey level has changed at most: else it is the exposure
	borderPx           = 8   // of the image, within which a keypoint may leave it
	darkGrey           = 5   // grey levels added before the logarithm: in the dark noise is no change
)

// occlusion watches how many keypoints of the last keyframe are followed.
type occlusion struct {
	keyframe int       // its frame
	shares   []float64 // of those that should be in view, in the last frames
	since    int       // frame at which the camera became occluded, 0 where it is not
}

// visibility counts the keypoints of the last keyframe that should be in view, by the
// cell of the image, and those of them that are followed.
type visibility struct {
	all, followed [cellCols * cellRows]int
	logGrey       []float64 // logarithm of the grey level of those that are followed, against that of the keyframe
}

func (n *visibility) add(cam geom.Camera, u geom.Vec2, followed bool) {
	x, y := int(cellCols*u.X/float64(cam.W)), int(cellRows*u.Y/float64(cam.H))
	i := min(max(y, 0), cellRows-1)*cellCols + min(max(x, 0), cellCols-1)
	n.all[i]++
	if followed {
		n.followed[i]++
	}
}

// share returns the share that is followed, 1 of none.
func (n *visibility) share() float64 {
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
func (n *visibility) holes() bool {
	var gone, goneInHoles, followed, followedInHoles float64
	for i, all := range n.all {
		f := float64(n.followed[i])
		g := float64(all) - f
		gone, followed = gone+g, followed+f
		if g >= holeShare*float64(all) {
			goneInHoles, followedInHoles = goneInHoles+g, followedInHoles+f
		}
	}
	return goneInHoles >= holesOfLost*gone && followedInHoles <= (1-outsideHoles)*followed && followed > 0
}

// sameExposure reports whether what is followed is as bright as it was.
func (n *visibility) sameExposure() bool {
	if len(n.logGrey) == 0 {
		return false
	}
	return math.Abs(stats.Median(n.logGrey)) < sameLogGrey
}

// logGreyAt is the logarithm of the brightness at a pixel.
func logGreyAt(g slam.Gray, u geom.Vec2) float64 {
	x, y := min(max(int(u.X+.5), 0), g.W-1), min(max(int(u.Y+.5), 0), g.H-1)
	return math.Log(float64(g.At(x, y)) + darkGrey)
}

// note takes what is seen in a frame and reports whether something is in front of
// the camera.
func (o *occlusion) note(keyframe, frame int, seen visibility) bool {
	share := seen.share()
	if o.keyframe != keyframe {
		*o = occlusion{keyframe: keyframe}
	}
	o.shares = append(o.shares[max(0, len(o.shares)-occlusionFrames):], share)
	switch {
	case o.since == 0 && share < occlusionLeft && slices.Max(o.shares)-share > occlusionShare && seen.holes() && seen.sameExposure():
		o.since = frame
	case o.since > 0 && (share >= occlusionOver || frame-o.since >= occlusionMost):
		o.since, o.shares = 0, append(o.shares[:0], share)
	}
	return o.since > 0
}

// occluded reports whether something hides what the last keyframe saw, and follows
// again what has come back.
func (t *tracker) occluded(f *slam.Frame, pose geom.SE3) (bool, error) {
	at := func(k slam.Track) (geom.Vec2, bool) {
		p := t.key.pose.R.MulVec(f.Camera.Ray(k.Pixel))
		if known, ok := t.local.landmarks[k.ID]; ok {
			p = known.Position.Sub(pose.T)
		}
		if p = pose.R.TMulVec(p); p.Z < minAheadM {
			return k.Pixel, false
		}
		u := f.Camera.Project(p)
		return u, f.Camera.Contains(u, borderPx)
	}
	have := make(map[int]bool)
	var seen visibility
	for _, k := range t.keypoint.Tracks() {
		have[k.ID] = true
		if u, ok := t.key.pixels[k.ID]; ok {
			seen.logGrey = append(seen.logGrey, logGreyAt(f.Gray, k.Pixel)-logGreyAt(t.key.gray, u))
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
	if !t.occlusion.note(t.key.frame, f.Index, seen) {
		return false, nil
	}
	slices.SortFunc(lost, func(a, b slam.Track) int { return a.ID - b.ID })
	return true, t.keypoint.Resume(lost, func(k slam.Track) geom.Vec2 { u, _ := at(k); return u })
}
