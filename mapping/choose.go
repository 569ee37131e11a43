package mapping

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// The last adjustment of a large map would take more memory than the map. Most
// of its landmarks are seen two or three times and say little: enough of those that
// are seen most often, spread over each image, hold the keyframes as well
// (Theia's selection of good tracks: Sweeney et al., Large scale SfM with the
// distributed camera model, 2016). The others follow afterwards, each by itself.

// cellCounts are the landmarks taken in each cell of an image.
type cellCounts [chooseColumns * chooseRows]uint16

// choose takes landmarks until the problem holds b.most observations: those that
// links made, since little else holds two visits to a place together, then in
// rounds, in each of which every cell of an image gets one more, first of those
// that are seen most often. It returns what is taken, by ascending id, the others
// and the number of observations taken.
func (b *bundle) choose(all []*Landmark, seen map[int]int) (taken, left []*Landmark, observations int) {
	counts := make([]cellCounts, len(b.m.Keyframes))
	left = slices.Clone(all)
	slices.SortStableFunc(left, func(p, q *Landmark) int { return cmp.Compare(seen[q.ID], seen[p.ID]) })
	room := true // for one of those that are left
	for quota := uint16(0); room; quota++ {
		room = false
		left = slices.DeleteFunc(left, func(l *Landmark) bool {
			if observations+seen[l.ID] > b.most {
				return false
			}
			if ofLink := quota == 0 && l.ID >= firstLinkLandmark; !b.wanted(l, counts, quota) && !ofLink {
				room = true
				return false
			}
			taken, observations = append(taken, l), observations+seen[l.ID]
			return true
		})
	}
	slices.SortFunc(taken, func(p, q *Landmark) int { return cmp.Compare(p.ID, q.ID) })
	return taken, left, observations
}

// wanted reports whether a cell has fewer than quota landmarks where l is seen, and
// counts l where it is so.
func (b *bundle) wanted(l *Landmark, counts []cellCounts, quota uint16) (ok bool) {
	each := func(do func(n *uint16)) {
		for _, o := range l.Obs {
			if _, in := b.poses[o.KF]; in {
				k := b.m.Keyframes[o.KF]
				do(&counts[o.KF][cellOf(k.Features[o.Index].Pixel, k.Camera)])
			}
		}
	}
	each(func(n *uint16) { ok = ok || *n < quota })
	if ok {
		each(func(n *uint16) { *n++ })
	}
	return ok
}

// cellOf returns the cell of a pixel.
func cellOf(u geom.Vec2, c geom.Camera) int {
	x := min(max(int(u.X*chooseColumns/float64(c.W)), 0), chooseColumns-1)
	y := min(max(int(u.Y*chooseRows/float64(c.H)), 0), chooseRows-1)
	return y*chooseColumns + x
}

// settleLeft adjusts the landmarks that the adjustment left out, each by itself
// between keyframes that stay, as many at a time as it may hold. The problem is
// gone afterwards.
func (b *bundle) settleLeft(ctx context.Context) error {
	left, in := b.left, b.poses
	b.left, b.p, b.factors, b.depths = nil, nil, nil, nil
	for len(left) > 0 {
		n, observations := 0, 0
		at := make(map[int]bool)
		for ; n < len(left) && (n == 0 || observations+len(left[n].Obs) <= b.most); n++ {
			observations += len(left[n].Obs)
			for _, o := range left[n].Obs {
				if _, ok := in[o.KF]; ok {
					at[o.KF] = true
				}
			}
		}
		part := newBundle(b.m, b.cfg, nil, slices.Sorted(maps.Keys(at)), b.meanScale, b.priorGain)
		part.registeredLoss, part.sharp, part.registered = b.registeredLoss, b.sharp, b.registered
		part.add(left[:n], observations)
		if _, err := part.solve(ctx); err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}
