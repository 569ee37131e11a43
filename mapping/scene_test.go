package mapping

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

var testCamera = geom.Camera{W: 640, H: 480, Fx: 525, Fy: 525, Cx: 319.5, Cy: 239.5}

// synthetic is a map of known truth: a camera that walks past a cloud of points.
type synthetic struct {
	m      *Map
	truth  []geom.SE3
	points []geom.Vec3 // by landmark id
}

type syntheticSpec struct {
	keyframes, points int
	noisePx           float64
	blurPx            float64              // noise of all but the first and the last keyframe
	path              func(i int) geom.SE3 // true poses; walk where nil
	depth             bool                 // readings of a depth source
	depthNoise        float64              // of its log depth, independent
	scaleSigma        float64              // of the source; 0: a sensor
	logScale          func(kf int) float64
}

// use makes a map the mapper's.
func (m *Mapper) use(o *Map) { m.Map, m.loops.m = o, o }

// putImages gives a keyframe of a map images.
func putImages(t testing.TB, m *Map, k *Keyframe, im images.Images) {
	t.Helper()
	if err := m.images.Put(k.ID, im); err != nil {
		t.Fatal(err)
	}
	k.Depth = im.Depth.DepthInfo
}

// imagesOf returns the images of a keyframe.
func imagesOf(t testing.TB, m *Map, k *Keyframe) images.Images {
	t.Helper()
	im, err := m.Images(k)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// repaint changes the grey image of a keyframe.
func repaint(t testing.TB, m *Map, k *Keyframe, change func(g slam.Gray) slam.Gray) {
	t.Helper()
	im := imagesOf(t, m, k)
	g := im.Gray
	g.Pix = slices.Clone(g.Pix)
	im.Gray = change(g)
	putImages(t, m, k, im)
}

// depthOf returns a depth map.
func depthOf(w, h int, at func(x, y int) float64) slam.DepthMap {
	d := slam.DepthMap{W: w, H: h, Camera: geom.CameraFromFOV(w, h, 1), Sigma: .02, Depth: make([]float32, w*h), Source: "test"}
	for y := range h {
		for x := range w {
			d.Depth[y*w+x] = float32(at(x, y))
		}
	}
	return d
}

// walk is the true pose of keyframe i: an arc past the cloud.
func walk(i int) geom.SE3 {
	a := float64(i)
	return geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .01 * a, Y: -.04 * a}), T: geom.Vec3{X: .2 * a, Y: .03 * math.Sin(a), Z: .05 * a}}
}

// newSynthetic returns a map at its truth.
func newSynthetic(s syntheticSpec) *synthetic {
	r := rand.New(rand.NewPCG(5, 9))
	w := &synthetic{m: NewMap(images.Options{Budget: math.MaxInt})}
	for len(w.points) < s.points {
		w.points = append(w.points, geom.Vec3{X: 7*r.Float64() - 2.5, Y: 3*r.Float64() - 1.5, Z: 2.5 + 3*r.Float64()})
	}
	if s.path == nil {
		s.path = walk
	}
	for i := range s.keyframes {
		pose, noise := s.path(i), s.noisePx
		if i > 0 && i < s.keyframes-1 {
			noise = max(noise, s.blurPx)
		}
		w.truth = append(w.truth, pose)
		k := &Keyframe{Pose: pose, Camera: testCamera, Unit: 1, Frame: i, Time: float64(i)}
		var scale float64
		if s.logScale != nil {
			scale = s.logScale(i)
		}
		k.Depth.ScaleSigma, k.Depth.PlaceSigma = s.scaleSigma, s.scaleSigma
		for id, p := range w.points {
			q := pose.ApplyInverse(p)
			u := testCamera.Project(q)
			if q.Z < .5 || !testCamera.Contains(u, 2) {
				continue
			}
			f := Feature{Landmark: id, Pixel: u.Add(geom.Vec2{X: noise * r.NormFloat64(), Y: noise * r.NormFloat64()})}
			if s.depth {
				f.DepthM = q.Z * math.Exp(s.depthNoise*r.NormFloat64()-scale)
				f.LogStd = max(s.depthNoise, .01)
			}
			k.Features = append(k.Features, f)
		}
		w.m.addKeyframe(k)
	}
	for id, p := range w.points {
		if l, ok := w.m.landmarks.find(id); ok {
			w.m.setDepth(l, 1/w.m.Keyframes[l.Host].Pose.ApplyInverse(p).Z)
		}
	}
	return w
}

// disturb moves every keyframe from first on, and every depth, away from the
// truth.
func (w *synthetic) disturb(first int, shiftM, turnRad, logDepth float64) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, k := range w.m.Keyframes[first:] {
		k.Pose = k.Pose.Retract(geom.Tangent6{
			shiftM * r.NormFloat64(), shiftM * r.NormFloat64(), shiftM * r.NormFloat64(),
			turnRad * r.NormFloat64(), turnRad * r.NormFloat64(), turnRad * r.NormFloat64(),
		})
	}
	for id := range w.points {
		if l, ok := w.m.landmarks.find(id); ok {
			l.InvDepth *= math.Exp(logDepth * r.NormFloat64())
		}
	}
}

// poseErrors returns the largest errors of the keyframes' poses.
func (w *synthetic) poseErrors() (m, rad float64) {
	for i, k := range w.m.Keyframes {
		m = max(m, k.Pose.T.Sub(w.truth[i].T).Norm())
		rad = max(rad, geom.RotationAngle(k.Pose.R.T().Mul(w.truth[i].R)))
	}
	return m, rad
}

// checkInvariants asks that every observation points to a feature that points
// back, that no feature names a landmark that is gone, and that every landmark
// is hosted by a keyframe that sees it on the host's ray.
func checkInvariants(t *testing.T, m *Map) {
	t.Helper()
	listed := make(map[Observation]bool)
	for l := range m.landmarks.all() {
		id := l.ID
		if m.landmarks.get(id) != l || len(l.Obs) == 0 {
			t.Errorf("landmark %d is entered as another or has %d observations", id, len(l.Obs))
			continue
		}
		hosted := false
		for _, o := range l.Obs {
			if listed[o] {
				t.Errorf("observation %v is listed twice", o)
			}
			listed[o] = true
			f := m.Keyframes[o.KF].Features[o.Index]
			if f.Landmark != id {
				t.Errorf("landmark %d is observed by feature %v, which is of landmark %d", id, o, f.Landmark)
			}
			if o.KF == l.Host {
				hosted = true
				if d := m.Keyframes[o.KF].Camera.Ray(f.Pixel).Sub(l.Ray).Norm(); d > 1e-12 {
					t.Errorf("landmark %d is %g off its host's ray", id, d)
				}
			}
		}
		if !hosted {
			t.Errorf("landmark %d is not seen by its host %d", id, l.Host)
		}
		if l.InvDepth < 0 || math.IsNaN(l.InvDepth) || math.IsInf(l.InvDepth, 0) {
			t.Errorf("landmark %d has inverse depth %g", id, l.InvDepth)
		}
	}
	for i, k := range m.Keyframes {
		if k.ID != i {
			t.Errorf("keyframe %d calls itself %d", i, k.ID)
		}
		for j, f := range k.Features {
			if f.Landmark >= 0 && !listed[Observation{i, j}] {
				t.Errorf("feature %d of keyframe %d names landmark %d, which does not list it", j, i, f.Landmark)
			}
		}
	}
}
