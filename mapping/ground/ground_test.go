package ground

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var carCamera = geom.Camera{W: 416, H: 128, Fx: 240, Fy: 240, Cx: 207, Cy: 60}

// carPose is a camera that looks ahead along z, pitched down.
func carPose(z, pitchRad float64) geom.SE3 {
	return geom.SE3{R: geom.ExpSO3(geom.Vec3{X: -pitchRad}), T: geom.Vec3{Z: z}}
}

// road returns two views at their true poses over textured ground.
func road(heightM, stepM, pitchRad, gain float64) (a, b View) {
	return roadOf(newCloth(7), heightM, stepM, pitchRad, gain)
}

func roadOf(c cloth, heightM, stepM, pitchRad, gain float64) (a, b View) {
	pa, pb := carPose(0, pitchRad), carPose(stepM, pitchRad)
	a = View{Pose: pa, Camera: carCamera, Gray: renderGround(c, carCamera, pa, heightM, 1)}
	b = View{Pose: pb, Camera: carCamera, Gray: renderGround(c, carCamera, pb, heightM, gain)}
	return a, b
}

// One pair of images gives the plane to its stated deviation of some 2 %.
func TestAlign(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		height, step   float64
		pitch, light   float64
		expected, tilt float64 // height and pitch expected
	}{
		{"known", 1.65, .9, 0, 1, 1.65, 0},
		{"expected 10 % too low", 1.65, .9, 0, 1, 1.5, 0},
		{"expected 10 % too high", 1.65, .9, 0, 1, 1.8, 0},
		{"a pitch of 1 degree", 1.65, .9, .0175, 1, 1.65, 0},
		{"brighter", 1.65, .7, 0, 1.25, 1.6, 0},
		{"low camera", .6, .3, .02, 1, .63, .02},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := road(tt.height, tt.step, tt.pitch, tt.light)
			n := geom.Vec3{Y: math.Cos(tt.tilt), Z: math.Sin(tt.tilt)}
			g, ok := align(a, b, n.Scale(1/tt.expected), n, TiltStd)
			if h := 1 / g.q.Norm(); !ok || math.Abs(h/tt.height-1) > .025 {
				t.Errorf("height %.4f m, want %g (correlation %.3f, ok %v)", h, tt.height, g.ncc, ok)
			}
			want := geom.Vec3{Y: math.Cos(tt.pitch), Z: math.Sin(tt.pitch)}
			if d := math.Acos(min(1, g.q.Unit().Dot(want))); d > .01 {
				t.Errorf("the normal is off by %.4f rad", d)
			}
			if g.logStd <= 0 || g.logStd > .2 {
				t.Errorf("deviation %.3f", g.logStd)
			}
		})
	}
}

