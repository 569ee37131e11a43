package mapping

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/spill/spilltest"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/internal/descriptors"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// fakeMatcher describes images as it is told, and matches nothing.
type fakeMatcher struct {
	px   []geom.Vec2
	desc []slam.Descriptor
}

func (f *fakeMatcher) Keep(int, slam.Gray) {}
func (f *fakeMatcher) Forget(int)          {}
func (f *fakeMatcher) Match(_, _ int, from, _ []geom.Vec2) ([]bool, error) {
	return make([]bool, len(from)), nil
}
func (f *fakeMatcher) Describe(slam.Gray) ([]geom.Vec2, []slam.Descriptor, error) {
	return f.px, f.desc, nil
}

// ring is a camera that goes round inside a ring of points and looks outwards,
// with a map that drifts.
type ring struct {
	t testing.TB
	*Mapper
	truth  []geom.SE3
	points []geom.Vec3
	desc   []slam.Descriptor
	look   []sticker
	rand   *rand.Rand
}

type ringSpec struct {
	driftM, driftRad float64 // a step
	driftLogScale    float64
	metric           bool

	slipAt     int // keyframe that shares only slipShares landmarks with those before
	slipShares int
	slip       geom.Tangent6 // of the step to it
}

const (
	ringLap  = 36
	lapShift = 100000 // between the landmark ids of a point: when it is seen again it has another
)

func ringPose(i int) geom.SE3 {
	a := 2 * math.Pi * float64(i) / ringLap
	s, c := math.Sincos(a)
	// z outwards, y down.
	r := geom.FromCols(geom.Vec3{X: s, Z: -c}, geom.Vec3{Y: 1}, geom.Vec3{X: c, Z: s})
	off := .05 * float64(i/ringLap) // the second lap is not quite the first
	return geom.SE3{R: r, T: geom.Vec3{X: (2 + off) * c, Y: off, Z: (2 + off) * s}}
}

// newRing returns the map of keyframes 0 to last; places holds all but the last.
func newRing(t testing.TB, s ringSpec, last int) *ring {
	t.Helper()
	w := &ring{t: t, Mapper: NewMapper(Default(), &fakeMatcher{}, nil), rand: rand.New(rand.NewPCG(8, 8))}
	for range 1500 {
		a := 2 * math.Pi * w.rand.Float64()
		d := 5 + 2*w.rand.Float64()
		w.points = append(w.points, geom.Vec3{X: d * math.Cos(a), Y: 4*w.rand.Float64() - 2, Z: d * math.Sin(a)})
		w.desc = append(w.desc, descriptors.Random(w.rand))
		w.look = append(w.look, newSticker(w.rand))
	}
	drift := geom.ExpSE3(geom.Tangent6{0, s.driftM, s.driftM, 0, s.driftRad, s.driftRad / 2})
	pose := ringPose(0)
	for i := range last + 1 {
		w.truth = append(w.truth, ringPose(i))
		scale := math.Exp(s.driftLogScale * float64(i))
		if i > 0 {
			step := ringPose(i - 1).Between(ringPose(i)).Mul(drift)
			step.T = step.T.Scale(scale)
			if i == s.slipAt {
				step = step.Retract(s.slip)
			}
			pose = pose.Mul(step)
		}
		keep := len(w.points)
		if s.slipAt > 0 && i == s.slipAt {
			keep = s.slipShares
		}
		w.addView(keep, pose, scale, s.metric)
	}
	return w
}

