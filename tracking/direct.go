package tracking

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/photometric"
	"github.com/metricslam/metricslam/slam"
)

// Direct alignment: the pose of an image from all its pixels and the depth of
// another one, coarse to fine (Kerl, Sturm and Cremers 2013). It sees through motion
// blur, in the dark and on bare floors, where corners are lost; where corners are
// good they are more exact.

// The constants of direct alignment were chosen on desk (blur), redkitchen and
// synthetic:room darkened, so that a pose that is accepted is never far off.
const (
	directWidth      = 160   // pixels of the finest level: finer ones cost four times as much, and blur hides them
	directLevels     = 3     // of which the coarsest finds motions of a tenth of the image
	directMinPx      = 12    // the shorter side of the coarsest level
	directEdge       = .1    // jump of depth between neighbours, as a share, across which a pixel belongs to no surface
	directMinNCC     = .9    // of the two images; another place has less than .7
	directMinOverlap = .25   // of the pixels with a depth
	directMinSeen    = .10   // of all pixels: in the dark and at edges most have no depth
	directIterations = 12    // Gauss-Newton steps of a level at most
	directGain       = 1e-4  // share by which a step must improve the cost to be followed by another
	directDamping    = 1e-3  // of the diagonal
	directShared     = .0015 // of a pixel's information is its own: errors are four times what independent ones would be
	directMaxStd     = .05   // of the position by the pixels alone, in median depths
)

var directSettings = photometric.Settings{
	HuberGrey: 8, // twice the noise of a dark image
	MaxGain:   5, // of the exposure: five times as bright
	BorderPx:  0,
	NearM:     .05,
	MinPixels: 100,
}

// Pyramid is an image at all, 1/2 and 1/4 of about 160 pixels width.
type Pyramid struct{ levels []photometric.View }

// NewPyramid averages an image down.
func NewPyramid(g slam.Gray, cam geom.Camera) Pyramid {
	fine := photometric.Shrink(g, cam, max(1, g.W/directWidth))
	p := Pyramid{[]photometric.View{fine}}
	for len(p.levels) < directLevels && min(fine.W, fine.H) >= 2*directMinPx {
		fine = fine.Halved()
		p.levels = append(p.levels, fine)
	}
	return p
}

// Reference is an image whose depth is known: what others are aligned to.
type Reference struct {
	Pose   geom.SE3 // T_wc
	DepthM float64  // median depth of its pixels
	levels []referenceLevel
}

type referenceLevel struct {
	points []geom.Vec3 // in its camera, metres
	grey   []float32   // there
	total  int         // pixels of the level
}

// NewReference takes the pixels of p whose depth is known; depth may have
// another size. scale multiplies it.
func NewReference(p Pyramid, pose geom.SE3, depth slam.DepthMap, scale float64) *Reference {
	r := &Reference{Pose: pose}
	for i := range p.levels {
		r.levels = append(r.levels, newReferenceLevel(&p.levels[i], depth, scale))
	}
	coarse := r.levels[len(r.levels)-1].points
	z := make([]float64, len(coarse))
	for i, p := range coarse {
		z[i] = p.Z
	}
	r.DepthM = stats.Median(z)
	return r
}

func newReferenceLevel(v *photometric.View, depth slam.DepthMap, scale float64) referenceLevel {
	out := referenceLevel{total: len(v.Pix)}
	fx, fy := float64(depth.W)/float64(v.W), float64(depth.H)/float64(v.H)
	at := func(x, y int) float64 {
		z, _, _ := depth.At(geom.Vec2{X: (float64(x)+.5)*fx - .5, Y: (float64(y)+.5)*fy - .5})
		return z * scale
	}
	apart := func(z float64, x, y int) bool {
		other := at(x, y)
		return other > 0 && !slam.SameSurface(z, other, directEdge)
	}
	for y := range v.H {
		for x := range v.W {
			z := at(x, y)
			if z <= 0 || apart(z, x+1, y) || apart(z, x-1, y) || apart(z, x, y+1) || apart(z, x, y-1) {
				continue
			}
			out.points = append(out.points, v.Camera.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, z))
			out.grey = append(out.grey, v.Pix[y*v.W+x])
		}
	}
	return out
}