// Over many roads the height is right to 1.5 %, whatever was expected.
func TestAlignMean(t *testing.T) {
	t.Parallel()
	var sum, n float64
	for seed := range uint64(6) {
		a, b := roadOf(newCloth(seed), 1.65, 1.2, 0, 1)
		normal := geom.Vec3{Y: 1}
		g, ok := align(a, b, normal.Scale(1/1.75), normal, TiltStd)
		e := -math.Log(1.65 * g.q.Norm())
		if !ok || math.Abs(e) > 3*g.logStd {
			t.Errorf("road %d: log height is off by %.4f at a deviation of %.4f (ok %v)", seed, e, g.logStd, ok)
		}
		sum, n = sum+e, n+1
	}
	if math.Abs(sum/n) > .015 {
		t.Errorf("the mean log height is off by %.4f", sum/n)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	a, b := road(1.65, .9, 0, 1)
	q, ncc := newPair(a, b, searchRadius).search(geom.Vec3{Y: 1})
	if h := 1 / q.Norm(); math.Abs(h/1.65-1) > .08 || ncc < minNCC {
		t.Errorf("height %.3f m at correlation %.3f", h, ncc)
	}
}

// measureAll measures as many steps alike, and returns what the last of them gave.
func measureAll(e *Estimator, a, b View, steps int) (s Step, ok bool) {
	for range steps {
		s, ok = e.Measure(a, b, TiltStd)
	}
	return s, ok
}

// inUnits returns the two views with lengths that are so many metres.
func inUnits(a, b View, metres float64) (View, View) {
	a.Pose.T, b.Pose.T = a.Pose.T.Scale(1/metres), b.Pose.T.Scale(1/metres)
	return a, b
}

// A map of free scale comes to metres once three planes agree; afterwards steps are
// measured one by one.
func TestMeasure(t *testing.T) {
	t.Parallel()
	const unit = 2.5 // metres
	ma, mb := road(1.65, .9, .01, 1)
	a, b := inUnits(ma, mb, unit)
	g := Estimator{HeightM: 1.65}
	if s, ok := measureAll(&g, a, b, agreePlanes); ok || g.Metric() {
		t.Fatalf("a plane that nothing confirms is believed: factor %.4f", s.Factor)
	}
	s, ok := g.Measure(a, b, TiltStd)
	// The first plane knows its pitch to the 2 degrees of the search.
	if !ok || math.Abs(s.Factor/unit-1) > .03 {
		t.Fatalf("factor %.4f, want %.4f (ok %v)", s.Factor, unit, ok)
	}
	if math.Abs(s.LengthM/.9-1) > .03 || s.LogStd <= 0 || !g.Metric() {
		t.Errorf("a step of %.4f m with deviation %.3f", s.LengthM, s.LogStd)
	}
	g.Rescaled(s.Factor)
	a, b = inUnits(ma, mb, 1/1.05)
	if s, ok = g.Measure(a, b, TiltStd); !ok || math.Abs(s.Factor*1.05-1) > .03 {
		t.Errorf("a step 5 %% too long: factor %.4f (ok %v)", s.Factor, ok)
	}
	b.Pose.T = a.Pose.T.Add(geom.Vec3{Z: .05})
	if _, ok = g.Measure(a, b, TiltStd); ok {
		t.Error("a step of 5 cm is measured")
	}
	none := Estimator{}
	if _, ok := none.Measure(a, b, TiltStd); ok || none.Metric() {
		t.Error("a ground without a known height measures")
	}
}

// A map in metres that are wrong is contradicted by plane after plane: one surprise is
// refused, three that agree are believed. Those of another part count for nothing.
func TestSurprisesThatAgree(t *testing.T) {
	t.Parallel()
	a, b := road(1.65, .9, 0, 1)
	a, b = inUnits(a, b, 1.5)
	g := Estimator{HeightM: 1.65, Normal: geom.Vec3{Y: 1}, Count: 1}
	if s, ok := measureAll(&g, a, b, agreePlanes); ok {
		t.Fatalf("a surprise is believed: factor %.4f", s.Factor)
	}
	other := g
	other.Restarted()
	if s, ok := other.Measure(a, b, TiltStd); ok {
		t.Errorf("a surprise in a new part is believed: factor %.4f", s.Factor)
	}
	if s, ok := g.Measure(a, b, TiltStd); !ok || math.Abs(s.Factor/1.5-1) > .05 {
		t.Errorf("factor %.4f (ok %v), want 1.5", s.Factor, ok)
	}
}

// What shows no ground gives no metres: no texture, no motion, a wall.
func TestRefuses(t *testing.T) {
	t.Parallel()
	plain := slam.NewGray(carCamera.W, carCamera.H)
	for i := range plain.Pix {
		plain.Pix[i] = 90
	}
	noise := slam.NewGray(carCamera.W, carCamera.H)
	other := slam.NewGray(carCamera.W, carCamera.H)
	for i := range noise.Pix {
		noise.Pix[i], other.Pix[i] = uint8(i*2654435761>>9), uint8(i*40503>>3^i*97)
	}
	a0, b0 := road(1.65, .9, 0, 1)
	textured := a0
	for name, pair := range map[string][2]slam.Gray{
		"plain": {plain, plain}, "unrelated": {noise, other}, "one plain": {textured.Gray, plain},
	} {
		a, b := a0, b0
		a.Gray, b.Gray = pair[0], pair[1]
		for _, g := range []Estimator{{HeightM: 1.65}, {HeightM: 1.65, Normal: geom.Vec3{Y: 1}, Count: 1}} {
			if s, ok := measureAll(&g, a, b, agreePlanes+1); ok {
				t.Errorf("%s: factor %.3f", name, s.Factor)
			}
		}
	}
	a, b := road(1.65, 0, 0, 1)
	g := Estimator{HeightM: 1.65}
	if s, ok := measureAll(&g, a, b, agreePlanes+1); ok {
		t.Errorf("no motion: factor %.3f", s.Factor)
	}
	a.Camera.Cy, b.Camera.Cy = 2000, 2000 // looks at the sky
	if s, ok := g.Measure(a, b, TiltStd); ok {
		t.Errorf("no road in the picture: factor %.3f", s.Factor)
	}
	tiny := View{Camera: geom.Camera{W: 1, H: 1, Fx: 1, Fy: 1}, Gray: slam.NewGray(1, 1), Pose: geom.IdentitySE3()}
	if _, ok := g.Measure(tiny, tiny, TiltStd); ok {
		t.Error("an image of one pixel shows the ground")
	}
}

// A car whose camera is pitched and rolled moves along the ground: its steps give
// the pitch, whatever the planes measured so far say.
func TestMountedNormal(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	truth := geom.Vec3{X: .01, Y: 1, Z: -.035}.Unit()
	var steps []geom.Vec3
	for range 80 {
		d := geom.Vec3{X: .05 * r.NormFloat64(), Z: 1}
		d = d.Sub(truth.Scale(truth.Dot(d))).Add(truth.Scale(.006 * r.NormFloat64()))
		steps = append(steps, d.Unit())
	}
	steps = append(steps, geom.Vec3{Y: .5, Z: 1}.Unit(), geom.Vec3{Y: -1}) // a jolt, a lift
	g := Estimator{Normal: geom.Vec3{X: .011, Y: 1}.Unit()}
	n := g.Mounted(steps)
	if d := math.Abs(n.Z - truth.Z); d > .002 {
		t.Errorf("the pitch is off by %.4f rad", d)
	}
	if d := math.Abs(n.X - truth.X); d > .01 { // steps straight ahead say little of it
		t.Errorf("the roll is off by %.4f rad", d)
	}
	if n := g.Mounted(nil); n.Sub(g.Normal).Norm() > 1e-12 {
		t.Errorf("without a step the normal moves to %v", n)
	}
}
