package tracking

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

const testFocal = 525.0

// scene is a cloud of points with their images in two cameras, pixel noise and
// wrong pairs included.
type scene struct {
	points    int
	motion    geom.SE3 // T21
	plane     bool     // all on a tilted plane rather than 2 to 8 m deep
	noisePx   float64
	wrong     float64 // share of pairs that match nothing
	x1, x2    []geom.Vec2
	wrongPair map[int]bool
}

func (s *scene) make(seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	s.wrongPair = make(map[int]bool)
	noise := s.noisePx / testFocal
	for len(s.x1) < s.points {
		ray := geom.Vec3{X: r.Float64() - .5, Y: .8 * (r.Float64() - .5), Z: 1}
		z := 2 + 6*r.Float64()
		if s.plane {
			n := geom.Vec3{X: .3, Y: -.2, Z: 1}.Unit()
			z = 4 / n.Dot(ray)
		}
		p := s.motion.Apply(ray.Scale(z))
		if p.Z < .2 {
			continue
		}
		x2 := p.XY()
		if r.Float64() < s.wrong {
			s.wrongPair[len(s.x1)] = true
			x2 = geom.Vec2{X: r.Float64() - .5, Y: r.Float64() - .5}
		}
		jitter := func(x geom.Vec2) geom.Vec2 {
			return x.Add(geom.Vec2{X: noise * r.NormFloat64(), Y: noise * r.NormFloat64()})
		}
		s.x1, s.x2 = append(s.x1, jitter(ray.XY())), append(s.x2, jitter(x2))
	}
}

func motion(tx, ty, tz, rx, ry, rz float64) geom.SE3 {
	return geom.SE3{R: geom.ExpSO3(geom.Vec3{X: rx, Y: ry, Z: rz}), T: geom.Vec3{X: tx, Y: ty, Z: tz}}
}

// The tolerances are those of a minimal sample: the motion is a start for bundle
// adjustment.
func TestSolveTwoView(t *testing.T) {
	tests := []struct {
		name    string
		scene   scene
		planar  bool
		turnDeg float64 // tolerances
		dirDeg  float64
	}{
		{"sideways, exact", scene{points: 200, motion: motion(.4, 0, 0, 0, .05, 0)}, false, .01, .1},
		{"sideways, noise", scene{points: 300, motion: motion(.5, .1, .05, .02, -.08, .03), noisePx: .5}, false, 1, 4},
		{"forward", scene{points: 300, motion: motion(.02, 0, -.9, 0, .02, 0), noisePx: .3}, false, .3, 3},
		{"outliers", scene{points: 400, motion: motion(.5, 0, .1, 0, -.05, 0), noisePx: .5, wrong: .35}, false, 1, 5},
		{"plane, exact", scene{points: 200, plane: true, motion: motion(.7, .2, .1, .03, -.1, 0)}, true, .05, .5},
		{"plane, noise", scene{points: 300, plane: true, motion: motion(.9, .1, .2, 0, -.15, .02), noisePx: .3}, true, .6, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.scene
			s.make(3)
			tv, ok := SolveTwoView(s.x1, s.x2, 1/testFocal, 1)
			if !ok {
				t.Fatal("no motion found")
			}
			if tv.Planar != tt.planar {
				t.Errorf("planar = %v", tv.Planar)
			}
			if d := deg(geom.RotationAngle(tv.T21.R.T().Mul(s.motion.R))); d > tt.turnDeg {
				t.Errorf("rotation is off by %.3f degrees", d)
			}
			if d := deg(math.Acos(min(1, tv.T21.T.Dot(s.motion.T.Unit())))); d > tt.dirDeg {
				t.Errorf("direction is off by %.3f degrees", d)
			}
			if n := tv.T21.T.Norm(); math.Abs(n-1) > 1e-9 {
				t.Errorf("the translation has length %g", n)
			}
			s.checkInliers(t, tv)
		})
	}
}

// checkInliers asks for nearly all true pairs and hardly a wrong one.
func (s *scene) checkInliers(t *testing.T, tv TwoView) {
	t.Helper()
	var wrong int
	for _, i := range tv.Inliers {
		if s.wrongPair[i] {
			wrong++
		}
	}
	right := len(tv.Inliers) - wrong
	if !slices.IsSorted(tv.Inliers) || right < (s.points-len(s.wrongPair))*85/100 || wrong > len(s.wrongPair)/10 {
		t.Errorf("%d right and %d wrong inliers of %d pairs with %d wrong", right, wrong, s.points, len(s.wrongPair))
	}
}

func deg(rad float64) float64 { return rad * 180 / math.Pi }

func TestSolveTwoViewRefuses(t *testing.T) {
	tests := []struct {
		name  string
		scene scene
	}{
		{"pure rotation", scene{points: 300, motion: motion(0, 0, 0, .02, .15, .01), noisePx: .5}},
		{"pure rotation, exact", scene{points: 300, motion: motion(0, 0, 0, 0, .1, 0)}},
		{"no motion", scene{points: 300, motion: geom.IdentitySE3(), noisePx: .3}},
		{"no motion, exact", scene{points: 300, motion: geom.IdentitySE3()}},
		{"too little motion", scene{points: 300, motion: motion(.01, 0, 0, 0, .02, 0), noisePx: .3}},
		{"few points", scene{points: 40, motion: motion(.5, 0, 0, 0, .05, 0)}},
		{"no points", scene{}},
		{"unrelated pairs", scene{points: 300, motion: motion(.5, 0, 0, 0, 0, 0), wrong: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(3) {
				s := tt.scene
				s.make(seed)
				if tv, ok := SolveTwoView(s.x1, s.x2, 1/testFocal, seed); ok {
					t.Errorf("seed %d: found a motion of %v with %d inliers and %.4f rad of parallax", seed, tv.T21.T, len(tv.Inliers), tv.MedianRad)
				}
			}
		})
	}
	if _, ok := SolveTwoView(make([]geom.Vec2, 100), make([]geom.Vec2, 99), .002, 1); ok {
		t.Error("lists of different length have a motion")
	}
}

func TestSolveTwoViewIsRepeatable(t *testing.T) {
	s := scene{points: 300, motion: motion(.5, 0, .1, 0, -.05, 0), noisePx: .5, wrong: .3}
	s.make(1)
	a, _ := SolveTwoView(s.x1, s.x2, 1/testFocal, 5)
	b, _ := SolveTwoView(s.x1, s.x2, 1/testFocal, 5)
	if a.T21 != b.T21 || !slices.Equal(a.Inliers, b.Inliers) {
		t.Error("the same seed gave another motion")
	}
}
