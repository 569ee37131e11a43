package viewer

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

const autoPitch = 33 * math.Pi / 180

// AutoOrbit returns a view of the whole scene from above and from the side that
// shows most of its surface: surfaces face the cameras that saw them, so that
// this is the cameras' side, and walls in between are seen from behind and not
// drawn.
func AutoOrbit(s *Scene, w, h int) Orbit {
	up := export.Upright(s.poses(), s.Mesh)
	var ahead geom.Vec3
	for _, p := range s.poses() {
		ahead = ahead.Add(p.Pose.R.Col(2))
	}
	if ahead.Norm() == 0 {
		ahead = geom.Vec3{Z: 1}
	}
	o := NewOrbit(s.bounds().center(), up, ahead, 1)
	o.PitchRad = autoPitch
	if s.Mesh != nil && len(s.Mesh.Triangles) > 0 {
		o.YawRad = bestYaw(o, export.AreaNormals(s.Mesh))
	}
	o.fit(s.samples(), w, h)
	return o
}

// bestYaw returns the yaw in steps of 15 degrees under which most surface faces
// the camera. It is measured along walls that are cut by less than half of it:
// the projected area.
func bestYaw(o Orbit, normals []geom.Vec3) float64 {
	var best, bestArea float64
	for i := range 24 {
		o.YawRad = float64(i) * math.Pi / 12
		back := o.rotation().Col(2).Scale(-1)
		var area float64
		for _, n := range normals {
			area += max(0, n.Dot(back))
		}
		if area > bestArea {
			best, bestArea = o.YawRad, area
		}
	}
	return best
}

// fit moves pivot and distance so that the points, but for the outermost few,
// fill the image.
func (o *Orbit) fit(points []geom.Vec3, w, h int) {
	const cut, fill = .01, .92
	if len(points) == 0 {
		o.DistanceM = 3
		return
	}
	r := o.rotation()
	var along [3][]float64
	for _, p := range points {
		for k := range along {
			along[k] = append(along[k], p.Dot(r.Col(k)))
		}
	}
	o.Pivot = geom.Vec3{}
	for k, a := range along {
		o.Pivot = o.Pivot.Add(r.Col(k).Scale((stats.Quantile(a, cut) + stats.Quantile(a, 1-cut)) / 2))
	}
	o.DistanceM = max(minDistance, (stats.Quantile(along[0], 1-cut)-stats.Quantile(along[0], cut))*2)
	// Perspective makes near points spread more: centre and distance follow from
	// where the points come to lie, a few times.
	for range 12 {
		lo, hi, ok := o.extent(points, w, h, cut)
		if !ok {
			o.DistanceM *= 1.5
			continue
		}
		size := max((hi.X-lo.X)/float64(w), (hi.Y-lo.Y)/float64(h)) / fill
		mid := lo.Add(hi).Scale(.5)
		o.Pan(float64(w-1)/2-mid.X, float64(h-1)/2-mid.Y, w)
		o.DistanceM = max(minDistance, min(maxDistance, o.DistanceM*max(.5, min(2, size))))
	}
}

// extent returns the box in pixels that holds all points but a share cut at each
// side; ok is false where many are behind the camera.
func (o Orbit) extent(points []geom.Vec3, w, h int, cut float64) (lo, hi geom.Vec2, ok bool) {
	v := o.View(w, h)
	var x, y []float64
	for _, p := range points {
		if u, z := v.Project(p); z > .05*o.DistanceM || o.Ortho {
			x, y = append(x, u.X), append(y, u.Y)
		}
	}
	if float64(len(x)) < (1-cut)*float64(len(points)) {
		return lo, hi, false
	}
	return geom.Vec2{X: stats.Quantile(x, cut), Y: stats.Quantile(y, cut)}, geom.Vec2{X: stats.Quantile(x, 1-cut), Y: stats.Quantile(y, 1-cut)}, true
}

// NamedView returns the view of an image of w x h pixels: auto; top, front or
// side, without perspective; camera:N, as keyframe N saw it.
func NamedView(s *Scene, name string, w, h int) (View, Orbit, error) {
	o := AutoOrbit(s, w, h)
	if rest, ok := strings.CutPrefix(name, "camera:"); ok {
		n, err := strconv.Atoi(rest)
		poses := s.poses()
		if err != nil || n < 0 || n >= len(poses) {
			return View{}, o, fmt.Errorf("view %s: the scene has %d keyframes, numbered from 0", name, len(poses))
		}
		return View{Pose: poses[n].Pose, Camera: fitCamera(s.frustumCamera(), w, h)}, o, nil
	}
	switch name {
	case "auto", "":
	case "top", "front", "side":
		o.stand(name, s, w, h)
	default:
		return View{}, o, fmt.Errorf("view %q: there are auto, top, front, side and camera:N", name)
	}
	return o.View(w, h), o, nil
}

// stand looks without perspective from the top, the front or a side.
func (o *Orbit) stand(name string, s *Scene, w, h int) {
	o.Ortho, o.YawRad, o.PitchRad = true, 0, 0
	switch name {
	case "top":
		o.PitchRad = math.Pi / 2
	case "side":
		o.YawRad = math.Pi / 2
	}
	o.fit(s.samples(), w, h)
}

// fitCamera returns a camera of w x h pixels that sees all that cam sees.
func fitCamera(cam geom.Camera, w, h int) geom.Camera {
	f := min(float64(w)/float64(cam.W), float64(h)/float64(cam.H))
	return geom.Camera{
		W: w, H: h, Fx: cam.Fx * f, Fy: cam.Fy * f,
		Cx: float64(w-1)/2 + f*(cam.Cx-float64(cam.W-1)/2),
		Cy: float64(h-1)/2 + f*(cam.Cy-float64(cam.H-1)/2),
	}
}