// Alignment is the result of AlignDirect.
type Alignment struct {
	Pose    geom.SE3  // T_wc of the image
	Info    geom.Mat6 // information on the right increment of T_reference_image
	NCC     float64   // correlation of the two images where both see
	Overlap float64   // share of the reference's pixels that take part
	InView  float64   // of those with a depth, the share that is still in view
}

// AlignDirect moves the pose of image cur from guess until the pixels of ref
// look alike in it. The guess's position counts too, with a deviation of
// shiftStdM metres: bare ceilings do not tell a turn from a shift. ok is false
// where the images share too little, do not correlate, or do not hold the
// position.
func AlignDirect(ref *Reference, cur Pyramid, guess geom.SE3, shiftStdM float64) (a Alignment, ok bool) {
	t := guess.Inverse().Mul(ref.Pose) // T_cr
	prior := shiftPrior{t.T, 1 / (shiftStdM * shiftStdM)}
	for i := min(len(ref.levels), len(cur.levels)) - 1; i >= 0; i-- {
		if t, a, ok = ref.levels[i].align(&cur.levels[i], t, prior); !ok {
			return a, false
		}
	}
	a.Pose = ref.Pose.Mul(t.Inverse())
	held := a.shiftStdM() < directMaxStd*ref.DepthM
	for i := range 3 {
		a.Info[i][i] += prior.info
	}
	return a, held && a.NCC >= directMinNCC && a.Overlap >= directMinSeen && a.Pose.IsFinite()
}

// shiftPrior holds the translation of T_cr near that of the guess.
type shiftPrior struct {
	at   geom.Vec3
	info float64 // 1/m^2
}

// addTo adds the prior to the equations of a step at a translation. weight turns
// squared residuals of theirs into information.
func (p shiftPrior) addTo(e *photometric.Equations, at geom.Vec3, weight float64) {
	off, w := at.Sub(p.at), p.info/weight
	e.Cost += w * off.Norm2() / float64(e.N)
	for i, d := range [3]float64{off.X, off.Y, off.Z} {
		e.H[i][i] += w
		e.G[i] -= w * d
	}
}

// shiftStdM is the largest deviation of the position along an axis, infinite
// where the pixels do not hold it.
func (a *Alignment) shiftStdM() float64 {
	var worst float64
	for i := range 3 {
		var e geom.Tangent6
		e[i] = 1
		x, ok := geom.Solve6(&a.Info, &e)
		if !ok {
			return math.Inf(1)
		}
		worst = max(worst, x[i])
	}
	return math.Sqrt(worst)
}

// align runs Gauss-Newton on one level from T_cr.
func (r *referenceLevel) align(c *photometric.View, t geom.SE3, prior shiftPrior) (geom.SE3, Alignment, bool) {
	var a Alignment
	best, bestCost := t, math.Inf(1)
	problem := photometric.Problem{
		Settings: directSettings, View: c, Grey: r.grey, Unknowns: 6,
		Point: func(i int) geom.Vec3 { return t.Apply(r.points[i]) },
		// The left increment x of T_cr moves q by [I, -[q]x] x.
		Derive: func(_ int, q, d geom.Vec3, row *photometric.Row) {
			turn := q.Cross(d)
			*row = photometric.Row{d.X, d.Y, d.Z, turn.X, turn.Y, turn.Z}
		},
	}
	for range directIterations {
		e := problem.Linearize()
		if e.N < directSettings.MinPixels || float64(e.N) < directMinOverlap*float64(len(r.points)) {
			break
		}
		weight := directShared / math.Max(e.Cost, 1) // residuals have the deviation that is seen, and neighbours share theirs
		info := e.Scaled(weight)
		prior.addTo(&e, t.T, weight)
		if e.Cost >= bestCost {
			break
		}
		a = Alignment{NCC: e.NCC, Overlap: float64(e.N) / float64(r.total), InView: float64(e.N) / float64(len(r.points)), Info: info}
		improved := 1 - e.Cost/bestCost
		best, bestCost = t, e.Cost
		step, ok := e.Step(6, directDamping)
		if !ok {
			return t, a, false
		}
		t = geom.ExpSE3(step).Mul(t)
		if improved < directGain {
			break
		}
	}
	return best, a, !math.IsInf(bestCost, 1)
}
