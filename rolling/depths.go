package rolling

import (
	"github.com/metricslam/metricslam/geom"
)

// Depths is a coarse image of inverse depths, from the points that a map knows.
type Depths struct {
	w, h       float64
	sums, seen [gridCols * gridRows]float64
	all, n     float64
}

const (
	gridCols, gridRows = 8, 6
	meanWeight         = 1 // points for which the mean of the image counts in a cell
)

// NewDepths returns an empty one for images of w x h pixels.
func NewDepths(w, h int) *Depths { return &Depths{w: float64(w), h: float64(h)} }

// Add enters a point seen at u with a depth.
func (d *Depths) Add(u geom.Vec2, depth float64) {
	if !(depth > 0) || !(u.X >= 0 && u.Y >= 0 && u.X < d.w && u.Y < d.h) {
		return
	}
	i := int(u.Y/d.h*gridRows)*gridCols + int(u.X/d.w*gridCols)
	d.sums[i] += 1 / depth
	d.seen[i]++
	d.all += 1 / depth
	d.n++
}

// At returns the inverse depth at a pixel, interpolated between the middles of the
// cells; 0 where no point is known.
func (d *Depths) At(u geom.Vec2) float64 {
	if d.n == 0 {
		return 0
	}
	mean := d.all / d.n
	cellAt := func(x, y int) float64 {
		i := min(max(y, 0), gridRows-1)*gridCols + min(max(x, 0), gridCols-1)
		return (d.sums[i] + meanWeight*mean) / (d.seen[i] + meanWeight)
	}
	x, y := u.X/d.w*gridCols-.5, u.Y/d.h*gridRows-.5
	x, y = min(max(x, -.5), gridCols-.5), min(max(y, -.5), gridRows-.5)
	x0, y0 := int(x+1)-1, int(y+1)-1 // floors, of numbers above -1
	fx, fy := x-float64(x0), y-float64(y0)
	return (1-fy)*((1-fx)*cellAt(x0, y0)+fx*cellAt(x0+1, y0)) + fy*((1-fx)*cellAt(x0, y0+1)+fx*cellAt(x0+1, y0+1))
}
