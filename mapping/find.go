package mapping

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// finder finds what one keyframe shows in the picture of another, by patches
// warped as the pose between them says. They are compared by correlation, so that
// a lamp or a longer exposure is no matter.
type finder struct {
	from, to geom.Camera
	rel      geom.SE3  // T_to_from
	a, b     slam.Gray // pictures of both
	size     float64   // of the pictures, in those of the keyframes
	minNCC   float64   // correlation from which on a patch is found
}

// newFinder returns a finder in pictures of half the size, or of the full size. ok
// is false where one of the keyframes has no picture.
func (m *Map) newFinder(from, to *Keyframe, rel geom.SE3, full bool, minNCC float64) (f finder, ok bool) {
	m.Open(from)
	m.Open(to)
	if !from.pictured() || !to.pictured() {
		return f, false
	}
	f = finder{from.Camera, to.Camera, rel, from.Gray, to.Gray, 1, minNCC}
	if !full {
		f.a, f.b, f.size = halved(from.Gray), halved(to.Gray), .5
	}
	return f, true
}

// sighting is where a patch was found, and what it says of its slant: how much is
// missing, and the information of that.
type sighting struct {
	pixel geom.Vec2
	turn  geom.Vec2
	info  float64
}

// minMovePx is how far a point must move for a change of its inverse depth by e, so
// that a slant shows.
const minMovePx = 1

// patch is what pixel u shows on a plane, as the other keyframe should see it.
func (f *finder) patch(u geom.Vec2, plane geom.Vec3) (w warp, p *patch, ok bool) {
	if w, ok = newWarp(f.from, f.to, f.rel, u, plane, f.size); ok {
		p, ok = newPatch(f.a, shrinkPixel(u, f.size), &w)
	}
	return w, p, ok
}

// find looks for what pixel u shows on a plane that is known as well as known says,
// at most reachPx from pixel near of the other keyframe.
func (f *finder) find(u geom.Vec2, plane geom.Vec3, known float64, near geom.Vec2, reachPx float64) (out sighting, ok bool) {
	w, p, ok := f.patch(u, plane)
	if !ok {
		return out, false
	}
	s := sight{at: shrinkPixel(near, f.size)}
	stiff := 1.
	move := w.closer.Norm()
	shearStd := move / (f.from.Focal() * w.zoom()) // of the shear, for a deviation of the slant of one
	if move > minMovePx {
		s.dir = w.closer.Scale(1 / move)
		stiff = greyStd * greyStd * known / (shearStd * shearStd)
	}
	a := newAligner(p, s.dir, stiff)
	s, ok = a.align(f.b, s, reachPx*f.size, f.minNCC)
	out.pixel = shrinkPixel(s.at, 1/f.size)
	if ok && move > minMovePx {
		turn := w.gradient(s.shear).Scale(1 / move)
		out.turn = geom.Vec2{X: f.from.Fx * turn.X, Y: f.from.Fy * turn.Y}
		out.info = a.rest.least() / (greyStd * greyStd) * shearStd * shearStd
	}
	return out, ok
}

// likeness is the best correlation of what pixel u shows on a plane with the other
// keyframe, within reach pixels of the finder's pictures around pixel near.
func (f *finder) likeness(u geom.Vec2, plane geom.Vec3, near geom.Vec2, reach int) (ncc float64, ok bool) {
	_, p, ok := f.patch(u, plane)
	if !ok {
		return 0, false
	}
	at := shrinkPixel(near, f.size)
	ncc, ok = -1, false
	var v [patchArea]float64
	for y := -reach; y <= reach; y++ {
		for x := -reach; x <= reach; x++ {
			if c, _, in := p.compare(f.b, sight{at: at.Add(geom.Vec2{X: float64(x), Y: float64(y)})}, &v); in {
				ncc, ok = max(ncc, c), true
			}
		}
	}
	return ncc, ok
}

// halved is a picture at half its size, by means of four pixels.
func halved(g slam.Gray) slam.Gray {
	out := slam.NewGray(g.W/2, g.H/2)
	for y := range out.H {
		a, b := g.Pix[2*y*g.W:], g.Pix[(2*y+1)*g.W:]
		for x := range out.W {
			out.Pix[y*out.W+x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) / 4)
		}
	}
	return out
}
