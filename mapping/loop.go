package mapping

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
)

// Every link that was verified is kept. One that the map fits already is
// accepted at once. The others wait, until enough of them say the same; then all
// links of the map are judged anew, and what was accepted before, a loop, the
// join of two parts, a step that few landmarks hold, may give way.

const (
	groupLinks   = 2      // from different keyframes, which must say the same to be judged
	groupInliers = 60     // of all of them
	groupAlone   = 100    // inliers of a link that needs no second one
	groupGrowth  = 1.5    // of a group that was judged in vain, before it is judged again
	maxPending   = 400    // links that wait
	linkChi2     = 22.458 // 99.9 % of chi-square with six degrees of freedom
	fitTurnRad   = .1     // and by how much a link that is accepted may differ from the map
	fitShift     = .15    // the same in shares of the depth
	strainMaxPx  = 4      // a link that is accepted, but fits worse, moves the map
	strainEvery  = 8      // keyframes, at most
)

// closeLoops looks for the place of a new keyframe among the old ones. A place
// in another part joins the two parts; one in the same part closes a loop. The
// keyframe is known as a place for frames that are lost, whether or not.
func (m *Mapper) closeLoops(ctx context.Context, k *Keyframe) error {
	var links []*Link
	if m.cfg.Loops {
		var err error
		if links, err = m.recognise(k); err != nil {
			return err
		}
		l, err := m.returned(k)
		if err != nil {
			return err
		}
		if l != nil {
			links = append(links, l)
		}
	}
	if err := m.enterPlaces([]*Keyframe{k}); err != nil {
		return err
	}
	out, err := m.take(ctx, k, links)
	if err != nil {
		return fmt.Errorf("closing loops of keyframe %d: %w", k.ID, err)
	}
	if !out.moved {
		return nil
	}
	return m.settle(ctx, k, out.from)
}

// taken says what became of new links.
type taken struct {
	accepted int
	joined   bool // the keyframe's part became one with another
	moved    bool // the map was corrected
	from     int  // the keyframe that was recognised
}

// take enters the links of keyframe k and judges what it can.
func (m *Mapper) take(ctx context.Context, k *Keyframe, links []*Link) (out taken, err error) {
	before := len(m.Links)
	var news []*Link
	for _, l := range links {
		if m.fits(l) {
			if err := m.accept(l); err != nil {
				return out, err
			}
			m.Log.Debug("link fits", "frame", k.Frame, "its_frame", m.Map.Keyframes[l.From].Frame, "inliers", l.Inliers, "strain_px", m.strainPx(l))
			continue
		}
		m.pending = append(m.pending, l)
		news = append(news, l)
	}
	m.pending = m.pending[max(0, len(m.pending)-maxPending):]
	for _, l := range news {
		group := m.group(l)
		if !ripe(group) {
			continue
		}
		part := k.Part
		ok, err := m.judge(ctx, l, group)
		if err != nil {
			return out, err
		}
		if ok {
			out.moved, out.from, out.joined = true, l.From, out.joined || k.Part != part
			break
		}
	}
	out.accepted = len(m.Links) - before
	if !out.moved && out.accepted > 0 {
		return m.relax(ctx, k, out)
	}
	return out, nil
}

// fits reports whether a link's keyframes are where it says, within its
// covariance and within what is good enough to tie their landmarks.
func (m *Mapper) fits(l *Link) bool {
	from, to := m.Map.Keyframes[l.From], m.Map.Keyframes[l.To]
	if from.Part != to.Part {
		return false
	}
	m.bringUp(l)
	d := from.Pose.Between(to.Pose).Inverse().Mul(l.Z.SE3())
	return geom.RotationAngle(d.R) < fitTurnRad && d.T.Norm() < fitShift*m.sceneDepth(to) &&
		m.misfit(l, geom.Sim3FromSE3(to.Pose, 1)) <= linkChi2
}

func (m *Mapper) accept(l *Link) error {
	if err := m.tie(l); err != nil {
		return err
	}
	m.Links = append(m.Links, *l)
	return nil
}

// group returns the pending links that would move the map as l does, l first.
func (m *Mapper) group(l *Link) []*Link {
	parts := [2]int{m.Map.Keyframes[l.From].Part, m.Map.Keyframes[l.To].Part}
	move := m.correction(l)
	out := []*Link{l}
	for _, o := range m.pending {
		from, to := m.Map.Keyframes[o.From], m.Map.Keyframes[o.To]
		if o == l || from.Part != parts[0] || to.Part != parts[1] {
			continue
		}
		m.bringUp(o)
		// Both deviate by their own covariance.
		if m.misfit(o, move.Mul(geom.Sim3FromSE3(to.Pose, 1))) <= 2*linkChi2 {
			out = append(out, o)
		}
	}
	return out
}

// ripe reports whether a group of links says enough to be judged, and more than
// when it was last judged in vain.
func ripe(group []*Link) bool {
	var inliers, tried int
	views := make(map[int]bool)
	for _, l := range group {
		inliers += l.Inliers
		tried = max(tried, l.tried)
		views[l.To] = true
	}
	if tried > 0 && float64(len(group)) < groupGrowth*float64(tried) {
		return false
	}
	return inliers >= groupInliers && len(views) >= groupLinks || group[0].Inliers >= groupAlone
}

// relax spreads what is left of the errors of links that were accepted, where
// landmarks at their ends do not meet.
func (m *Mapper) relax(ctx context.Context, k *Keyframe, out taken) (taken, error) {
	l := &m.Links[len(m.Links)-1]
	if k.ID-m.relaxed < strainEvery || m.strainPx(l) <= strainMaxPx {
		return out, nil
	}
	m.relaxed = k.ID
	g, err := m.newLoopGraph(k.Part, nil, nil)
	if err != nil {
		return out, err
	}
	if _, err := g.solve(ctx); err != nil {
		return out, err
	}
	out.moved, out.from = true, l.From
	m.apply(g)
	return out, m.sort(k.Part)
}

// scaleHosted makes the landmarks of a host s times farther, and its depth
// readings worth that much more.
func (m *Mapper) scaleHosted(k *Keyframe, s float64) {
	if s == 1 {
		return
	}
	k.LogScale += math.Log(s)
	k.Unit *= s
	for _, f := range k.Features {
		if l, ok := m.Map.landmarks.find(f.Landmark); ok && l.Host == k.ID {
			l.InvDepth /= s
		}
	}
}

// sceneDepth is the median depth of the landmarks of a keyframe, 1 without any.
func (m *Mapper) sceneDepth(k *Keyframe) float64 {
	var z []float64
	for _, f := range k.Features {
		if l, ok := m.Map.landmarks.find(f.Landmark); ok && l.Known() {
			z = append(z, k.Pose.ApplyInverse(m.Map.Position(l)).Z)
		}
	}
	return medianOr(z, 1)
}

// settle takes up the landmarks that a corrected keyframe sees again, and
// adjusts both sides of the seam.
func (m *Mapper) settle(ctx context.Context, k *Keyframe, from int) error {
	if err := m.retrack(k); err != nil {
		return err
	}
	for _, id := range []int{from, k.ID} {
		if _, err := m.Map.LocalBundle(ctx, m.cfg, id, m.Scale.Log); err != nil {
			return err
		}
	}
	return nil
}
