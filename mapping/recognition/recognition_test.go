package recognition

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/mapping/internal/descriptors"
	"github.com/metricslam/metricslam/slam"
)

func randomImage(r *rand.Rand, n int) []Keypoint {
	p := make([]Keypoint, n)
	for i := range p {
		p[i].Desc = descriptors.Random(r)
	}
	return p
}

// seenAgain is a place whose corners differ in the given share of bits, half of
// them hidden behind new ones, in another order.
func seenAgain(r *rand.Rand, p []Keypoint, bitNoise float64) (q []Keypoint, from []int) {
	from = r.Perm(len(p))
	q = make([]Keypoint, len(p))
	for i, k := range from {
		q[i].Desc = descriptors.Flip(r, p[k].Desc, bitNoise)
		if i%2 == 1 {
			q[i].Desc, from[i] = descriptors.Random(r), -1
		}
	}
	return q, from
}

func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	index := NewIndex()
	var places [][]Keypoint
	for kf := range 40 {
		places = append(places, randomImage(r, 500))
		index.Add(kf, places[kf])
	}
	none := func(int) bool { return false }
	for _, kf := range []int{0, 17, 39} {
		q, _ := seenAgain(r, places[kf], .08)
		got := index.Query(q, none)
		if len(got) == 0 || got[0].Keyframe != kf || got[0].Votes < 40 {
			t.Fatalf("keyframe %d: candidates %v", kf, got)
		}
		if len(got) > 1 && got[1].Votes*10 > got[0].Votes {
			t.Errorf("keyframe %d: an unrelated place has %d votes of %d", kf, got[1].Votes, got[0].Votes)
		}
		if left := index.Query(q, func(o int) bool { return o == kf }); len(left) > 0 && left[0].Votes >= 12 {
			t.Errorf("keyframe %d is left out, but %v is a candidate", kf, left[0])
		}
	}
	if got := index.Query(nil, none); len(got) != 0 {
		t.Errorf("no features have %d candidates", len(got))
	}
	again, _ := seenAgain(r, places[39], 0)
	index.Remove(39)
	if got := index.Query(again, none); len(got) > 0 && got[0].Keyframe == 39 {
		t.Error("a keyframe that was removed is found")
	}
	index.Add(39, places[3]) // an id that is used again
	q, _ := seenAgain(r, places[3], .05)
	if got := index.Query(q, none); len(got) < 2 || got[0].Keyframe+got[1].Keyframe != 42 {
		t.Errorf("the same place twice: candidates %v", got)
	}
}

// Keys choose 16 different bits in each table.
func TestKey(t *testing.T) {
	for table := range tables {
		var bits int
		for bit := range 256 {
			var d slam.Descriptor
			d[bit/8] = 1 << (bit % 8)
			if keyOf(&d, table) != 0 {
				bits++
			}
		}
		if bits != 16 {
			t.Errorf("table %d looks at %d bits", table, bits)
		}
	}
}

func TestMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a := randomImage(r, 400)
	for _, noise := range []float64{0, .05, .1} {
		b, from := seenAgain(r, a, noise)
		pairs := Match(a, b)
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
	if pairs := Match(a, randomImage(r, 400)); len(pairs) != 0 {
		t.Errorf("%d pairs between unrelated images", len(pairs))
	}
	// A corner of a repeated pattern is matched to none.
	twice := append(slices.Clone(a[:50]), a[:50]...)
	if pairs := Match(a[:50], twice); len(pairs) != 0 {
		t.Errorf("%d pairs in a pattern that repeats", len(pairs))
	}
	if len(Match(nil, a)) != 0 || len(Match(a, nil)) != 0 {
		t.Error("pairs of nothing")
	}
}

// naiveMatches follows the definition of Match word by word.
func naiveMatches(a, b []Keypoint) (out [][2]int) {
	for i := range a {
		for j := range b {
			d := a[i].Desc.Hamming(&b[j].Desc)
			good := d <= maxHamming
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
