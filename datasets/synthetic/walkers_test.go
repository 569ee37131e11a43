package synthetic

import (
	"slices"
	"testing"
)

// A person passes, stays close before the camera for three seconds and leaves;
// what moves is in the image and in the depth, and nowhere else.
func TestWalkersComeAndGo(t *testing.T) {
	const spec = "synthetic:room:16"
	empty, err := New(spec, Options{Seed: 2, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	full, err := New(spec+",walkers=1", Options{Seed: 2, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := newPainter(empty.cam, empty.scene.surroundings())
	covered := func(at float64) float64 {
		pose := empty.path.pose(at)
		if pose != full.path.pose(at) {
			t.Fatal("walkers change the camera's path")
		}
		p.paint(pose, empty.scene.groups(pose, at, nil), .3)
		want := slices.Clone(p.depthM)
		p.paint(pose, full.scene.groups(pose, at, nil), .3)
		n := 0
		for i, z := range p.depthM {
			if z != want[i] {
				n++
				if z > want[i] {
					t.Fatalf("at %.1f s something is behind the wall", at)
				}
			}
		}
		return float64(n) / float64(len(want))
	}
	if got := covered(2); got != 0 {
		t.Errorf("%.2f of the image moves before anybody came", got)
	}
	most := 0.
	for at := 3 + overtakenS + .2; at < 3+overtakenS+holdS; at += .5 {
		most = max(most, covered(at))
	}
	if most < .15 || most > .7 {
		t.Errorf("somebody a metre away covers %.2f of the image", most)
	}
	if got := covered(3 + visitS - .5); got > .1 {
		t.Errorf("somebody who left still covers %.2f", got)
	}
}

// The walls of a plan surround it once, facing inward.
func TestWallsSurroundPlans(t *testing.T) {
	plan := floorPlan(ringRects())
	outer, inner := 2*(corridorAM+corridorBM+2*corridorWideM), 2*(corridorAM+corridorBM-2*corridorWideM)
	sum := 0.
	for _, w := range plan.walls(0, nil) {
		sum += w.lengthM
		mid := w.at.p(w.lengthM/2, .1, 0)
		behind := w.at.p(w.lengthM/2, -.1, 0)
		if !plan.contains(mid.X, mid.Y) || plan.contains(behind.X, behind.Y) {
			t.Errorf("the wall at %v does not face the corridor", mid)
		}
	}
	if d := sum - (outer + inner); d > 1e-6 || d < -1e-6 {
		t.Errorf("walls of %.2f m, want %.2f", sum, outer+inner)
	}
	open := plan.walls(0, []rect{{-1.3, corridorBM - 1.1, -.9, corridorBM + 1.1}})
	less := 0.
	for _, w := range open {
		less += w.lengthM
	}
	if d := sum - less - corridorWideM; d > 1e-6 || d < -1e-6 {
		t.Errorf("an opening of %.2f m takes %.2f m of wall away", corridorWideM, sum-less)
	}
}
