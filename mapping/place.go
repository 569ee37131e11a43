package mapping

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sort"

	"github.com/metricslam/metricslam/slam"
)

// placeIndex finds keyframes that show the same place, without a vocabulary: a
// descriptor is entered into several hash tables, each under a fixed choice of
// 16 of its 256 bits (locality-sensitive hashing, Indyk and Motwani 1998). Two
// views of a corner differ in some 30 bits, so that they meet in most cases in
// at least one table, and unrelated corners almost never.
type placeIndex struct {
	tables [placeTables][][]placeEntry // by key; nil before the first keyframe
	desc   [][]slam.Descriptor         // of what is entered, by keyframe
	n      int                         // keyframes
}

// placeEntry is a keyframe and one of its features.
type placeEntry uint32

func newPlaceEntry(kf, feature int) placeEntry {
	return placeEntry(kf<<placeFeatureBits | feature)
}

func (e placeEntry) kf() int      { return int(e >> placeFeatureBits) }
func (e placeEntry) feature() int { return int(e & (1<<placeFeatureBits - 1)) }

const (
	placeTables      = 10
	placeIndexed     = 400 // strongest features of a keyframe that are entered
	placeFeatureBits = 9   // hold their numbers; the rest counts 8 million keyframes
	placeBusy        = 200 // entries above which a key says nothing, and
	placeBusyShare   = 10  // one part in so many of the keyframes where that is more
	placeHamming     = 48  // bits in which two views of a corner may differ
)

func newPlaceIndex() *placeIndex { return &placeIndex{} }

// key picks the 16 bits of table t. Bits of neighbouring bytes come from
// unrelated pixel pairs, so that a stride through the descriptor is as good as a
// random choice, and the same on every machine.
func placeKey(d *slam.Descriptor, t int) uint16 {
	var k uint16
	for i := range 16 {
		bit := (t*7 + i*(2*t+15)) % 256
		k = k<<1 | uint16(d[bit/8]>>(bit%8)&1)
	}
	return k
}

// add enters a keyframe.
func (p *placeIndex) add(kf int, features []PlaceFeature) {
	for t := range p.tables {
		if p.tables[t] == nil {
			p.tables[t] = make([][]placeEntry, 1<<16)
		}
	}
	desc := make([]slam.Descriptor, min(len(features), placeIndexed))
	for len(p.desc) <= kf {
		p.desc = append(p.desc, nil)
	}
	p.desc[kf] = desc
	p.n++
	for i := range desc {
		desc[i] = features[i].Desc
		for t := range p.tables {
			k := placeKey(&desc[i], t)
			p.tables[t][k] = append(p.tables[t][k], newPlaceEntry(kf, i))
		}
	}
}

// remove takes a keyframe out again.
func (p *placeIndex) remove(kf int) {
	if kf >= len(p.desc) || p.desc[kf] == nil {
		return
	}
	for i := range p.desc[kf] {
		for t := range p.tables {
			k := placeKey(&p.desc[kf][i], t)
			p.tables[t][k] = slices.DeleteFunc(p.tables[t][k], func(e placeEntry) bool { return e.kf() == kf })
		}
	}
	p.desc[kf] = nil
	p.n--
}

// placeCandidate is a keyframe with the number of features it has in common with
// a query.
type placeCandidate struct{ kf, votes int }

// tally counts the votes for a keyframe.
type tally struct {
	votes       int
	last        int // the last feature that voted for it, from 1
	asked, skip bool
}

// skipped reports whether the keyframe is left out, and asks but once.
func (c *tally) skipped(kf int, skip func(kf int) bool) bool {
	if !c.asked {
		c.asked, c.skip = true, skip(kf)
	}
	return c.skip
}

// query returns the keyframes with most features in common, best first; a
// keyframe for which skip is true is left out.
func (p *placeIndex) query(features []PlaceFeature, skip func(kf int) bool) []placeCandidate {
	if p.n == 0 {
		return nil
	}
	busy := max(placeBusy, p.n/placeBusyShare)
	tallies := make([]tally, len(p.desc))
	for i := range features[:min(len(features), placeIndexed)] {
		d := &features[i].Desc
		for t := range p.tables {
			entries := p.tables[t][placeKey(d, t)]
			if len(entries) > busy {
				continue
			}
			for _, e := range entries {
				kf := e.kf()
				c := &tallies[kf]
				if c.last == i+1 || c.skipped(kf, skip) || p.desc[kf][e.feature()].Hamming(d) > placeHamming {
					continue
				}
				c.last = i + 1
				c.votes++
			}
		}
	}
	var out []placeCandidate
	for kf, c := range tallies {
		if c.votes > 0 {
			out = append(out, placeCandidate{kf, c.votes})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].votes != out[j].votes {
			return out[i].votes > out[j].votes
		}
		return out[i].kf < out[j].kf
	})
	return out
}

const (
	placeRatio = .85 // of the distances of the nearest and the second
	// placeFar is a distance that neither a match nor its second can have.
	placeFar = placeHamming*100/85 + 1
)

// matchPlaces pairs the features of two pictures: each other's nearest, within
// placeHamming and clearly nearer than the second (Lowe's ratio).
func matchPlaces(a, b []PlaceFeature) [][2]int {
	wa, wb := words(a), words(b)
	bestB := make([]int, len(b)) // index in a of the nearest, and its distance
	distB := make([]int, len(b))
	for j := range distB {
		distB[j] = placeFar
	}
	type nearest struct{ j, d, second int }
	near := make([]nearest, len(a))
	for i := range wa {
		n := nearest{-1, placeFar, placeFar}
		x := wa[i]
		for j := range wb {
			y := &wb[j]
			d := bits.OnesCount64(x[0]^y[0]) + bits.OnesCount64(x[1]^y[1])
			if d >= placeFar {
				continue
			}
			d += bits.OnesCount64(x[2]^y[2]) + bits.OnesCount64(x[3]^y[3])
			if d < n.d {
				n.j, n.d, n.second = j, d, n.d
			} else if d < n.second {
				n.second = d
			}
			if d < distB[j] {
				distB[j], bestB[j] = d, i
			}
		}
		near[i] = n
	}
	var out [][2]int
	for i, n := range near {
		if n.j >= 0 && n.d <= placeHamming && float64(n.d) < placeRatio*float64(n.second) && bestB[n.j] == i {
			out = append(out, [2]int{i, n.j})
		}
	}
	return out
}

// words are the descriptors' bits in a form that is compared fast.
func words(f []PlaceFeature) [][4]uint64 {
	out := make([][4]uint64, len(f))
	for i := range f {
		for k := range out[i] {
			out[i][k] = binary.LittleEndian.Uint64(f[i].Desc[8*k:])
		}
	}
	return out
}
