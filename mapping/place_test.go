package mapping

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/slam"
)

func randomDescriptor(r *rand.Rand) (d slam.Descriptor) {
	for i := range d {
		d[i] = byte(r.Uint32())
	}
	return d
}

// flipped returns d with each bit turned over with the given chance.
func flipped(r *rand.Rand, d slam.Descriptor, chance float64) slam.Descriptor {
	for bit := range 256 {
		if r.Float64() < chance {
			d[bit/8] ^= 1 << (bit % 8)
		}
	}
	return d
}

func randomPlace(r *rand.Rand, n int) []PlaceFeature {
	p := make([]PlaceFeature, n)
	for i := range p {
		p[i].Desc = randomDescriptor(r)
	}
	return p
}

// seenAgain is a place whose corners differ in the given share of bits, half of
// them hidden behind new ones, in another order.
func seenAgain(r *rand.Rand, p []PlaceFeature, bitNoise float64) (q []PlaceFeature, from []int) {
	from = r.Perm(len(p))
	q = make([]PlaceFeature, len(p))
	for i, k := range from {
		q[i].Desc = flipped(r, p[k].Desc, bitNoise)
		if i%2 == 1 {
			q[i].Desc, from[i] = randomDescriptor(r), -1
		}
	}
	return q, from
}

func TestPlaceIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	index := newPlaceIndex()
	var places [][]PlaceFeature
	for kf := range 40 {
		places = append(places, randomPlace(r, 500))
		index.add(kf, places[kf])
	}
	none := func(int) bool { return false }
	for _, kf := range []int{0, 17, 39} {
		q, _ := seenAgain(r, places[kf], .08)
		got := index.query(q, none)
		if len(got) == 0 || got[0].kf != kf || got[0].votes < 40 {
			t.Fatalf("keyframe %d: candidates %v", kf, got)
		}
		if len(got) > 1 && got[1].votes*10 > got[0].votes {
			t.Errorf("keyframe %d: an unrelated place has %d votes of %d", kf, got[1].votes, got[0].votes)
		}
		if left := index.query(q, func(o int) bool { return o == kf }); len(left) > 0 && left[0].votes >= linkMinVotes {
			t.Errorf("keyframe %d is left out, but %v is a candidate", kf, left[0])
		}
	}
	if got := index.query(nil, none); len(got) != 0 {
		t.Errorf("no features have %d candidates", len(got))
	}
	again, _ := seenAgain(r, places[39], 0)
	index.remove(39)
	if got := index.query(again, none); len(got) > 0 && got[0].kf == 39 {
		t.Error("a keyframe that was removed is found")
	}
	index.add(39, places[3]) // an id that is used again
	q, _ := seenAgain(r, places[3], .05)
	if got := index.query(q, none); len(got) < 2 || got[0].kf+got[1].kf != 42 {
		t.Errorf("the same place twice: candidates %v", got)
	}
}

// Keys choose 16 different bits in each table.
func TestPlaceKey(t *testing.T) {
	for table := range placeTables {
		var bits int
		for bit := range 256 {
			var d slam.Descriptor
			d[bit/8] = 1 << (bit % 8)
			if placeKey(&d, table) != 0 {
				bits++
			}
		}
		if bits != 16 {
			t.Errorf("table %d looks at %d bits", table, bits)
		}
	}
}

func TestMatchPlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a := randomPlace(r, 400)
	for _, noise := range []float64{0, .05, .1} {
		b, from := seenAgain(r, a, noise)
		pairs := matchPlaces(a, b)
		if len(pairs) < 190 {
			t.Errorf("bit noise %g: %d of 200 pairs found", noise, len(pairs))
		}
		for _, p := range pairs {
			if from[p[1]] != p[0] {
				t.Errorf("bit noise %g: %d matches %d, want %d", noise, p[1], p[0], from[p[1]])
			}
		}
		if naive := naiveMatches(a, b); !slices.Equal(pairs[:len(naive)], naive) {
			t.Errorf("bit noise %g: not the first pairs of the naive matcher", noise)
		}
	}
	if pairs := matchPlaces(a, randomPlace(r, 400)); len(pairs) != 0 {
		t.Errorf("%d pairs between unrelated places", len(pairs))
	}
	// A corner of a repeated pattern is matched to none.
	twice := append(slices.Clone(a[:50]), a[:50]...)
	if pairs := matchPlaces(a[:50], twice); len(pairs) != 0 {
		t.Errorf("%d pairs in a pattern that repeats", len(pairs))
	}
	if len(matchPlaces(nil, a)) != 0 || len(matchPlaces(a, nil)) != 0 {
		t.Error("pairs of nothing")
	}
}

// naiveMatches follows the definition of matchPlaces word by word.
func naiveMatches(a, b []PlaceFeature) (out [][2]int) {
	for i := range a {
		for j := range b {
			d := a[i].Desc.Hamming(&b[j].Desc)
			good := d <= placeHamming
			for k := range b {
				good = good && (k == j || float64(d) < .85*float64(a[i].Desc.Hamming(&b[k].Desc)))
			}
			for k := range a {
				e := a[k].Desc.Hamming(&b[j].Desc)
				good = good && (k == i || d < e || d == e && i < k)
			}
			if good {
				out = append(out, [2]int{i, j})
				break
			}
		}
		if len(out) > 20 { // enough
			break
		}
	}
	return out
}
