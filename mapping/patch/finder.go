package patch

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// View is a grey image with its camera, of the same size.
type View struct {
	Gray   slam.Gray
	Camera geom.Camera
}

// Finder finds what one view shows in another one.
type Finder struct {
	from, to geom.Camera
	rel      geom.SE3  // T_to_from
	a, b     slam.Gray // images of both
	size     float64   // of the images, in those of the cameras
	minNCC   float64   // correlation from which on a patch is found
}

// NewFinder returns a finder for the relative pose T_to_from that works in images
// of half the size, or of the full size. ok is false where a view has no image of
// its camera's size.
func NewFinder(from, to View, rel geom.SE3, full bool, minNCC float64) (f Finder, ok bool) {
	if !from.complete() || !to.complete() {
		return f, false
	}
	f = Finder{from.Camera, to.Camera, rel, from.Gray, to.Gray, 1, minNCC}
	if !full {
		f.a, f.b, f.size = half(from.Gray), half(to.Gray), .5
	}
	return f, true
}

func (v View) complete() bool { return v.Gray.W == v.Camera.W && v.Gray.H == v.Camera.H }

// SetPose changes the relative pose T_to_from.
func (f *Finder) SetPose(rel geom.SE3) { f.rel = rel }

// Match is where a patch was found, and what it says of the slant of its surface.
type Match struct {
	Pixel geom.Vec2
	Turn  geom.Vec2 // what is missing in the slant
	Info  float64   // information on Turn
}

// patch is what pixel u shows on a plane, as the other view should see it.
func (f *Finder) patch(u geom.Vec2, plane geom.Vec3) (w warp, p *patch, ok bool) {
	if w, ok = newWarp(f.from, f.to, f.rel, u, plane, f.size); ok {
		p, ok = newPatch(f.a, geom.ResizePixel(u, f.size), &w)
	}
	return w, p, ok
}

// Find looks for what pixel u shows on a plane, whose slant is held by the
// information known, at most reachPx from pixel near of the other view.
func (f *Finder) Find(u geom.Vec2, plane geom.Vec3, known float64, near geom.Vec2, reachPx float64) (out Match, ok bool) {
	w, p, ok := f.patch(u, plane)
	if !ok {
		return out, false
	}
	s := alignment{at: geom.ResizePixel(near, f.size)}
	prior := 1.
	move := w.closer.Norm()
	shearStd := move / (f.from.Focal() * w.zoom()) // of the shear, for a deviation of the slant of one
	if move > minParallaxPx {
		s.dir = w.closer.Scale(1 / move)
		prior = greyStd * greyStd * known / (shearStd * shearStd)
	}
	a := newAligner(p, s.dir, prior)
	s, ok = a.align(f.b, s, reachPx*f.size, f.minNCC)
	out.Pixel = geom.ResizePixel(s.at, 1/f.size)
	if ok && move > minParallaxPx {
		turn := w.gradient(s.shear).Scale(1 / move)
		out.Turn = geom.Vec2{X: f.from.Fx * turn.X, Y: f.from.Fy * turn.Y}
		out.Info = a.marginal.least() / (greyStd * greyStd) * shearStd * shearStd
	}
	return out, ok
}

// NCC returns the best correlation of what pixel u shows on a plane with the other
// view, within reach pixels of the finder's images around pixel near.
func (f *Finder) NCC(u geom.Vec2, plane geom.Vec3, near geom.Vec2, reach int) (ncc float64, ok bool) {
	_, p, ok := f.patch(u, plane)
	if !ok {
		return 0, false
	}
	at := geom.ResizePixel(near, f.size)
	ncc, ok = -1, false
	var v [area]float64
	for y := -reach; y <= reach; y++ {
		for x := -reach; x <= reach; x++ {
			if c, _, in := p.compare(f.b, alignment{at: at.Add(geom.Vec2{X: float64(x), Y: float64(y)})}, &v); in {
				ncc, ok = max(ncc, c), true
			}
		}
	}
	return ncc, ok
}

// half is an image at half its size, by means of four pixels.
func half(g slam.Gray) slam.Gray {
	out := slam.NewGray(g.W/2, g.H/2)
	for y := range out.H {
		a, b := g.Pix[2*y*g.W:], g.Pix[(2*y+1)*g.W:]
		for x := range out.W {
			out.Pix[y*out.W+x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) / 4)
		}
	}
	return out
}