// addView adds the next keyframe. It goes on with keep landmarks at most of the
// one before; a point that was lost from view gets a new id.
func (w *ring) addView(keep int, pose geom.SE3, scale float64, metric bool) {
	i := len(w.Map.Keyframes)
	k := &Keyframe{Pose: pose, Camera: testCamera, Unit: 1, Frame: 10 * i, Time: float64(i), Part: w.part}
	follow := make(map[int]int) // landmark of a point
	if i > 0 {
		for _, f := range w.Map.Keyframes[i-1].Features {
			if len(follow) < keep {
				follow[f.Landmark%lapShift] = f.Landmark
			}
		}
	}
	var im images.Images
	var keypoints []recognition.Keypoint
	if metric {
		im.Depth = images.NewDepth(depthOf(8, 6, func(int, int) float64 { return 0 }))
	}
	var seen []geom.Vec3
	var look []sticker
	for id, p := range w.points {
		q := w.truth[i].ApplyInverse(p)
		if q.Z > 1 {
			seen, look = append(seen, q), append(look, w.look[id])
		}
		u := testCamera.Project(q)
		if q.Z < 1 || !testCamera.Contains(u, 5) {
			continue
		}
		u = u.Add(geom.Vec2{X: .3 * w.rand.NormFloat64(), Y: .3 * w.rand.NormFloat64()})
		landmark, ok := follow[id]
		if !ok {
			for landmark = id; w.Map.landmarks.get(landmark) != nil; landmark += lapShift {
			}
		}
		k.Features = append(k.Features, Feature{Landmark: landmark, Pixel: u})
		keypoints = append(keypoints, recognition.Keypoint{Pixel: u, Desc: descriptors.Flip(w.rand, w.desc[id], .06)})
	}
	im.Gray, im.Keypoints = paint(testCamera, seen, look), images.NewKeypoints(keypoints)
	w.Map.addKeyframe(k)
	putImages(w.t, w.Map, k, im)
	for _, f := range k.Features {
		if l := w.Map.landmarks.get(f.Landmark); l.Host == k.ID {
			z := w.truth[i].ApplyInverse(w.points[f.Landmark%lapShift]).Z
			l.InvDepth, l.LogStd = 1/(z*scale), .02
		}
	}
	if i > 0 {
		if err := w.loops.enter(w.Map.Keyframes[i-1]); err != nil {
			w.t.Fatal(err)
		}
	}
}

// ate is the root mean square error of the positions after alignment.
func (w *ring) ate(t *testing.T, withScale bool) float64 {
	t.Helper()
	var a, b []geom.Vec3
	for i, k := range w.Map.Keyframes {
		a, b = append(a, k.Pose.T), append(b, w.truth[i].T)
	}
	s, err := geom.Umeyama(a, b, withScale)
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for i := range a {
		sum += s.Apply(a[i]).Sub(b[i]).Norm2()
	}
	return math.Sqrt(sum / float64(len(a)))
}

func TestVerify(t *testing.T) {
	w := newRing(t, ringSpec{driftM: .01, driftRad: .003, metric: true}, ringLap+1)
	a, b := w.Map.Keyframes[1], w.Map.Keyframes[ringLap+1]
	l, err := w.loops.verify(a, b)
	if err != nil || l == nil {
		t.Fatal("the same place is not recognised")
	}
	want := w.truth[1].Between(w.truth[ringLap+1])
	if m, rad := l.Z.T.Sub(want.T).Norm(), geom.RotationAngle(l.Z.R.T().Mul(want.R)); m > .02 || rad > .005 || l.Z.S != 1 {
		t.Errorf("the link is off by %.4f m, %.4f rad; scale %g", m, rad, l.Z.S)
	}
	if l.Inliers < linkSure || len(l.pairs) < linkSure {
		t.Errorf("%d inliers, %d pairs", l.Inliers, len(l.pairs))
	}
	if l, err := w.loops.verify(w.Map.Keyframes[12], b); err != nil || l != nil {
		t.Error("another place is taken for this one")
	}
	// Enough descriptors agree, but the corners lie elsewhere.
	im := imagesOf(t, w.Map, a)
	own, _ := im.Keypoints.All()
	mixed := slices.Clone(own)
	for i := range mixed {
		mixed[i].Pixel = own[(i*7+3)%len(own)].Pixel
	}
	im.Keypoints = images.NewKeypoints(mixed)
	putImages(t, w.Map, a, im)
	if l, err := w.loops.verify(a, b); err != nil || l != nil {
		t.Error("a place with its corners mixed up is recognised")
	}
}

func TestCloseLoop(t *testing.T) {
	for name, s := range map[string]ringSpec{
		"metres":     {driftM: .002, driftRad: .0007, metric: true},
		"free scale": {driftM: .001, driftRad: .0005, driftLogScale: .002},
		"no drift":   {metric: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRing(t, s, ringLap+1)
			before := w.ate(t, !s.metric)
			if err := w.closeLoops(t.Context(), w.Map.Keyframes[ringLap+1]); err != nil {
				t.Fatal(err)
			}
			after := w.ate(t, !s.metric)
			if len(w.loops.links) == 0 {
				t.Fatal("no loop")
			}
			// The ends fit at once; the way between is left to the adjustment of the
			// whole map.
			if after > 1.1*before+.005 {
				t.Errorf("error %.4f m before the loop, %.4f m after", before, after)
			}
			checkInvariants(t, w.Map)
			w.checkEnds(t)
		})
	}
}

