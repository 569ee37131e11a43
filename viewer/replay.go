package viewer

import (
	"fmt"
	"math"
	"sort"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// replay is the time up to which a finished run is shown.
type replay struct {
	from, to float64 // stamps of the path; equal where there is nothing to replay
	at       float64
	playing  bool
}

const (
	// replayS is how long a run takes that is longer; a shorter one takes as long as
	// it did.
	replayS     = 20.0
	replaySteps = 100 // of the keys, over the whole run
)

// newReplay shows all of a finished scene.
func newReplay(s *Scene) replay {
	var r replay
	if t := s.poses(); !s.Live && len(t) > 1 {
		r.from, r.to = t[0].Time, t[len(t)-1].Time
		if n := len(s.Trajectory); n > 1 {
			r.from, r.to = s.Trajectory[0].Time, s.Trajectory[n-1].Time
		}
	}
	r.at = r.to
	return r
}

func (r *replay) possible() bool { return r.to > r.from }

// until is the time up to which things are shown.
func (r *replay) until() float64 {
	if r.at >= r.to {
		return math.Inf(1)
	}
	return r.at
}

// play starts and stops; at the end it begins anew.
func (r *replay) play() {
	if r.playing = !r.playing && r.possible(); r.playing && r.at >= r.to {
		r.at = r.from
	}
}

// advance lets seconds pass and reports whether what is shown changed.
func (r *replay) advance(seconds float64) bool {
	if !r.playing {
		return false
	}
	r.move(seconds * math.Max(1, (r.to-r.from)/replayS))
	r.playing = r.at < r.to
	return true
}

func (r *replay) move(by float64) { r.at = math.Min(math.Max(r.at+by, r.from), r.to) }

// step goes on or back by keys.
func (r *replay) step(n float64) { r.move(n * (r.to - r.from) / replaySteps) }

// slider is where the time is drawn in an image of w x h pixels: its line.
func (r *replay) slider(w, h int, em float64) (a, b geom.Vec2) {
	y := float64(h) - 1.1*em
	return geom.Vec2{X: .36 * float64(w), Y: y}, geom.Vec2{X: .8 * float64(w), Y: y}
}

// grab moves the time to pixel u where that lies on the slider.
func (r *replay) grab(u geom.Vec2, w, h int, em float64, held bool) bool {
	a, b := r.slider(w, h, em)
	if !r.possible() || !held && (math.Abs(u.Y-a.Y) > .8*em || u.X < a.X-em || u.X > b.X+em) {
		return false
	}
	share := math.Min(math.Max((u.X-a.X)/(b.X-a.X), 0), 1)
	r.at, r.playing = r.from+share*(r.to-r.from), false
	return true
}

// label says what time it is.
func (r *replay) label() string { return fmt.Sprintf("%.2f of %.2f s", r.at-r.from, r.to-r.from) }

// before returns the part of a trajectory up to a time.
func before(t slam.Trajectory, until float64) slam.Trajectory {
	if math.IsInf(until, 1) {
		return t
	}
	return t[:sort.Search(len(t), func(i int) bool { return t[i].Time > until })]
}
