package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// moveLinks gives the links of keyframe k, which is to be culled, to keyframe by.
// Of links that join the same two keyframes the one with most inliers is left, so
// that they are no more than the places that a map has.
func (c *loopCloser) moveLinks(k, by *Keyframe) {
	moved := false
	for _, l := range slices.Concat(c.links, c.pending) {
		moved = c.moveLink(l, k, by) || moved
	}
	if moved {
		c.links, c.pending = c.distinct(c.links), c.distinct(c.pending)
	}
}

// moveLink moves the ends of a link from k to by. Its features were seen from k:
// what they tell is kept in its pose alone.
func (c *loopCloser) moveLink(l *Link, k, by *Keyframe) bool {
	if l.From != k.ID && l.To != k.ID {
		return false
	}
	c.toCurrentUnits(l)
	c.release(l)
	l.pairs = nil
	step := geom.Sim3FromSE3(by.Pose.Between(k.Pose), 1) // T_by_k
	if l.From == k.ID {
		l.From, l.Z = by.ID, step.Mul(l.Z)
	}
	if l.To == k.ID {
		l.To, l.Z = by.ID, l.Z.Mul(step.Inverse())
		l.info = [7][7]float64{} // it was that of the other pose
	}
	l.units = [2]float64{c.m.Keyframes[l.From].Unit, c.m.Keyframes[l.To].Unit}
	return true
}

// distinct leaves one link between two keyframes, and none from one to itself.
func (c *loopCloser) distinct(links []*Link) []*Link {
	best := make(map[[2]int]*Link, len(links))
	for _, l := range links {
		ends := [2]int{l.From, l.To}
		if b := best[ends]; l.From != l.To && (b == nil || l.Inliers > b.Inliers) {
			best[ends] = l
		}
	}
	var kept []*Link
	for _, l := range links {
		if best[[2]int{l.From, l.To}] == l {
			kept = append(kept, l)
		} else {
			c.release(l)
		}
	}
	return kept
}

// dropStale takes out links of a part that were moved and that the finished map
// contradicts: the keyframe that they were given to had yet to move itself. Those
// that still have their features are judged by them.
func (c *loopCloser) dropStale(part int) {
	c.links = slices.DeleteFunc(c.links, func(l *Link) bool {
		return len(l.pairs) == 0 && c.m.Keyframes[l.From].Part == part && !c.fits(l)
	})
}
