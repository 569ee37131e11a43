package viewer

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Orbit is a camera that turns around a point: what mouse and keys move.
type Orbit struct {
	Pivot     geom.Vec3
	Up        geom.Vec3 // unit
	Heading   geom.Vec3 // unit, orthogonal to Up: where the camera looks at yaw 0
	YawRad    float64   // to the right, seen from above
	PitchRad  float64   // down: pi/2 looks straight down
	DistanceM float64
	FOVRad    float64 // horizontal
	Ortho     bool
}

const (
	defaultFOV  = 55 * math.Pi / 180
	minDistance = .02 // metres
	maxDistance = 1e5
)

// NewOrbit returns an orbit around a point, level, looking along heading as far
// as that is orthogonal to up.
func NewOrbit(pivot, up, heading geom.Vec3, distanceM float64) Orbit {
	up = up.Unit()
	flat := heading.Sub(up.Scale(heading.Dot(up)))
	if flat.Norm() < 1e-6*heading.Norm() || heading.Norm() == 0 {
		flat = orthogonal(up)
	}
	return Orbit{Pivot: pivot, Up: up, Heading: flat.Unit(), DistanceM: distanceM, FOVRad: defaultFOV}
}

// orthogonal returns a direction orthogonal to v: that of the axis least along
// it.
func orthogonal(v geom.Vec3) geom.Vec3 {
	axis := geom.Vec3{Z: 1}
	if math.Abs(v.Z) > math.Abs(v.X) {
		axis = geom.Vec3{X: 1}
	}
	return axis.Sub(v.Scale(axis.Dot(v)))
}

// rotation returns the camera's axes in the world: right, down, forward.
func (o Orbit) rotation() geom.Mat3 {
	right := o.Heading.Cross(o.Up)
	sy, cy := math.Sincos(o.YawRad)
	level := o.Heading.Scale(cy).Add(right.Scale(sy))
	right = level.Cross(o.Up)
	sp, cp := math.Sincos(o.PitchRad)
	forward := level.Scale(cp).Sub(o.Up.Scale(sp))
	return geom.FromCols(right, forward.Cross(right), forward)
}

// View returns the view of an image of w x h pixels.
func (o Orbit) View(w, h int) View {
	r := o.rotation()
	v := View{
		Pose:   geom.SE3{R: r, T: o.Pivot.Sub(r.Col(2).Scale(o.DistanceM))},
		Camera: geom.CameraFromFOV(w, h, o.FOVRad),
	}
	if o.Ortho {
		v.OrthoM = o.DistanceM
	}
	return v
}

// Turn rotates around the pivot; the pitch stops at straight down and up.
func (o *Orbit) Turn(yawRad, pitchRad float64) {
	o.YawRad = math.Remainder(o.YawRad+yawRad, 2*math.Pi)
	o.PitchRad = max(-math.Pi/2, min(math.Pi/2, o.PitchRad+pitchRad))
}

// Pan moves the pivot so that what is there follows a pointer that went dx, dy
// pixels in an image of width w.
func (o *Orbit) Pan(dx, dy float64, w int) {
	r := o.rotation()
	m := o.metresPerPixel(w)
	o.Pivot = o.Pivot.Sub(r.Col(0).Scale(dx * m)).Sub(r.Col(1).Scale(dy * m))
}

// Zoom multiplies the distance.
func (o *Orbit) Zoom(factor float64) {
	o.DistanceM = max(minDistance, min(maxDistance, o.DistanceM*factor))
}

// metresPerPixel is the size of a pixel at the pivot.
func (o Orbit) metresPerPixel(w int) float64 {
	return o.DistanceM * 2 * math.Tan(o.FOVRad/2) / float64(w)
}

// Follow puts the pivot at a camera and looks the way it does, from behind and
// above. share, in (0, 1], is how far of the way there it goes.
func (o *Orbit) Follow(camera geom.SE3, share float64) {
	o.Pivot = o.Pivot.Add(camera.T.Sub(o.Pivot).Scale(share))
	ahead := camera.R.Col(2)
	ahead = ahead.Sub(o.Up.Scale(ahead.Dot(o.Up)))
	if ahead.Norm() < .1 { // it looks straight up or down: keep the direction
		return
	}
	right := o.Heading.Cross(o.Up)
	want := math.Atan2(ahead.Dot(right), ahead.Dot(o.Heading))
	o.Turn(share*math.Remainder(want-o.YawRad, 2*math.Pi), share*(followPitch-o.PitchRad))
}

const followPitch = 25 * math.Pi / 180
