package synthetic

import (
	"math"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// pathOf returns the path of a specification without building its scene.
func pathOf(t *testing.T, spec string, seed uint64) (cameraPath, float64) {
	t.Helper()
	req, err := parseSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	if plan, ok := cityPlans[req.name]; ok {
		p, _ := plan(req.lengthM)
		return newStreetPath(p, req.lengthM, seed), req.lengthM
	}
	path, _ := indoorPlaces[req.name](req.lengthM, seed)
	return path, req.lengthM
}

// body holds the derivatives of a path at one time.
type body struct{ speed, accel, rate, spin float64 }

// bodyAt differentiates numerically, h seconds apart.
func bodyAt(p cameraPath, t float64) body {
	const h = .01
	a, b, c := p.pose(t-h), p.pose(t), p.pose(t+h)
	w0 := geom.LogSO3(a.R.T().Mul(b.R)).Scale(1 / h)
	w1 := geom.LogSO3(b.R.T().Mul(c.R)).Scale(1 / h)
	return body{
		speed: c.T.Sub(a.T).Norm() / (2 * h),
		accel: c.T.Add(a.T).Sub(b.T.Scale(2)).Norm() / (h * h),
		rate:  w1.Norm(), spin: w1.Sub(w0).Norm() / h,
	}
}

// A hand-held walk and a drive have bounded velocity, acceleration, angular
// rate and angular acceleration, and the length that was asked for.
func TestPathsAreSmooth(t *testing.T) {
	for _, c := range []struct {
		spec   string
		most   body
		within float64 // of the length
	}{
		{"synthetic:room", body{1.3, 3, 1.6, 9}, .06},
		{"synthetic:room:8", body{1.3, 3, 1.8, 12}, .12},
		{"synthetic:room:100", body{1.3, 3, 1.6, 9}, .06},
		{"synthetic:corridor", body{1.3, 3, 1.7, 9}, .08},
		{"synthetic:corridor:130", body{1.3, 3, 1.7, 9}, .08},
		{"synthetic:office:70", body{1.3, 3, 1.8, 9}, .08},
		{"synthetic:supermarket:90", body{1.3, 3, 1.8, 9}, .08},
		{"synthetic:stairs", body{1.3, 3, 2.2, 12}, .1},
		{"synthetic:street", body{13, 4, .8, 2.5}, .01},
		{"synthetic:street:2000", body{13, 4, .8, 2.5}, .01},
		{"synthetic:tour", body{13, 4, .8, 2.5}, .01},
		{"synthetic:tour:9000", body{13, 4, .8, 2.5}, .01},
	} {
		for seed := range uint64(3) {
			p, lengthM := pathOf(t, c.spec, seed)
			var most body
			sum := 0.
			last := p.pose(0).T
			for at := .02; at < p.durationS()-.02; at += .02 {
				b := bodyAt(p, at)
				most = body{max(most.speed, b.speed), max(most.accel, b.accel), max(most.rate, b.rate), max(most.spin, b.spin)}
				here := p.pose(at).T
				sum += here.Sub(last).Norm()
				last = here
			}
			if most.speed > c.most.speed || most.accel > c.most.accel || most.rate > c.most.rate || most.spin > c.most.spin {
				t.Errorf("%s, seed %d: up to %+.2f, want at most %+.2f", c.spec, seed, most, c.most)
			}
			if math.Abs(sum-lengthM) > c.within*lengthM {
				t.Errorf("%s, seed %d: the path is %.2f m long", c.spec, seed, sum)
			}
		}
	}
}

// The end of a path is near its start, and looks the same way.
func TestLoopsClose(t *testing.T) {
	for _, c := range []struct {
		spec         string
		nearM, angle float64
	}{
		{"synthetic:room", .3, .35}, {"synthetic:room:5", .3, .5}, {"synthetic:room:50", .3, .35},
		{"synthetic:corridor:45", .3, .35}, {"synthetic:office:30", .3, .5}, {"synthetic:supermarket:34", .3, .5},
		{"synthetic:street", .6, .06}, {"synthetic:street:260", .6, .06}, {"synthetic:street:2000", .6, .06}, {"synthetic:street:5000", .6, .06},
		{"synthetic:tour:230", .6, .06}, {"synthetic:tour:500", .6, .06}, {"synthetic:tour:700", .6, .06}, {"synthetic:tour:2000", .6, .06}, {"synthetic:tour:8700", .6, .06},
	} {
		for seed := range uint64(3) {
			p, _ := pathOf(t, c.spec, seed)
			// The last pose against those of the first part of the path.
			end := p.pose(p.durationS())
			bestM, angle := math.Inf(1), 0.
			for at := 0.; at < p.durationS()/3; at += .02 {
				q := p.pose(at)
				if d := q.T.Sub(end.T).Norm(); d < bestM {
					bestM, angle = d, geom.RotationAngle(q.R.T().Mul(end.R))
				}
			}
			if bestM > c.nearM || angle > c.angle {
				t.Errorf("%s, seed %d: the end is %.2f m and %.2f rad from the nearest pose of the first third", c.spec, seed, bestM, angle)
			}
		}
	}
}

// A tour comes back to no street before its end, and on no part of it near another.
func TestTourIsNew(t *testing.T) {
	for _, c := range []struct {
		lengthM float64
		spec    string
	}{{700, "synthetic:tour:700"}, {2000, "synthetic:tour:2000"}, {8700, "synthetic:tour:8700"}} {
		p, _ := pathOf(t, c.spec, 1)
		plan, _ := planTour(c.lengthM)
		var at []geom.Vec3
		for s := 0.; s < p.durationS(); s += .5 {
			at = append(at, p.pose(s).T)
		}
		again := 0
		for i := range at {
			for j := range at[:max(i-40, 0)] { // 20 s before, more than a block
				if at[i].Sub(at[j]).Norm() < plan.pitchM/2 {
					again++
					if back := p.durationS() - .5*float64(i); back > 20 {
						t.Fatalf("%s: %.0f s before the end it is where it was at %.0f s", c.spec, back, .5*float64(j))
					}
				}
			}
		}
		if again == 0 {
			t.Errorf("%s: it does not come back", c.spec)
		}
	}
}

// The street's camera keeps its height exactly, and drives the last metres
// where it drove the first.
func TestStreetCameraHeight(t *testing.T) {
	p, _ := pathOf(t, "synthetic:street:700", 1)
	for at := 0.; at < p.durationS(); at += .1 {
		if z := p.pose(at).T.Z; z != StreetCameraHeightM {
			t.Fatalf("height %v at %.1f s, want %v", z, at, StreetCameraHeightM)
		}
	}
}

// Every pose of Truth is that of its frame, and times increase strictly.
func TestTruthBelongsToFrames(t *testing.T) {
	opt := Options{Seed: 2, Start: 7, Stride: 11, MaxFrames: 3}
	s, err := New("synthetic:room:4", opt)
	if err != nil {
		t.Fatal(err)
	}
	truth := s.Truth()
	for i, f := range frames(t, "synthetic:room:4", opt) {
		if f.Time != truth[i].Time || *f.Truth != truth[i].Pose || f.Index != 7+11*i {
			t.Errorf("frame %d (index %d, %v s) has another truth than Truth", i, f.Index, f.Time)
		}
		if i > 0 && !(f.Time > truth[i-1].Time) {
			t.Errorf("time %v follows %v", f.Time, truth[i-1].Time)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// bareScene returns a scene without texture and light, which is fast to build.
func bareScene(t *testing.T, spec string, seed uint64) (scene, cameraPath) {
	t.Helper()
	req, err := parseSpec(spec)
	if err != nil {
		t.Fatal(err)
	}
	plain := newTexture(newCanvas(1, 1, rgb{.5, .5, .5}))
	if plan, ok := cityPlans[req.name]; ok {
		p, _ := plan(req.lengthM)
		path := newStreetPath(p, req.lengthM, seed)
		s := newCityScene(p, path, slices.Repeat([]*texture{plain}, numStreets), seed)
		s.light.rays = 0
		return s, path
	}
	path, build := indoorPlaces[req.name](req.lengthM, seed)
	return build(slices.Repeat([]*texture{plain}, numIndoors), lighting{}), path
}

// The camera stays clear of everything: no depth is below the bound over the
// whole path, for several scenes.
func TestCameraKeepsItsDistance(t *testing.T) {
	for _, c := range []struct {
		spec   string
		stepS  float64
		leastM float64
	}{{"synthetic:room", .5, .3}, {"synthetic:room:5", .5, .3}, {"synthetic:corridor:130", .5, .3}, {"synthetic:office:60", .5, .3},
		{"synthetic:supermarket:60", .5, .3}, {"synthetic:stairs", .3, .25}, {"synthetic:street:260", 2, 1.2}, {"synthetic:tour:600", 2, 1.2}} {
		for seed := range uint64(2) {
			sc, path := bareScene(t, c.spec, seed)
			p := newPainter(geom.CameraFromFOV(160, 120, 1.2), sc.surroundings())
			for at := 0.; at < path.durationS(); at += c.stepS {
				pose := path.pose(at)
				p.paint(pose, sc.groups(pose, at, nil), .3)
				for i, z := range p.depthM {
					if z > 0 && float64(z) < c.leastM {
						t.Fatalf("%s, seed %d: %.2f m before the camera at %.1f s, pixel %d", c.spec, seed, z, at, i)
					}
				}
			}
		}
	}
}

// A drive holds a bounded number of streets, even straight on, where every
// street is new.
func TestMemoryIsBounded(t *testing.T) {
	sc, _ := bareScene(t, "synthetic:street:400", 1)
	city := sc.(*cityScene)
	most := 0
	for x := 0.; x < 3000; x += 200 {
		pose := geom.SE3{R: orientation(0, 0, 0), T: geom.Vec3{X: x, Y: -laneM, Z: StreetCameraHeightM}}
		city.groups(pose, 0, nil)
		most = max(most, len(city.blocks))
	}
	t.Logf("at most %d streets and crossings", most)
	if most > 150 {
		t.Errorf("%d streets and crossings are kept, want at most some 100", most)
	}
}
