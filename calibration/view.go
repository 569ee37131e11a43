package calibration

import (
	"cmp"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/marker"
	"github.com/metricslam/metricslam/slam"
)

// Corner is a corner of the board in an image.
type Corner struct {
	ID    int
	Pixel geom.Vec2 // pixel centres at integers
}

// View is what one image shows of the board.
type View struct {
	Frame   int    // number in the source
	Name    string // of the image
	Corners []Corner
}

// Finder finds a board in images. One goroutine may use it at a time.
type Finder interface {
	// Find returns the corners in sight, none where the board is not.
	Find(slam.Gray) []Corner
}

// TagFinder finds a grid of tags.
type TagFinder struct {
	board    Board
	detector *marker.Detector
}

// NewTagFinder returns a finder of a valid board of tags.
func NewTagFinder(b Board) (*TagFinder, error) {
	f, err := marker.ByName(b.Family)
	if err != nil {
		return nil, err
	}
	return &TagFinder{b, marker.NewDetector(f)}, nil
}

var _ Finder = (*TagFinder)(nil)

// Find returns four corners of each tag of the board; tags seen twice are left
// out.
func (f *TagFinder) Find(g slam.Gray) (out []Corner) {
	found := f.detector.Detect(g)
	for i, m := range found {
		twice := i > 0 && found[i-1].ID == m.ID || i+1 < len(found) && found[i+1].ID == m.ID
		tag := m.ID - f.board.First
		if twice || tag < 0 || tag >= f.board.Cols*f.board.Rows {
			continue
		}
		for k, u := range m.Corners {
			out = append(out, Corner{4*tag + k, u})
		}
	}
	return out
}

// A view tells something where it has minCorners corners that span minSpan of the
// image's diagonal: four corners of one small tag leave the pose open.
const (
	minCorners = 8
	minSpan    = .08
)

// usable reports whether a view is worth a pose.
func (v View) usable(diagonal float64) bool {
	if len(v.Corners) < minCorners {
		return false
	}
	lo, hi := v.Corners[0].Pixel, v.Corners[0].Pixel
	for _, c := range v.Corners {
		lo = geom.Vec2{X: min(lo.X, c.Pixel.X), Y: min(lo.Y, c.Pixel.Y)}
		hi = geom.Vec2{X: max(hi.X, c.Pixel.X), Y: max(hi.Y, c.Pixel.Y)}
	}
	return hi.Sub(lo).Norm() >= minSpan*diagonal
}

const (
	maxViews  = 60 // more add little and cost time
	stillPx   = 2  // motion of the board from frame to frame at which a view counts half: it is blurred, or its rows were read at different times
	placeUnit = .1 // difference between two views that counts as one, in image widths, radians or logarithms of size
)

// choose returns up to n views that differ from each other in place, size, tilt
// and turn of the board, still ones first: each time the one that lies furthest
// from those chosen, weighed down by its motion.
func choose(views []View, b Board, w, h, n int) []View {
	if len(views) <= n {
		return views
	}
	weight := make([]float64, len(views))
	nearest := make([]float64, len(views))
	features := make([][6]float64, len(views))
	for i, v := range views {
		features[i] = v.feature(b, w, h)
		weight[i] = 1 / (1 + motion(views, i)/stillPx)
		nearest[i] = math.Inf(1)
	}
	next := 0
	for i := range views { // the stillest first
		if weight[i] > weight[next] {
			next = i
		}
	}
	var out []View
	for len(out) < n {
		out = append(out, views[next])
		best := 0.0
		from := features[next]
		nearest[next] = 0
		for i := range views {
			var d2 float64
			for k, x := range features[i] {
				d2 += (x - from[k]) * (x - from[k])
			}
			nearest[i] = min(nearest[i], math.Sqrt(d2)/placeUnit)
			if score := nearest[i] * weight[i]; score > best {
				best, next = score, i
			}
		}
		if best == 0 {
			break
		}
	}
	slices.SortFunc(out, func(a, b View) int { return cmp.Compare(a.Frame, b.Frame) })
	return out
}

// feature is the place of the board's middle, its size and turn, and its
// perspective, from the homography.
func (v View) feature(b Board, w, h int) (f [6]float64) {
	plane, pixels := v.pairs(b)
	hm, ok := geom.Homography(plane, pixels)
	if !ok {
		return f
	}
	size := b.Size()
	middle := hm.MulVec(size.Scale(.5).Homogeneous())
	if middle.Z == 0 {
		return f
	}
	u := middle.XY()
	hm = hm.Scale(1 / middle.Z)
	ax := geom.Vec2{X: hm[0][0] - hm[2][0]*u.X, Y: hm[1][0] - hm[2][0]*u.Y}
	ay := geom.Vec2{X: hm[0][1] - hm[2][1]*u.X, Y: hm[1][1] - hm[2][1]*u.Y}
	area := math.Abs(ax.X*ay.Y - ax.Y*ay.X)
	return [6]float64{
		u.X / float64(w), u.Y / float64(h), math.Log(area+1e-12) / 2 / 4, math.Atan2(ax.Y, ax.X) / 4,
		hm[2][0] * size.X, hm[2][1] * size.Y,
	}
}

// pairs are the places of the corners on the board and in the image.
func (v View) pairs(b Board) (plane, pixels []geom.Vec2) {
	for _, c := range v.Corners {
		plane, pixels = append(plane, b.Corner(c.ID)), append(pixels, c.Pixel)
	}
	return plane, pixels
}

// motion is how far the corners of a view move to the views beside it, in pixels
// a frame; 0 where those are other frames' neighbours.
func motion(views []View, i int) (px float64) {
	const near = 10 // frames further apart are different moments
	for _, j := range [2]int{i - 1, i + 1} {
		if j < 0 || j >= len(views) {
			continue
		}
		frames := views[i].Frame - views[j].Frame
		if frames < 0 {
			frames = -frames
		}
		if frames == 0 || frames > near {
			continue
		}
		at := make(map[int]geom.Vec2, len(views[j].Corners))
		for _, c := range views[j].Corners {
			at[c.ID] = c.Pixel
		}
		var steps []float64
		for _, c := range views[i].Corners {
			if u, ok := at[c.ID]; ok {
				steps = append(steps, c.Pixel.Sub(u).Norm()/float64(frames))
			}
		}
		px = max(px, stats.Median(steps))
	}
	return px
}
