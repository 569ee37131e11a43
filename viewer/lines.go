package viewer

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

type rgba [4]uint8

var (
	pathColor    = rgba{255, 176, 32, 255}
	truthColor   = rgba{64, 224, 120, 255}
	frustumColor = rgba{70, 160, 255, 255}
	currentColor = rgba{255, 80, 80, 255}
	pointColor   = rgba{235, 235, 245, 255}
	gridColor    = rgba{140, 150, 165, 70}
	loopColor    = rgba{225, 90, 255, 255}
	measureColor = rgba{255, 60, 150, 255}
	// of what is not selected
	measuredColor = rgba{255, 170, 60, 255}
)

// vertex is a point of a line or a cloud.
type vertex struct {
	position [3]float32
	color    rgba
}

// lines is a list of segments, two vertices each.
type lines []vertex

func (l *lines) add(a, b geom.Vec3, c rgba) {
	*l = append(*l, vertex{vec32(a), c}, vertex{vec32(b), c})
}

// path adds the way of a trajectory; steps over ten times the median, where
// frames are missing, are left open.
func (l *lines) path(t slam.Trajectory, c rgba) {
	if len(t) < 2 {
		return
	}
	gaps := make([]float64, len(t)-1)
	for i := range gaps {
		gaps[i] = t[i+1].Time - t[i].Time
	}
	limit := 10 * stats.Quantile(gaps, .5)
	for i := 1; i < len(t); i++ {
		if t[i].Time-t[i-1].Time <= limit {
			l.add(t[i-1].Pose.T, t[i].Pose.T, c)
		}
	}
}

// frustum adds the pyramid a camera sees, up to depth m, with a tick at the
// upper edge of the image.
func (l *lines) frustum(pose geom.SE3, cam geom.Camera, m float64, c rgba) {
	w, h := float64(cam.W)-.5, float64(cam.H)-.5
	var at [4]geom.Vec3
	for i, u := range [4]geom.Vec2{{X: -.5, Y: -.5}, {X: w, Y: -.5}, {X: w, Y: h}, {X: -.5, Y: h}} {
		at[i] = pose.Apply(cam.Unproject(u, m))
	}
	for i, p := range at {
		l.add(pose.T, p, c)
		l.add(p, at[(i+1)%4], c)
	}
	top := at[0].Add(at[1]).Scale(.5)
	tip := top.Add(top.Sub(at[2].Add(at[3]).Scale(.5)).Scale(.15))
	l.add(at[0].Add(top).Scale(.5), tip, c)
	l.add(at[1].Add(top).Scale(.5), tip, c)
}

// frustumSize is how deep frusta are drawn: small beside the scene, so that they
// do not hide it.
func frustumSize(s *Scene) float64 {
	pts := s.samples()
	if len(pts) < 2 {
		return .1
	}
	var size float64
	for k := range 3 {
		a := make([]float64, len(pts))
		for i, p := range pts {
			a[i] = [3]float64{p.X, p.Y, p.Z}[k]
		}
		d := stats.Quantile(a, .95) - stats.Quantile(a, .05)
		size += d * d
	}
	return max(.01, .025*math.Sqrt(size))
}

// sparse returns the poses of which each is at least minM from the one before,
// or turned by 25 degrees against it, and at least minM/3.
func sparse(t slam.Trajectory, minM float64) (out []geom.SE3) {
	for _, p := range t {
		if n := len(out); n > 0 {
			d := p.Pose.T.Sub(out[n-1].T).Norm()
			turned := p.Pose.R.Col(2).Dot(out[n-1].R.Col(2)) < math.Cos(25*math.Pi/180)
			if d < minM && !(turned && d > minM/3) {
				continue
			}
		}
		out = append(out, p.Pose)
	}
	return out
}

