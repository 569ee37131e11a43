package mapping

import (
	"math"
	"slices"
	"testing"
)

// choosing is a global adjustment of w that may hold so many observations.
func (w *synthetic) choosing(most int) (b *bundle, all []*Landmark, seen map[int]int) {
	var ids []int
	for _, k := range w.m.Keyframes {
		ids = append(ids, k.ID)
	}
	b = newBundle(w.m, Default(), ids[1:], ids[:1], 0, 1)
	b.most = most
	ids, seen = b.landmarkIDs()
	for _, id := range ids {
		all = append(all, w.m.landmarks.get(id))
	}
	return b, all, seen
}

// What is chosen fits, is spread over every image, and is what is seen most
// often; what links made comes first.
func TestChoose(t *testing.T) {
	w := newSynthetic(syntheticSpec{keyframes: 12, points: 800})
	tie := w.m.landmarks.get(3)
	w.m.landmarks.remove(3)
	tie.ID = firstLinkLandmark + 3
	w.m.landmarks.put(tie)
	for _, o := range tie.Obs {
		w.m.Keyframes[o.KF].Features[o.Index].Landmark = tie.ID
	}
	b, all, seen := w.choosing(1500)
	sum := 0
	for _, l := range all {
		sum += seen[l.ID]
	}
	taken, left, n := b.choose(all, seen)
	if n > 1500 || n < 1500-12 || len(taken)+len(left) != len(all) || sum < 3000 {
		t.Fatalf("%d observations of %d, %d landmarks and %d of %d", n, sum, len(taken), len(left), len(all))
	}
	if !slices.Contains(taken, tie) {
		t.Error("a link's landmark is left out")
	}
	if again, _, _ := b.choose(all, seen); !slices.Equal(again, taken) {
		t.Error("the second choice is another one")
	}
	mean := func(of []*Landmark) (m float64) {
		for _, l := range of {
			m += float64(seen[l.ID]) / float64(len(of))
		}
		return m
	}
	if mean(taken) < mean(left)+1 {
		t.Errorf("what is taken is seen %.1f times, what is left %.1f times", mean(taken), mean(left))
	}
	var had, has [12]cellCounts
	count := func(of []*Landmark, counts *[12]cellCounts) {
		for _, l := range of {
			for _, o := range l.Obs {
				k := w.m.Keyframes[o.KF]
				counts[o.KF][cellOf(k.Features[o.Index].Pixel, k.Camera)]++
			}
		}
	}
	count(all, &had)
	count(taken, &has)
	for kf := range had {
		for c, n := range had[kf] {
			if n >= 2 && has[kf][c] < 2 {
				t.Errorf("keyframe %d, cell %d: %d of %d landmarks are taken", kf, c, has[kf][c], n)
			}
		}
	}
}

// A third of the observations hold the keyframes, and the landmarks that are left
// out follow.
func TestGlobalBundleChooses(t *testing.T) {
	truth := newSynthetic(syntheticSpec{keyframes: 12, points: 800})
	w := newSynthetic(syntheticSpec{keyframes: 12, points: 800, noisePx: .3, depth: true, depthNoise: .03})
	w.disturb(1, .02, .01, .05)
	cfg := Default()
	cfg.GlobalObservations = 1500
	for range 3 {
		if _, err := w.m.globalBundle(t.Context(), cfg, 0, 1, 0, 20, nil); err != nil {
			t.Fatal(err)
		}
	}
	if m, rad := w.poseErrors(); m > .015 || rad > .003 {
		t.Errorf("poses are off by %.4f m and %.4f rad", m, rad)
	}
	var off []float64
	for l := range w.m.landmarks.all() {
		if len(l.Obs) >= 2 {
			off = append(off, math.Abs(math.Log(l.InvDepth/truth.m.landmarks.get(l.ID).InvDepth)))
		}
	}
	slices.Sort(off)
	if n := len(off); n < 500 || off[n/2] > .006 || off[n*95/100] > .03 {
		t.Errorf("depths of %d landmarks are off by %.4f, 95 %% by less than %.4f", n, off[n/2], off[n*95/100])
	}
	checkInvariants(t, w.m)
}
