package viewer

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Kind is what is measured.
type Kind string

// The kinds, with the number of points that each takes; 0: as many as are clicked
// until it is finished.
const (
	Distance Kind = "distance" // between two points
	Path     Kind = "path"     // along several
	Area     Kind = "area"     // of a polygon
	Height   Kind = "height"   // over the floor below
	Angle    Kind = "angle"    // at the second of three points
	Box      Kind = "box"      // upright, around two points: its volume
)

var kindPoints = map[Kind]int{Distance: 2, Path: 0, Area: 0, Height: 1, Angle: 3, Box: 2}

// least is how many points a kind needs that takes any number.
var least = map[Kind]int{Path: 2, Area: 3}

// Point is a point of the mesh that was clicked.
type Point struct {
	At   geom.Vec3
	StdM float64 // deviation of the surface there, without that of the scale
}

// Measurement is a finished one. Its value is in metres, square or cubic metres, or
// degrees.
type Measurement struct {
	Kind   Kind
	Points []Point
	Value  float64
	Std    float64    // deviation of Value; infinite where the map is of free scale
	SizeM  [3]float64 // of a box: along the heading, across, up
}

// ruler measures in a scene.
type ruler struct {
	axes     geom.Mat3 // rows: heading, left, up
	floor    func() (floorBelow, bool)
	scaleStd float64 // deviation of the logarithm of the map's metres
}

// floorBelow is a floor: its height along up below a point, and its deviation.
type floorBelow struct {
	below func(geom.Vec3) float64
	stdM  float64
}

// can says why a kind cannot be measured; "" where it can.
func (r ruler) can(kind Kind) string {
	if kind == Height {
		if _, ok := r.floor(); !ok {
			return "no floor is seen below the cameras: a height has nothing to stand on"
		}
	}
	return ""
}

// measure finishes a measurement. Its deviation follows from those of its points and
// of the scale, to first order, with numeric derivatives.
func (r ruler) measure(kind Kind, points []Point) Measurement {
	m := Measurement{Kind: kind, Points: points}
	at := make([]geom.Vec3, len(points))
	for i, p := range points {
		at[i] = p.At
	}
	f := func(scale float64) float64 { return r.value(kind, at, scale) }
	m.Value = f(1)
	if kind == Box {
		lo, hi := r.span(at)
		m.SizeM = [3]float64{hi.X - lo.X, hi.Y - lo.Y, hi.Z - lo.Z}
	}
	const h = 1e-5
	var variance float64
	if byScale := (f(1+h) - f(1-h)) / (2 * h); byScale != 0 && math.Abs(byScale) > 1e-6*math.Abs(m.Value) {
		variance = byScale * byScale * r.scaleStd * r.scaleStd
	}
	for i, p := range points {
		for axis := range 3 {
			var d geom.Vec3
			*[]*float64{&d.X, &d.Y, &d.Z}[axis] = h
			at[i] = p.At.Add(d)
			up := f(1)
			at[i] = p.At.Sub(d)
			g := (up - f(1)) / (2 * h)
			at[i] = p.At
			variance += g * g * p.StdM * p.StdM
		}
	}
	if kind == Height {
		g, _ := r.floor()
		variance += g.stdM * g.stdM
	}
	m.Std = math.Sqrt(variance)
	return m
}

// value is what is measured of points in a map that is scaled.
func (r ruler) value(kind Kind, p []geom.Vec3, scale float64) (v float64) {
	switch kind {
	case Distance, Path:
		for i := 1; i < len(p); i++ {
			v += p[i].Sub(p[i-1]).Norm()
		}
		return scale * v
	case Area: // of the polygon's projection along its mean normal (Newell)
		var sum geom.Vec3
		for i := range p {
			sum = sum.Add(p[i].Sub(p[0]).Cross(p[(i+1)%len(p)].Sub(p[0])))
		}
		return scale * scale * sum.Norm() / 2
	case Height:
		g, _ := r.floor()
		return scale * (r.axes.Row(2).Dot(p[0]) - g.below(p[0]))
	case Angle:
		a, b := p[0].Sub(p[1]), p[2].Sub(p[1])
		return math.Atan2(a.Cross(b).Norm(), a.Dot(b)) * 180 / math.Pi
	case Box:
		lo, hi := r.span(p)
		s := hi.Sub(lo)
		return scale * scale * scale * s.X * s.Y * s.Z
	}
	return math.NaN()
}

// span is the upright box around points, in the ruler's axes.
func (r ruler) span(p []geom.Vec3) (lo, hi geom.Vec3) {
	b := emptyBox()
	for _, q := range p {
		b.add(r.axes.MulVec(q))
	}
	return b.lo, b.hi
}

// unit names the unit of a kind in a map of metres, or of free scale.
func (k Kind) unit(metric bool) string {
	m := "m"
	if !metric {
		m = "units"
	}
	switch k {
	case Area:
		return m + "^2"
	case Box:
		return m + "^3"
	case Angle:
		return "deg"
	}
	return m
}

// Text says what was measured with its deviation, to as many digits as that has.
func (m Measurement) Text() string {
	metric := !math.IsInf(m.Std, 1)
	digits := 3
	if metric && m.Std > 0 {
		digits = max(0, min(4, 1-int(math.Floor(math.Log10(m.Std)))))
	}
	text := fmt.Sprintf("%.*f", digits, m.Value)
	if metric && m.Std > 0 {
		text += fmt.Sprintf(" +- %.*f", digits, m.Std)
	}
	text += " " + m.Kind.unit(metric)
	if m.Kind == Box {
		text += fmt.Sprintf(" (%.2f x %.2f x %.2f)", m.SizeM[0], m.SizeM[1], m.SizeM[2])
	}
	return text
}
