package marker

import (
	"cmp"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Detection is a marker in an image.
type Detection struct {
	ID      int
	Corners [4]geom.Vec2 // pixels, pixel centres at integers
	Wrong   int          // cells that were read wrongly and put right
	Margin  float64      // mean distance of the cells from the threshold, in contrasts: at most .5
}

// Detector finds the markers of a family. It keeps its memory from image to
// image, so that one goroutine may use it at a time.
type Detector struct {
	family *Family

	low, high []uint8 // of tiles
	dark      []uint8
	outline   []lattice
	sides     int // of pixels along the outline
	corners   []int
}

// NewDetector returns a detector.
func NewDetector(f *Family) *Detector { return &Detector{family: f} }

// Detect returns the markers of an image, by ascending id. Two of the same id
// are both returned where they lie apart.
func (d *Detector) Detect(g slam.Gray) []Detection {
	var out []Detection
	d.outlines(d.binarise(g), func(outline []lattice) {
		q, ok := d.quad(outline)
		if !ok {
			return
		}
		if q, ok = refine(g, q); !ok {
			return
		}
		r, ok := d.family.read(g, q)
		if !ok {
			return
		}
		id, turns, wrong, ok := d.family.find(r.code)
		if !ok {
			return
		}
		m := Detection{ID: id, Wrong: wrong, Margin: r.margin}
		for i := range 4 { // turned to the right by a quarter, the first corner comes second
			m.Corners[i] = q[(i+turns)%4]
		}
		out = append(out, m)
	})
	slices.SortStableFunc(out, func(a, b Detection) int { return cmp.Compare(a.ID, b.ID) })
	return apart(out)
}

// apart leaves out a marker whose middle lies within one of the same id.
func apart(all []Detection) []Detection {
	out := all[:0]
	for _, m := range all {
		if !slices.ContainsFunc(out, func(o Detection) bool { return o.ID == m.ID && o.contains(m.Middle()) }) {
			out = append(out, m)
		}
	}
	return out
}

// Middle returns the mean of the corners, pixels.
func (m Detection) Middle() (c geom.Vec2) {
	for _, p := range m.Corners {
		c = c.Add(p.Scale(.25))
	}
	return c
}

func (m Detection) contains(u geom.Vec2) bool {
	for i := range 4 {
		side, to := m.Corners[(i+1)%4].Sub(m.Corners[i]), u.Sub(m.Corners[i])
		if side.X*to.Y-side.Y*to.X < 0 {
			return false
		}
	}
	return true
}
