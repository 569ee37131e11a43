package frontend

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/photometric"
	"github.com/metricslam/metricslam/slam"
)

// The constants of rotations were chosen on desk and kitti_small, where the camera
// turns fastest. At 80 pixels width even strong motion blur is gone, and 5 degrees
// are a few pixels.
const (
	thumbWidth       = 80   // pixels
	rotationSteps    = 12   // Gauss-Newton steps at most; 3 to 6 are usual
	rotationDone     = 1e-4 // radians: a step that ends them, a hundredth of a thumbnail's pixel
	rotationShare    = .25  // of the pixels that both images must show
	rotationRelative = 1e-6 // of the diagonal, added to it: a bare wall leaves the turn where it was
)

var rotationSettings = photometric.Settings{
	HuberGrey: 20, // what moves and what is hidden count less
	MaxGain:   3,  // a change of the exposure between two images
	BorderPx:  1.5,
	NearM:     .1, // of a ray of length about 1: 84 degrees from the axis
	MinPixels: 10,
}

// Thumbnail is a small float image with its camera.
type Thumbnail struct{ view photometric.View }

// NewThumbnail averages an image down to about 80 pixels width. One that lacks
// pixels gives an empty thumbnail, of which no rotation is known.
func NewThumbnail(g slam.Gray, cam geom.Camera) Thumbnail {
	if len(g.Pix) < g.W*g.H {
		return Thumbnail{photometric.View{Camera: cam}}
	}
	return Thumbnail{photometric.Shrink(g, cam, max(1, g.W/thumbWidth))}
}

// Rotation estimates the rotation R_ba that takes rays of image a to those of
// image b, by photometric alignment of all pixels from guess. ok is false where the
// images share too little or the residual does not fall: then guess is as good.
func Rotation(a, b Thumbnail, guess geom.Mat3) (r geom.Mat3, ok bool) {
	if len(a.view.Pix) == 0 || len(a.view.Pix) != len(b.view.Pix) {
		return guess, false
	}
	r = guess
	rays, grey := a.rays()
	problem := photometric.Problem{
		Settings: rotationSettings, View: &b.view, Grey: grey, Unknowns: 3,
		Point: func(i int) geom.Vec3 { return r.MulVec(rays[i]) },
		// The left increment x of r moves p by -[p]x x: d res / d x = p x d.
		Derive: func(_ int, p, d geom.Vec3, row *photometric.Row) {
			j := p.Cross(d)
			row[0], row[1], row[2] = j.X, j.Y, j.Z
		},
	}
	first, last := -1.0, -1.0
	for range rotationSteps {
		e := problem.Linearize()
		if float64(e.N) < rotationShare*float64(len(a.view.Pix)) {
			return guess, false
		}
		if first < 0 {
			first = e.Cost
		} else if e.Cost > last*1.0001 {
			break
		}
		last = e.Cost
		step, ok := e.Step(problem.Unknowns, rotationRelative)
		if !ok {
			break
		}
		turn := geom.Vec3{X: step[0], Y: step[1], Z: step[2]}
		r = geom.Orthonormalize(geom.ExpSO3(turn).Mul(r))
		if turn.Norm() < rotationDone {
			break
		}
	}
	return r, last <= first
}

// rays returns the rays of the pixels that have neighbours, and their grey levels.
func (t *Thumbnail) rays() (rays []geom.Vec3, grey []float32) {
	v := &t.view
	for y := 1; y < v.H-1; y++ {
		for x := 1; x < v.W-1; x++ {
			rays = append(rays, v.Camera.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			grey = append(grey, v.Pix[y*v.W+x])
		}
	}
	return rays, grey
}
