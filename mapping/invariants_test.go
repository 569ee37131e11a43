package mapping

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

// checkCounts asks that what a map keeps beside its keyframes and landmarks agrees
// with them.
func checkCounts(t *testing.T, m *Map) {
	t.Helper()
	known := 0
	for l := range m.landmarks.all() {
		if l.Known() {
			known++
		}
	}
	if known != m.landmarks.known {
		t.Errorf("%d landmarks have a depth, counted are %d", known, m.landmarks.known)
	}
	culled := 0
	children := make(map[int]int)
	for _, k := range m.Keyframes {
		if k.Part < 0 || k.Part >= m.parts {
			t.Errorf("keyframe %d is of part %d of %d", k.ID, k.Part, m.parts)
		}
		if k.Tether != nil && !m.tethered[k.Tether.From] {
			t.Errorf("keyframe %d is not noted as an end of a tether", k.Tether.From)
		}
		if !k.Culled() {
			continue
		}
		culled++
		children[k.parent.by]++
		if by := m.Keyframes[k.parent.by]; by.Culled() || by.Part != k.Part {
			t.Errorf("culled keyframe %d has the parent %d of part %d, culled: %v", k.ID, by.ID, by.Part, by.Culled())
		}
		if len(k.Features) > 0 {
			t.Errorf("culled keyframe %d has features", k.ID)
		}
	}
	if culled != m.culled {
		t.Errorf("%d keyframes are culled, counted are %d", culled, m.culled)
	}
	for id, all := range m.children {
		if len(all) != children[id] {
			t.Errorf("keyframe %d has %d children, noted are %d", id, children[id], len(all))
		}
	}
	for part := range m.parts {
		first := slices.IndexFunc(m.Keyframes, func(k *Keyframe) bool { return k.Part == part })
		if got := m.origin(part); got != first {
			t.Errorf("the origin of part %d is keyframe %d, want %d", part, got, first)
		}
	}
}

// Whatever is done to a map, in any order, its keyframes, landmarks and counts agree
// with each other.
func TestInvariants(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newSynthetic(syntheticSpec{keyframes: 8, points: 80, noisePx: .3, depth: true, depthNoise: .02})
		m := NewMapper(Default(), &fakeMatcher{}, nil)
		m.use(w.m)
		var linked []int
		alive := func() *Keyframe {
			for {
				if k := m.Map.Keyframes[r.IntN(len(m.Map.Keyframes))]; !k.Culled() {
					return k
				}
			}
		}
		operations := map[string]func(){
			"add a keyframe": func() {
				from := alive()
				k := &Keyframe{Pose: from.Pose.Retract(geom.Tangent6{.1 * r.NormFloat64()}), Camera: testCamera, Unit: 1, Part: from.Part}
				if r.IntN(3) == 0 {
					k.Tether = &Tether{From: from.ID}
				}
				for _, f := range from.Features {
					if f.Landmark >= 0 && r.IntN(2) == 0 {
						k.Features = append(k.Features, Feature{Landmark: f.Landmark, Pixel: f.Pixel})
					}
				}
				k.Features = append(k.Features, Feature{Landmark: 10_000 + len(m.Map.Keyframes), Pixel: geom.Vec2{X: 9, Y: 9}})
				m.Map.addKeyframe(k)
			},
			"observe": func() {
				k, l := alive(), m.Map.landmarks.get(r.IntN(80))
				if l == nil || slices.ContainsFunc(l.Obs, func(o Observation) bool { return o.KF == k.ID }) {
					return
				}
				if err := m.Map.observe(l, k, geom.Vec2{X: 100, Y: 100}); err != nil {
					t.Fatal(err)
				}
			},
			"forget an observation": func() {
				if l := m.Map.landmarks.get(r.IntN(80)); l != nil {
					m.Map.forgetObservation(l, l.Obs[r.IntN(len(l.Obs))])
				}
			},
			"change a depth": func() {
				if l := m.Map.landmarks.get(r.IntN(80)); l != nil {
					m.Map.setDepth(l, math.Max(r.Float64()-.2, 0))
				}
			},
			"link": func() {
				a, b := alive(), alive()
				if a == b {
					return
				}
				ids, err := m.Map.addLinkLandmarks(a, b, []linkPair{{geom.Vec2{X: 50, Y: 60}, geom.Vec2{X: 51, Y: 61}, 2}})
				if err != nil {
					t.Fatal(err)
				}
				linked = append(linked, ids...)
			},
			"remove a link": func() {
				if len(linked) > 0 {
					m.Map.removeLandmark(linked[len(linked)-1])
					linked = linked[:len(linked)-1]
				}
			},
			"cull": func() {
				k, by := alive(), alive()
				if k.Part == by.Part && k != by && !m.Map.needed(k) {
					m.remove(k, by)
				}
			},
			"correct": func() {
				k := alive()
				c := Correction{part: k.Part, current: map[int]int{}}
				for _, o := range m.Map.Keyframes {
					if !o.Culled() && (o.Part == k.Part || r.IntN(3) == 0) {
						pose := geom.Sim3FromSE3(o.Pose, 1).Mul(geom.ExpSim3(geom.Tangent7{.1, 0, 0, 0, .05, 0, .02 * r.NormFloat64()}))
						c.poses = append(c.poses, correctedPose{o.ID, pose})
					}
				}
				m.apply(c)
				m.Map.moveChildren()
			},
			"split": func() {
				k := alive()
				m.apply(Correction{part: k.Part, parts: map[int]int{k.ID: m.Map.parts}})
				m.Map.moveChildren()
			},
			"rescale": func() { m.Map.rescale(alive().Part, .5+r.Float64()) },
			"move": func() {
				k := alive()
				m.Map.movePose(k, k.Pose.Retract(geom.Tangent6{.01}))
				m.Map.moveChildren()
			},
			"new part": func() { m.NewPart(nil) },
		}
		names := slices.Sorted(maps.Keys(operations))
		for range 150 {
			name := names[r.IntN(len(names))]
			operations[name]()
			checkInvariants(t, m.Map)
			if checkCounts(t, m.Map); t.Failed() {
				t.Fatalf("seed %d: after %q", seed, name)
			}
		}
	}
}
