package selfcal

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// View is what one image shows: the features followed, by ascending id.
type View struct {
	Frame  int
	Tracks []slam.Track
	Turn   geom.Mat3 // R_ba from the view before to this one, roughly
}

// at returns where a feature is.
func (v View) at(id int) (geom.Vec2, bool) {
	i, ok := slices.BinarySearchFunc(v.Tracks, id, func(t slam.Track, id int) int { return t.ID - id })
	if !ok {
		return geom.Vec2{}, false
	}
	return v.Tracks[i].Pixel, true
}

// common is how many features two views share, with the median distance between
// their places.
func common(a, b View) (n int, medianPx float64) {
	var d []float64
	for _, t := range a.Tracks {
		if u, ok := b.at(t.ID); ok {
			d = append(d, u.Sub(t.Pixel).Norm())
		}
	}
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return len(d), d[len(d)/2]
}

const (
	shortViews = 10  // of a window to score starts with: some seconds of a camera in hand
	longViews  = 12  // of a window to settle the camera with
	minWindow  = 5   // fewer views hold no focal length
	maxWindows = 10  // that are used
	minShared  = 60  // features of neighbouring views of one window
	enoughTurn = .35 // radians of turn beyond which more does not help a window
)

// windows cuts the views into runs of up to n that hang together and returns those
// that turn most, in order.
func windows(views []View, n int) [][]View {
	type scored struct {
		views []View
		turn  float64
	}
	var all []scored
	for first := 0; first+minWindow <= len(views); {
		last := first + 1
		r, turn := geom.Identity3(), 0.0
		for last < len(views) && last < first+n {
			if k, _ := common(views[last-1], views[last]); k < minShared {
				break
			}
			r = views[last].Turn.Mul(r)
			turn = max(turn, geom.RotationAngle(r))
			last++
		}
		if last-first < minWindow {
			first = last
			continue
		}
		all = append(all, scored{views[first:last], min(turn, enoughTurn)})
		first += (last - first + 1) / 2 // half of it again
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if all[a].turn != all[b].turn {
			if all[a].turn > all[b].turn {
				return -1
			}
			return 1
		}
		return a - b
	})
	var chosen []int
	for _, i := range order {
		overlaps := slices.ContainsFunc(chosen, func(k int) bool { return k == i-1 || k == i+1 })
		if !overlaps && len(chosen) < maxWindows {
			chosen = append(chosen, i)
		}
	}
	slices.Sort(chosen)
	out := make([][]View, len(chosen))
	for k, i := range chosen {
		out[k] = all[i].views
	}
	return out
}

// camera is f, the principal point and the radial coefficient.
type camera struct {
	f, cx, cy, k1 float64
}

// ray returns the ideal point of a pixel, NaN where there is none.
func (c camera) ray(u geom.Vec2) geom.Vec2 {
	d := geom.Vec2{X: (u.X - c.cx) / c.f, Y: (u.Y - c.cy) / c.f}
	if c.k1 == 0 {
		return d
	}
	return geom.NewRadTan(c.k1, 0, 0, 0, 0).Undistort(d)
}

// project returns the pixel of a point in camera coordinates.
func (c camera) project(p geom.Vec3) geom.Vec2 {
	x := geom.Vec2{X: p.X / p.Z, Y: p.Y / p.Z}
	s := c.f * (1 + c.k1*x.Norm2())
	return geom.Vec2{X: s*x.X + c.cx, Y: s*x.Y + c.cy}
}