// frusta adds those of the keyframes, as many as do not hide each other, and the
// camera at the time up to which a run is shown.
func (l *lines) frusta(s *Scene, until float64) {
	size, cam := frustumSize(s), s.frustumCamera()
	for _, p := range sparse(before(s.Keyframes, until), 1.2*size) {
		l.frustum(p, cam, size, frustumColor)
	}
	if t := before(s.Trajectory, until); len(t) > 0 && len(t) < len(s.Trajectory) {
		l.frustum(t[len(t)-1].Pose, cam, 1.6*size, currentColor)
	}
	if s.Live {
		l.frustum(s.Pose, cam, 1.6*size, currentColor)
	}
}

// loops adds a line between the keyframes of each.
func (l *lines) loops(s *Scene) {
	for _, p := range s.Loops {
		if n := len(s.Keyframes); p[0] >= 0 && p[1] >= 0 && p[0] < n && p[1] < n {
			l.add(s.Keyframes[p[0]].Pose.T, s.Keyframes[p[1]].Pose.T, loopColor)
		}
	}
}

// ground is the level below a scene that its grid lies on.
type ground struct {
	center, right, ahead geom.Vec3
	halfM, stepM         float64
}

// groundOf returns the level under all but the lowest 2 % of a scene.
func groundOf(s *Scene, up geom.Vec3) ground {
	o := NewOrbit(geom.Vec3{}, up, geom.Vec3{Z: 1}, 1)
	g := ground{ahead: o.Heading, right: o.Heading.Cross(o.Up)}
	pts := s.samples()
	if len(pts) == 0 {
		g.halfM, g.stepM = 2, .5
		return g
	}
	var mid [2]float64
	for i, axis := range [2]geom.Vec3{g.right, g.ahead} {
		lo, hi := spanAlong(pts, axis, .02)
		mid[i] = (lo + hi) / 2
		g.halfM = max(g.halfM, .65*(hi-lo))
	}
	g.halfM = max(g.halfM, .1)
	g.stepM = niceLength(g.halfM / 6)
	g.halfM = math.Ceil(g.halfM/g.stepM) * g.stepM
	low, _ := spanAlong(pts, up, .02)
	for i := range mid {
		mid[i] = math.Round(mid[i]/g.stepM) * g.stepM
	}
	g.center = g.right.Scale(mid[0]).Add(g.ahead.Scale(mid[1])).Add(up.Scale(low))
	return g
}

func spanAlong(pts []geom.Vec3, axis geom.Vec3, cut float64) (lo, hi float64) {
	a := make([]float64, len(pts))
	for i, p := range pts {
		a[i] = p.Dot(axis)
	}
	return stats.Quantile(a, cut), stats.Quantile(a, 1-cut)
}

// niceLength returns the largest of 1, 2, 5, 10, ... times a power of ten that
// is not above x.
func niceLength(x float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(x)))
	switch f := x / p; {
	case f >= 5:
		return 5 * p
	case f >= 2:
		return 2 * p
	}
	return p
}

// grid adds the lines of a ground, and the axes x (red), y (green), z (blue) at
// the origin.
func (l *lines) grid(g ground) {
	n := int(math.Round(g.halfM / g.stepM))
	for i := -n; i <= n; i++ {
		d := float64(i) * g.stepM
		l.add(g.center.Add(g.right.Scale(d)).Sub(g.ahead.Scale(g.halfM)), g.center.Add(g.right.Scale(d)).Add(g.ahead.Scale(g.halfM)), gridColor)
		l.add(g.center.Add(g.ahead.Scale(d)).Sub(g.right.Scale(g.halfM)), g.center.Add(g.ahead.Scale(d)).Add(g.right.Scale(g.halfM)), gridColor)
	}
}

func (l *lines) axes(m float64) {
	l.add(geom.Vec3{}, geom.Vec3{X: m}, rgba{235, 70, 70, 255})
	l.add(geom.Vec3{}, geom.Vec3{Y: m}, rgba{80, 210, 80, 255})
	l.add(geom.Vec3{}, geom.Vec3{Z: m}, rgba{90, 130, 255, 255})
}