// Without the search for loops a place is known all the same, for a frame that
// is lost.
func TestNoLoops(t *testing.T) {
	w := newRing(t, ringSpec{driftM: .002, driftRad: .0007, metric: true}, ringLap+1)
	w.cfg.Loops, w.loops.cfg.Loops = false, false
	if err := w.closeLoops(t.Context(), w.Map.Keyframes[ringLap+1]); err != nil {
		t.Fatal(err)
	}
	if err := w.Conclude(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.loops.links) > 0 || len(w.loops.pending) > 0 {
		t.Errorf("%d links, %d wait", len(w.loops.links), len(w.loops.pending))
	}
	k := w.Map.Keyframes[ringLap+1]
	keypoints, _ := w.Map.Keypoints(k)
	px, desc := make([]geom.Vec2, len(keypoints)), make([]slam.Descriptor, len(keypoints))
	for i, p := range keypoints {
		px[i], desc[i] = p.Pixel, p.Desc
	}
	if _, ok, err := w.Relocalise(testCamera, px, desc, nil); err != nil || !ok {
		t.Error("a lost frame is not found")
	}
}

// checkEnds compares the relative pose of the loop's ends with the truth.
func (w *ring) checkEnds(t *testing.T) {
	t.Helper()
	l := w.loops.links[len(w.loops.links)-1]
	got := w.Map.Keyframes[l.From].Pose.Between(w.Map.Keyframes[l.To].Pose)
	want := w.truth[l.From].Between(w.truth[l.To])
	if m, rad := got.T.Sub(want.T).Norm(), geom.RotationAngle(got.R.T().Mul(want.R)); m > .1 || rad > .02 {
		t.Errorf("the ends are %.4f m and %.4f rad off", m, rad)
	}
	// Landmarks went with their hosts: those of the last keyframe lie where it
	// sees them.
	k := w.Map.Keyframes[l.To]
	var errs []float64
	for _, f := range k.Features {
		if lm, ok := w.Map.landmarks.find(f.Landmark); ok && lm.Known() {
			errs = append(errs, testCamera.Project(k.Pose.ApplyInverse(w.Map.Position(lm))).Sub(f.Pixel).Norm())
		}
	}
	if e := stats.Median(errs); len(errs) == 0 || e > 1.5 {
		t.Errorf("landmarks are seen %.1f px off after the loop", e)
	}
}

// Two parts become one where the second sees what the first has seen, whatever
// frame and unit the second was in.
func TestJoin(t *testing.T) {
	for name, metric := range map[string]bool{"metres": true, "free scale": false} {
		t.Run(name, func(t *testing.T) {
			w := newRing(t, ringSpec{metric: metric}, 20)
			w.NewPart(nil)
			other := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: .3, Y: 1, Z: -.2}), T: geom.Vec3{X: 5, Y: 6, Z: 7}, S: 1}
			if !metric {
				other.S = 2.5
			}
			for _, i := range []int{ringLap + 14, ringLap + 15, ringLap + 16} {
				w.truth = append(w.truth, ringPose(i))
				w.addView((len(w.truth)-22)*len(w.points), other.ApplyPose(ringPose(i)), other.S, metric)
			}
			k := w.Map.Keyframes[len(w.Map.Keyframes)-1]
			if err := w.closeLoops(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			if k.Part != 0 || w.Part() != 0 || w.Parts() != 2 {
				t.Fatalf("keyframe of part %d, current part %d of %d", k.Part, w.Part(), w.Parts())
			}
			if e := w.ate(t, !metric); e > .02 {
				t.Errorf("positions are off by %.4f m", e)
			}
			if u := k.Unit * other.S; math.Abs(u-1) > .02 {
				t.Errorf("a length of the joined part is worth %.4f of what it should", u)
			}
			checkInvariants(t, w.Map)
		})
	}
}

// A scratch file that fails while a loop is looked for is an error: nothing is
// taken for seen or not seen.
func TestLinkWithoutScratch(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap+1)
	folder := t.TempDir()
	onDisk := images.New(images.Options{Scratch: folder})
	if err := onDisk.Adopt(w.Map.images.Snapshot(), 0); err != nil {
		t.Fatal(err)
	}
	w.Map.images = onDisk
	if err := spilltest.Open(t, folder).Truncate(0); err != nil {
		t.Fatal(err)
	}
	last := w.Map.Keyframes[ringLap+1]
	if l, err := w.loops.verify(w.Map.Keyframes[1], last); err == nil {
		t.Errorf("verified: %+v", l)
	}
	if err := w.closeLoops(t.Context(), last); err == nil || !strings.Contains(err.Error(), "keyframe") {
		t.Errorf("closing loops: %v", err)
	}
	if len(w.loops.links) > 0 || len(w.loops.pending) > 0 {
		t.Errorf("%d links, %d pending", len(w.loops.links), len(w.loops.pending))
	}
}
