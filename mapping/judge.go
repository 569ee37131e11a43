package mapping

import (
	"context"

	"github.com/metricslam/metricslam/geom"
)

// judge weighs a group of links that say the same as l against the map: all
// links and all steps that may be slips are judged together. Where the group is
// believed the map is corrected, and links that contradict it wait again.
func (m *Mapper) judge(ctx context.Context, l *Link, group []*Link) (believed bool, err error) {
	from, to := m.Map.Keyframes[l.From], m.Map.Keyframes[l.To]
	var move *partMove
	if from.Part != to.Part {
		move = &partMove{to.Part, m.correction(l)}
	}
	g, err := m.newLoopGraph(from.Part, move, group)
	if err != nil {
		return false, err
	}
	rejected, err := g.solve(ctx)
	if err != nil {
		return false, err
	}
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
	m.Log.Info("links judged", "keyframe", l.To, "frame", to.Frame, "as", l.From, "its_frame", from.Frame, "inliers", l.Inliers,
		"group", len(group), "believed", yes > no, "joins", move != nil, "rejected", len(rejected))
	for _, o := range group {
		o.tried = len(group)
	}
	if yes <= no {
		return false, nil
	}
	m.apply(g)
	return true, m.sort(from.Part)
}

// apply moves the map to the poses of a graph.
func (m *Mapper) apply(g *loopGraph) {
	part := m.Map.Keyframes[g.ids[0]].Part
	m.Map.moved++
	for i, id := range g.ids {
		k := m.Map.Keyframes[id]
		k.Pose = g.Nodes[i].Pose.SE3()
		m.scaleHosted(k, g.Nodes[i].Pose.S)
		if k.Part != part {
			if m.part == k.Part {
				m.part = part
			}
			k.Part = part
		}
	}
}

// sort accepts the pending links of a part that fit by now, and lets those wait
// that do not any more.
func (m *Mapper) sort(part int) error {
	var wait []*Link
	for _, l := range m.pending {
		if m.Map.Keyframes[l.From].Part != part || !m.fits(l) {
			wait = append(wait, l)
			continue
		}
		if err := m.accept(l); err != nil {
			return err
		}
	}
	m.pending = wait
	var lost []*Link
	kept := m.Links[:0]
	for i := range m.Links {
		l := m.Links[i]
		if m.Map.Keyframes[l.From].Part == part && !m.fits(&l) {
			m.untie(&l)
			lost = append(lost, &l)
			continue
		}
		kept = append(kept, l)
	}
	m.Links = kept
	m.pending = append(lost, m.pending...)
	if len(lost) > 0 {
		m.split(part, lost)
	}
	return nil
}

// split makes parts of their own of what hung on the rest of a part by links
// alone that are believed no more.
func (m *Mapper) split(part int, lost []*Link) {
	g := m.connections(part)
	root := g.find(0)
	fresh := make(map[int]int)
	for _, l := range lost {
		for _, id := range [2]int{l.From, l.To} {
			if g.node[id] < 0 {
				continue
			}
			if r := g.find(g.node[id]); r != root {
				if _, ok := fresh[r]; !ok {
					fresh[r] = m.parts
					m.parts++
				}
			}
		}
	}
	if len(fresh) == 0 {
		return
	}
	last := g.ids[len(g.ids)-1]
	for i, id := range g.ids {
		if p, ok := fresh[g.find(i)]; ok {
			m.Map.Keyframes[id].Part = p
			if id == last && m.part == part {
				m.part = p
			}
		}
	}
	m.Log.Info("part split", "part", part, "new_parts", len(fresh))
}

// connections returns the nodes of a part with what joins them: steps and
// accepted links.
func (m *Mapper) connections(part int) *loopGraph {
	g := &loopGraph{node: m.noNodes()}
	for _, k := range m.Map.Keyframes {
		if k.Part == part && !k.Culled() {
			g.addNode(k.ID, geom.Sim3FromSE3(k.Pose, 1), false)
		}
	}
	for i := range g.ids {
		for j, n := range m.sharedTracks(g, i) {
			if n >= stepShared {
				g.join(i, j)
			}
		}
		if j, ok := m.tethered(g, i); ok {
			g.join(i, j)
		}
	}
	for _, l := range m.Links {
		if a, b := g.node[l.From], g.node[l.To]; a >= 0 && b >= 0 {
			g.join(a, b)
		}
	}
	return g
}

// The search for places when all has been seen and time does not press.
const (
	lastCandidates = 6
	lastVotes      = 8
	lastJudged     = 12 // groups of links
)

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
		if k.Culled() || k.Part == m.largest() {
			continue
		}
		links, _, err := m.verifyBest(k, lastCandidates, lastVotes, func(kf int) bool { return m.Map.Keyframes[kf].Part == k.Part })
		if err != nil {
			return err
		}
		if _, err := m.take(ctx, k, links); err != nil {
			return err
		}
	}
	return m.judgeAgain(ctx)
}

// judgeAgain judges the pending links once more, strongest first, each with
// those that say the same.
func (m *Mapper) judgeAgain(ctx context.Context) error {
	waiting := append([]*Link(nil), m.pending...)
	sortLinks(waiting)
	seen := make(map[*Link]bool)
	judged := 0
	for _, l := range waiting {
		if len(l.ties) > 0 || seen[l] || judged == lastJudged {
			continue
		}
		group := m.group(l)
		for _, o := range group {
			seen[o], o.tried = true, 0
		}
		if !ripe(group) {
			continue
		}
		judged++
		if _, err := m.judge(ctx, l, group); err != nil {
			return err
		}
	}
	return nil
}

// largest returns the part with most keyframes, the first of them.
func (m *Mapper) largest() int {
	count := make([]int, m.parts)
	best := 0
	for _, k := range m.Map.Keyframes {
		if !k.Culled() {
			count[k.Part]++
		}
	}
	for p, n := range count {
		if n > count[best] {
			best = p
		}
	}
	return best
}
