package viewer

import (
	"fmt"
	"math"
	"sync"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/export/floorplan"
	"github.com/metricslam/metricslam/geom"
)

// tape is what measures: the tool in hand, the points clicked so far, and what was
// measured.
type tape struct {
	kind     Kind
	pending  []Point
	done     []Measurement
	selected int    // of done; -1 for none
	file     string // that S saves to; "" for none
	note     string // what became of the last command
}

// newTape returns a tape with what its file holds.
func newTape(file string, r ruler) tape {
	t := tape{kind: Distance, selected: -1, file: file}
	if file == "" {
		return t
	}
	all, err := loadMeasurements(file, r)
	if err != nil {
		t.file, t.note = "", err.Error() // S must not write over what was not understood
	}
	t.done = all
	return t
}

// take takes a tool in hand; points of another are put away.
func (t *tape) take(k Kind) {
	t.kind, t.pending = k, nil
	t.note = map[Kind]string{
		Distance: "distance: click two points", Path: "path: click points, Enter ends it", Area: "area: click the corners, Enter ends it",
		Height: "height over the floor: click a point", Angle: "angle: click three points, the second is the corner", Box: "box: click two opposite corners",
	}[k]
}

// click adds a point, and finishes what needs no more.
func (t *tape) click(p Point, r ruler) {
	if t.note = r.can(t.kind); t.note != "" {
		return
	}
	t.pending = append(t.pending[:len(t.pending):len(t.pending)], p)
	if n := kindPoints[t.kind]; n > 0 && len(t.pending) == n {
		t.finish(r)
	}
}

// finish ends a measurement of any number of points.
func (t *tape) finish(r ruler) {
	if n := max(kindPoints[t.kind], least[t.kind]); len(t.pending) < n {
		t.note = fmt.Sprintf("%s needs %d points", t.kind, n)
		return
	}
	t.done = append(t.done[:len(t.done):len(t.done)], r.measure(t.kind, t.pending))
	t.pending, t.selected = nil, len(t.done)-1
}

// undo takes the last point back, or the last measurement.
func (t *tape) undo() {
	switch n := len(t.done); {
	case len(t.pending) > 0:
		t.pending = t.pending[:len(t.pending)-1]
	case n > 0:
		t.done = t.done[:n-1]
		t.selected = n - 2
	}
}

// remove deletes the measurement that is selected.
func (t *tape) remove() {
	if i := t.selected; i >= 0 {
		t.done = append(t.done[:i:i], t.done[i+1:]...)
		t.selected = min(i, len(t.done)-1)
	}
}

// next selects the next measurement, none after the last.
func (t *tape) next() {
	if t.selected++; t.selected >= len(t.done) {
		t.selected = -1
	}
}

func (t *tape) clear() { t.pending, t.selected, t.note = nil, -1, "" }

// save writes the measurements beside the map.
func (t *tape) save() {
	switch {
	case t.file == "" && t.note == "":
		t.note = "not saved: there is no folder of results"
	case t.file == "":
	default:
		t.note = "saved " + t.file + " and .csv"
		if err := SaveMeasurements(t.file, t.done); err != nil {
			t.note = err.Error()
		}
	}
}

// last is the point clicked last.
func (t *tape) last() (p geom.Vec3, ok bool) {
	points := t.pending
	if len(points) == 0 && len(t.done) > 0 {
		points = t.done[len(t.done)-1].Points
	}
	if len(points) == 0 {
		return p, false
	}
	return points[len(points)-1].At, true
}

// list returns a line of text a measurement.
func (t *tape) list() (out []string) {
	for i, m := range t.done {
		mark := "  "
		if i == t.selected {
			mark = "> "
		}
		out = append(out, fmt.Sprintf("%s%d  %s %s", mark, i+1, m.Kind, m.Text()))
	}
	return out
}

// clipBox is an upright box that alone is drawn.
type clipBox struct {
	axes   geom.Mat3 // rows
	lo, hi geom.Vec3
}

func (b *clipBox) holds(p geom.Vec3) bool {
	if b == nil {
		return true
	}
	q := b.axes.MulVec(p)
	return q.X >= b.lo.X && q.Y >= b.lo.Y && q.Z >= b.lo.Z && q.X <= b.hi.X && q.Y <= b.hi.Y && q.Z <= b.hi.Z
}

// box returns the box that is selected, else the last one; nil without any.
func (t *tape) box(r ruler) *clipBox {
	at := func(m Measurement) *clipBox {
		lo, hi := r.span([]geom.Vec3{m.Points[0].At, m.Points[1].At})
		return &clipBox{r.axes, lo, hi}
	}
	if i := t.selected; i >= 0 && t.done[i].Kind == Box {
		return at(t.done[i])
	}
	for i := len(t.done) - 1; i >= 0; i-- {
		if t.done[i].Kind == Box {
			return at(t.done[i])
		}
	}
	return nil
}

// rulerOf returns what measures in a scene. The floor is looked for when a height is
// asked for first.
func rulerOf(s *Scene, o Orbit) ruler {
	r := ruler{scaleStd: s.ScaleSigma}
	left := o.Up.Cross(o.Heading)
	r.axes = geom.FromCols(o.Heading, left, o.Up).T()
	r.floor = sync.OnceValues(func() (floorBelow, bool) {
		if s.Mesh == nil {
			return floorBelow{}, false
		}
		toLevel := geom.SE3{R: r.axes}
		var path []geom.Vec3
		for _, p := range s.poses() {
			path = append(path, toLevel.Apply(p.Pose.T))
		}
		f, ok := floorplan.FindFloor(export.Moved(s.Mesh, toLevel), path)
		if !ok {
			return floorBelow{}, false
		}
		below := func(p geom.Vec3) float64 { q := r.axes.MulVec(p); return f.At(q.X, q.Y) }
		return floorBelow{below, f.StdM()}, true
	})
	return r
}

// pointAt returns the point of the scene's mesh under pixel u, with the deviation of
// the surface there.
func (c *controls) pointAt(u geom.Vec2) (Point, bool) {
	p, triangle, ok := pick(c.scene.Mesh, c.orbit.View(c.w, c.h), u, !c.style.BackFaces, c.clip)
	if !ok {
		return Point{}, false
	}
	out := Point{At: p}
	if d := c.scene.Mesh.Deviation; d != nil {
		for _, v := range c.scene.Mesh.Triangles[triangle] {
			out.StdM = math.Max(out.StdM, float64(d[v]))
		}
	}
	return out, true
}
