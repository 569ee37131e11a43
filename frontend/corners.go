package frontend

import (
	"math"
	"sort"

	"gocv.io/x/gocv"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// grid spreads corners evenly: each cell of an image takes a share of them.
type grid struct {
	w, h, cell int
	cols, rows int
	count      []int
}

func newGrid(w, h, keypoints int) *grid {
	cell := max(8, int(math.Sqrt(float64(w*h)/float64(keypoints))))
	g := &grid{w: w, h: h, cell: cell, cols: (w + cell - 1) / cell, rows: (h + cell - 1) / cell}
	g.count = make([]int, g.cols*g.rows)
	return g
}

func (g *grid) at(u geom.Vec2) int {
	x := min(max(int(u.X)/g.cell, 0), g.cols-1)
	y := min(max(int(u.Y)/g.cell, 0), g.rows-1)
	return y*g.cols + x
}

// corner is a FAST corner with its score.
type corner struct {
	u     geom.Vec2
	score float64
}

// detector finds FAST corners where tracks are missing. The threshold follows
// the image: it falls in blurred or dark ones and rises in rich ones.
type detector struct {
	threshold int
	cfg       Config
}

const (
	fastMin    = 5
	fastMax    = 40
	fastBorder = 8

	coverCells   = 48 // cells of the image in which corners are looked for
	fastEmptyMax = .2 // share of them without a corner above which weaker ones are taken
)

// detect returns up to want corners that keep MinDistance to the points taken,
// the best of each empty cell first.
func (d *detector) detect(g slam.Gray, taken []geom.Vec2, want int) ([]geom.Vec2, error) {
	if want <= 0 {
		return nil, nil
	}
	all, err := d.fast(g, d.threshold)
	if err != nil {
		return nil, err
	}
	switch {
	case d.threshold > fastMin && (len(all) < 3*want || d.emptyShare(g, all, taken) > fastEmptyMax):
		d.threshold = max(fastMin, d.threshold/2)
		if all, err = d.fast(g, fastMin); err != nil {
			return nil, err
		}
	case len(all) > 20*want:
		d.threshold = min(fastMax, d.threshold+2)
	}
	return d.spread(g, all, taken, want), nil
}

// emptyShare is the share of cells that hold neither a corner nor a keypoint.
func (d *detector) emptyShare(g slam.Gray, all []corner, taken []geom.Vec2) float64 {
	cells := newGrid(g.W, g.H, coverCells)
	for _, c := range all {
		cells.count[cells.at(c.u)]++
	}
	for _, u := range taken {
		cells.count[cells.at(u)]++
	}
	var empty int
	for _, n := range cells.count {
		if n == 0 {
			empty++
		}
	}
	return float64(empty) / float64(len(cells.count))
}

func (d *detector) fast(g slam.Gray, threshold int) ([]corner, error) {
	m, err := gocv.NewMatFromBytes(g.H, g.W, gocv.MatTypeCV8UC1, g.Pix)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	f := gocv.NewFastFeatureDetectorWithParams(threshold, true, gocv.FastFeatureDetectorType916)
	defer f.Close()
	kps := f.Detect(m)
	out := make([]corner, 0, len(kps))
	for _, k := range kps {
		if k.X < fastBorder || k.Y < fastBorder || k.X >= float64(g.W-fastBorder) || k.Y >= float64(g.H-fastBorder) {
			continue
		}
		out = append(out, corner{geom.Vec2{X: k.X, Y: k.Y}, k.Response})
	}
	return out, nil
}

// spread picks corners by score in rounds: cells that hold fewer keypoints than
// the round's number may take one more.
func (d *detector) spread(g slam.Gray, all []corner, taken []geom.Vec2, want int) []geom.Vec2 {
	cells := newGrid(g.W, g.H, d.cfg.MaxFeatures)
	occupied := newOccupancy(g.W, g.H, d.cfg.MinDistancePx)
	for _, u := range taken {
		cells.count[cells.at(u)]++
		occupied.mark(u)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].score > all[j].score })
	out := make([]geom.Vec2, 0, want)
	for round := 1; round <= 3 && len(out) < want; round++ {
		for _, c := range all {
			cell := cells.at(c.u)
			if cells.count[cell] >= round || occupied.near(c.u) {
				continue
			}
			cells.count[cell]++
			occupied.mark(c.u)
			if out = append(out, c.u); len(out) == want {
				break
			}
		}
	}
	return out
}

// occupancy marks the discs around keypoints that new ones keep clear of.
type occupancy struct {
	w, h, r int
	taken   []bool
}

func newOccupancy(w, h int, radiusPx float64) *occupancy {
	return &occupancy{w: w, h: h, r: int(radiusPx), taken: make([]bool, w*h)}
}

func (o *occupancy) near(u geom.Vec2) bool {
	x, y := int(u.X), int(u.Y)
	return x < 0 || y < 0 || x >= o.w || y >= o.h || o.taken[y*o.w+x]
}

func (o *occupancy) mark(u geom.Vec2) {
	x0, y0 := int(u.X), int(u.Y)
	for y := max(0, y0-o.r); y <= min(o.h-1, y0+o.r); y++ {
		for x := max(0, x0-o.r); x <= min(o.w-1, x0+o.r); x++ {
			if (x-x0)*(x-x0)+(y-y0)*(y-y0) <= o.r*o.r {
				o.taken[y*o.w+x] = true
			}
		}
	}
}
