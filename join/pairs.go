package join

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/mapping/recognition"
)

const (
	// pairVotes is how many keypoints two keyframes of different maps have in common
	// to count. Within a map 12 of 400 make a candidate (mapping, linkMinVotes).
	pairVotes = 10
	// pairShare is how many votes it must have at least of those that a keyframe's most
	// alike neighbour has in its own map, as ORB-SLAM asks of a loop (Mur-Artal 2015). In
	// a street where all facades are of one kind others have .2 of them in the median, the
	// same place 1 to 3; the same corner of a kitchen from another side .3.
	pairShare = .4
	// pairKeyframes is how many keyframes of one map must have such a counterpart. A
	// single one is as often a poster, a screen or a repeated facade.
	pairKeyframes = 2
	// pairMaps bounds the maps that one is compared with: so many recordings of one
	// place hold each other well, and pairs grow with the number of maps, not with its
	// square.
	pairMaps = 8
)

// Pairs are the maps that may show the same place, best first.
type Pairs struct {
	Kind    string   `json:"kind"` // "pairs"
	Version int      `json:"version"`
	Maps    []MapRef `json:"maps"`
	Pairs   []Pair   `json:"pairs"`
}

// Pair is two maps by their place in Pairs.Maps, A before B.
type Pair struct {
	A         int `json:"a"`
	B         int `json:"b"`
	Keyframes int `json:"keyframes"` // of either with a counterpart in the other
	Votes     int `json:"votes"`     // keypoints that these have in common
}

const pairsKind = "pairs"

// FindPairs compares the places of all maps by one index over all of them.
func FindPairs(all []*Index) (*Pairs, error) {
	out := &Pairs{Kind: pairsKind, Version: Version, Pairs: []Pair{}}
	names := make(map[string]bool)
	x := recognition.NewIndex()
	var owner []int // map, by keyframe of the index
	for i, m := range all {
		if names[m.Map.File] {
			return nil, fmt.Errorf("%s is given twice", m.Map.File)
		}
		names[m.Map.File] = true
		out.Maps = append(out.Maps, m.Map)
		for j := range m.Keyframes {
			x.Add(len(owner), m.Keyframes[j].keypoints())
			owner = append(owner, i)
		}
	}
	table := make(map[[2]int]*Pair)
	self := -1
	for i, m := range all {
		for j := range m.Keyframes {
			self++
			best := make(map[int]int) // votes by map
			for _, c := range x.Query(m.Keyframes[j].keypoints(), func(kf int) bool { return kf == self }) {
				o := owner[c.Keyframe]
				best[o] = max(best[o], c.Votes)
			}
			least := max(pairVotes, int(math.Ceil(pairShare*float64(best[i]))))
			for o, votes := range best {
				if o == i || votes < least {
					continue
				}
				k := [2]int{min(i, o), max(i, o)}
				if table[k] == nil {
					table[k] = &Pair{A: k[0], B: k[1]}
				}
				table[k].Keyframes++
				table[k].Votes += votes
			}
		}
	}
	for _, p := range table {
		if p.Keyframes >= pairKeyframes {
			out.Pairs = append(out.Pairs, *p)
		}
	}
	slices.SortFunc(out.Pairs, func(p, q Pair) int {
		return cmp.Or(q.Votes-p.Votes, p.A-q.A, p.B-q.B)
	})
	// A pair is kept where it is one of the best of either map.
	kept := make([]int, len(all))
	out.Pairs = slices.DeleteFunc(out.Pairs, func(p Pair) bool {
		if kept[p.A] >= pairMaps && kept[p.B] >= pairMaps {
			return true
		}
		kept[p.A]++
		kept[p.B]++
		return false
	})
	return out, nil
}

// Write writes the pairs.
func (p *Pairs) Write(path string) error { return WriteJSON(path, p) }

// ReadPairs reads pairs.
func ReadPairs(path string) (*Pairs, error) {
	p := new(Pairs)
	if err := ReadJSON(path, pairsKind, p); err != nil {
		return nil, err
	}
	for _, q := range p.Pairs {
		if q.A < 0 || q.A >= q.B || q.B >= len(p.Maps) {
			return nil, fmt.Errorf("%s: a pair of maps %d and %d of %d", path, q.A, q.B, len(p.Maps))
		}
	}
	return p, nil
}
