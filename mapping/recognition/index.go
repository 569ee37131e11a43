package recognition

import (
	"slices"
	"sort"

	"github.com/metricslam/metricslam/slam"
)

// Index finds keyframes that show the same place, without a vocabulary: a
// descriptor is entered into several hash tables, each under a fixed choice of
// 16 of its 256 bits (locality-sensitive hashing, Indyk and Motwani 1998). Two
// views of a corner differ in some 30 bits, so that they meet in most cases in
// at least one table, and unrelated corners almost never.
type Index struct {
	tables [tables][][]entry   // by key; nil before the first keyframe
	desc   [][]slam.Descriptor // of what is entered, by keyframe
	n      int                 // keyframes
}

// entry is a keyframe and one of its keypoints.
type entry uint32

func newEntry(kf, keypoint int) entry {
	return entry(kf<<keypointBits | keypoint)
}

func (e entry) kf() int       { return int(e >> keypointBits) }
func (e entry) keypoint() int { return int(e & (1<<keypointBits - 1)) }

// NewIndex returns an empty index.
func NewIndex() *Index { return &Index{} }

// keyOf picks the 16 bits of table t. Bits of neighbouring bytes come from
// unrelated pixel pairs, so that a stride through the descriptor is as good as a
// random choice, and the same on every machine.
func keyOf(d *slam.Descriptor, t int) uint16 {
	var k uint16
	for i := range 16 {
		bit := (t*7 + i*(2*t+15)) % 256
		k = k<<1 | uint16(d[bit/8]>>(bit%8)&1)
	}
	return k
}

// Add enters a keyframe.
func (x *Index) Add(kf int, keypoints []Keypoint) {
	for t := range x.tables {
		if x.tables[t] == nil {
			x.tables[t] = make([][]entry, 1<<16)
		}
	}
	desc := make([]slam.Descriptor, min(len(keypoints), maxIndexed))
	for len(x.desc) <= kf {
		x.desc = append(x.desc, nil)
	}
	x.desc[kf] = desc
	x.n++
	for i := range desc {
		desc[i] = keypoints[i].Desc
		for t := range x.tables {
			k := keyOf(&desc[i], t)
			x.tables[t][k] = append(x.tables[t][k], newEntry(kf, i))
		}
	}
}

// Remove takes a keyframe out again.
func (x *Index) Remove(kf int) {
	if kf >= len(x.desc) || x.desc[kf] == nil {
		return
	}
	for i := range x.desc[kf] {
		for t := range x.tables {
			k := keyOf(&x.desc[kf][i], t)
			x.tables[t][k] = slices.DeleteFunc(x.tables[t][k], func(e entry) bool { return e.kf() == kf })
		}
	}
	x.desc[kf] = nil
	x.n--
}

// Candidate is a keyframe with the number of keypoints that it has in common with
// a query.
type Candidate struct{ Keyframe, Votes int }

// tally counts the votes for a keyframe.
type tally struct {
	votes       int
	last        int // the last keypoint that voted for it, from 1
	asked, skip bool
}

// skipped reports whether the keyframe is left out, and asks but once.
func (c *tally) skipped(kf int, skip func(kf int) bool) bool {
	if !c.asked {
		c.asked, c.skip = true, skip(kf)
	}
	return c.skip
}

// Query returns the keyframes with most keypoints in common, best first; a
// keyframe for which skip is true is left out.
func (x *Index) Query(keypoints []Keypoint, skip func(kf int) bool) []Candidate {
	if x.n == 0 {
		return nil
	}
	busy := max(busyEntries, x.n/busyShare)
	tallies := make([]tally, len(x.desc))
	for i := range keypoints[:min(len(keypoints), maxIndexed)] {
		d := &keypoints[i].Desc
		for t := range x.tables {
			entries := x.tables[t][keyOf(d, t)]
			if len(entries) > busy {
				continue
			}
			for _, e := range entries {
				kf := e.kf()
				c := &tallies[kf]
				if c.last == i+1 || c.skipped(kf, skip) || x.desc[kf][e.keypoint()].Hamming(d) > maxHamming {
					continue
				}
				c.last = i + 1
				c.votes++
			}
		}
	}
	var out []Candidate
	for kf, c := range tallies {
		if c.votes > 0 {
			out = append(out, Candidate{kf, c.votes})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Votes != out[j].Votes {
			return out[i].Votes > out[j].Votes
		}
		return out[i].Keyframe < out[j].Keyframe
	})
	return out
}
