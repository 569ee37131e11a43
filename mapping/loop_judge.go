package mapping

import (
	"context"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// judge weighs a waiting link, with those that say the same, against the map: all
// links and all odometry edges that may be slips are judged together. The
// correction is nil where they are not believed.
func (c *loopCloser) judge(ctx context.Context, l *Link) (*Correction, error) {
	group := c.group(l)
	if !c.ready(group) || c.ambiguous(group) {
		return nil, nil
	}
	return c.judgeGroup(ctx, group)
}

// judgeGroup judges links that say the same as the first of them.
func (c *loopCloser) judgeGroup(ctx context.Context, group []*Link) (*Correction, error) {
	l := group[0]
	from, to := c.m.Keyframes[l.From], c.m.Keyframes[l.To]
	var move *partMove
	if from.Part != to.Part {
		move = &partMove{to.Part, c.move(l)}
	}
	g := c.newLoopGraph(from.Part, move, group)
	rejected, err := g.solve(ctx)
	if err != nil {
		return nil, err
	}
	possible := g.possible()
	yes, no := 0, 0
	for e, o := range g.link {
		if !g.group[o] {
			continue
		}
		if rejected[e] {
			no++
		} else {
			yes++
		}
	}
	c.log.Info("loop candidates judged", "keyframe", l.To, "frame", to.Frame, "as", l.From, "its_frame", from.Frame, "inliers", l.Inliers,
		"group", len(group), "accepted", yes > no, "possible", possible, "joins", move != nil, "rejected", len(rejected))
	for _, o := range group {
		o.tried = len(group)
	}
	if yes <= no || !possible {
		return nil, nil
	}
	return g.correction(c.m), nil
}

// group returns the pending links that would move the map as l does, l first.
func (c *loopCloser) group(l *Link) []*Link {
	parts := [2]int{c.m.Keyframes[l.From].Part, c.m.Keyframes[l.To].Part}
	move := c.move(l)
	out := []*Link{l}
	for _, o := range c.pending {
		from, to := c.m.Keyframes[o.From], c.m.Keyframes[o.To]
		if o == l || from.Part != parts[0] || to.Part != parts[1] {
			continue
		}
		c.toCurrentUnits(o)
		// Both deviate by their own covariance.
		if c.chi2(o, move.Mul(geom.Sim3FromSE3(to.Pose, 1))) <= 2*linkChi2 {
			out = append(out, o)
		}
	}
	return out
}

// ready reports whether a group of links says enough to be judged, and more than
// when it was last judged in vain.
func (c *loopCloser) ready(group []*Link) bool {
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
	return inliers >= groupInliers && len(views) >= groupLinks || float64(group[0].Inliers) >= max(groupAlone, aliasRatio*c.mostRejected(group))
}

// mostRejected returns the most inliers of a link that was judged and not believed,
// but for those of a group: what looks alike in this map, one view alone must surpass.
func (c *loopCloser) mostRejected(group []*Link) (inliers float64) {
	for _, o := range c.pending {
		if o.tried > 0 && !slices.Contains(group, o) {
			inliers = max(inliers, float64(o.Inliers))
		}
	}
	return inliers
}

// split returns the correction that makes parts of their own of what hung on the
// rest of a part by rejected links alone, nil where nothing did.
func (c *loopCloser) split(part int, rejected []*Link) *Correction {
	g := c.connections(part)
	root := g.sets.Find(0)
	parts := make(map[int]int) // by the first node of what became loose
	for _, l := range rejected {
		for _, id := range [2]int{l.From, l.To} {
			if g.node[id] < 0 {
				continue
			}
			if r := g.sets.Find(g.node[id]); r != root {
				if _, ok := parts[r]; !ok {
					parts[r] = c.m.parts + len(parts)
				}
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	out := &Correction{part: part, parts: make(map[int]int), current: make(map[int]int)}
	for i, id := range g.ids {
		if p, ok := parts[g.sets.Find(i)]; ok {
			out.parts[id] = p
			if i == len(g.ids)-1 { // the newest keyframe takes the current part along
				out.current[part] = p
			}
		}
	}
	return out
}

// connections returns the nodes of a part with what joins them: odometry edges and
// accepted links.
func (c *loopCloser) connections(part int) *loopGraph {
	g := &loopGraph{node: c.noNodes()}
	for _, k := range c.m.Keyframes {
		if k.Part == part && !k.Culled() {
			g.addNode(k.ID, geom.Sim3FromSE3(k.Pose, 1), false)
		}
	}
	for i := range g.ids {
		for j, n := range c.sharedTracks(g, i) {
			if n >= edgeShared {
				g.sets.Join(i, j)
			}
		}
		if j, ok := c.tethered(g, i); ok {
			g.sets.Join(i, j)
		}
	}
	for _, l := range c.links {
		if a, b := g.node[l.From], g.node[l.To]; a >= 0 && b >= 0 {
			g.sets.Join(a, b)
		}
	}
	return g
}

// Conclude is called after the last frame. It looks for the places of the smaller
// parts in all others once more, and judges once more what is not believed.
func (m *Mapper) Conclude(ctx context.Context) error {
	if !m.cfg.Loops {
		return nil
	}
	for _, k := range m.Map.Keyframes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if k.Culled() || k.Part == m.Map.largestPart() {
			continue
		}
		links, _, err := m.loops.verifyBest(k, lastCandidates, lastVotes, func(kf int) bool { return m.Map.Keyframes[kf].Part == k.Part })
		if err != nil {
			return err
		}
		if _, err := m.resolve(ctx, k, links); err != nil {
			return err
		}
	}
	return m.judgeAgain(ctx)
}

// judgeAgain judges the pending links once more, strongest first, each with
// those that say the same.
func (m *Mapper) judgeAgain(ctx context.Context) error {
	c := m.loops
	waiting := append([]*Link(nil), c.pending...)
	sortLinks(waiting)
	seen := make(map[*Link]bool)
	judged := 0
	for _, l := range waiting {
		if len(l.landmarks) > 0 || seen[l] || judged == lastJudged {
			continue
		}
		group := c.group(l)
		for _, o := range group {
			seen[o], o.tried = true, 0
		}
		if !c.ready(group) || c.ambiguous(group) {
			continue
		}
		judged++
		correction, err := c.judgeGroup(ctx, group)
		if err != nil {
			return err
		}
		if correction == nil {
			continue
		}
		if err := m.correct(*correction); err != nil {
			return err
		}
	}
	return nil
}
