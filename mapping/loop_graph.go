package mapping

import (
	"context"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/disjoint"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// loopGraph is a pose graph of one part, or of two that are to be joined.
type loopGraph struct {
	posegraph.Graph
	ids   []int              // keyframe of each node
	node  []int              // by keyframe, -1 where it has none
	link  map[int]*Link      // by edge
	slips []int              // edges that may be slips
	sets  disjoint.Sets[int] // of nodes joined by steps
	start map[int]bool       // edges of links that are accepted
	group map[*Link]bool     // that is judged

	accepted map[*Link]bool
	motion   motion
	bounds   []int // edges that say what the camera can have done
}

// newLoopGraph builds the graph of a part, with keyframes of the part that move
// names brought to it, from steps and links; those of group come first.
func (c *loopCloser) newLoopGraph(part int, move *partMove, group []*Link) *loopGraph {
	g := &loopGraph{node: c.noNodes(), link: make(map[int]*Link), start: make(map[int]bool), group: make(map[*Link]bool), accepted: make(map[*Link]bool)}
	for _, k := range c.m.Keyframes {
		pose := geom.Sim3FromSE3(k.Pose, 1)
		switch {
		case k.Culled():
			continue
		case k.Part == part:
		case move != nil && k.Part == move.part:
			pose = move.by.Mul(pose)
		default:
			continue
		}
		g.addNode(k.ID, pose, c.freeScale(k))
	}
	g.motion = c.m.motionOf(func(k *Keyframe) bool { return g.node[k.ID] >= 0 })
	for i := range g.ids {
		c.addSteps(g, i)
		c.addGap(g, i)
	}
	for _, l := range group {
		g.group[l] = true
	}
	for _, l := range c.chooseLinks(g, group) {
		c.addLink(g, l)
	}
	for i := 1; i < len(g.ids); i++ {
		if !g.joined(i-1, i) {
			c.addHold(g, i)
		}
	}
	return g
}

// partMove brings the keyframes of a part into another frame.
type partMove struct {
	part int
	by   geom.Sim3
}

// noNodes is the look-up of a graph that is empty.
func (c *loopCloser) noNodes() []int {
	node := make([]int, len(c.m.Keyframes))
	for i := range node {
		node[i] = -1
	}
	return node
}

func (g *loopGraph) addNode(id int, pose geom.Sim3, free bool) {
	n := posegraph.Node{Pose: pose, Fixed: len(g.ids) == 0}
	if free && len(g.ids) > 0 {
		n.Prior = &posegraph.Prior{Pose: pose}
		n.Prior.Info[6][6] = 1 / (nodeLogScale * nodeLogScale)
	}
	g.FreeScale = g.FreeScale || free
	g.node[id] = len(g.ids)
	g.ids = append(g.ids, id)
	g.sets.Add()
	g.Nodes = append(g.Nodes, n)
}

// joined reports whether steps connect two nodes.
func (g *loopGraph) joined(a, b int) bool { return g.sets.Find(a) == g.sets.Find(b) }

// addSteps joins node i to the one before, to an earlier one that shares more
// with it, and to one of long ago that it shares much with.
func (c *loopCloser) addSteps(g *loopGraph, i int) {
	var before, near, far covisibility
	for j, n := range c.sharedTracks(g, i) {
		switch {
		case j == i-1:
			before = covisibility{j, n}
		case i-j < edgeFar && n >= near.n:
			near = covisibility{j, n}
		case i-j >= edgeFar && n > far.n:
			far = covisibility{j, n}
		}
	}
	if before.n >= edgeShared {
		c.addStep(g, before.kf, i, before.n)
	}
	if j, ok := c.tethered(g, i); ok && before.n < edgeTether {
		c.addStep(g, j, i, edgeTether)
	}
	if near.n >= edgeShared && 2*near.n > 3*before.n {
		c.addStep(g, near.kf, i, near.n)
	}
	if far.n >= edgeSure {
		c.addStep(g, far.kf, i, far.n)
		// Landmarks of long ago were found where a link, or a map without drift, has
		// them: what they say falls with that.
		e := len(g.Edges) - 1
		g.Edges[e].Suspicious, g.Edges[e].Trust = true, farTrust
		g.slips = append(g.slips, e)
	}
}

// tethered returns the node that node i was measured against by its pixels.
func (c *loopCloser) tethered(g *loopGraph, i int) (j int, ok bool) {
	t := c.m.Keyframes[g.ids[i]].Tether
	if t == nil {
		return 0, false
	}
	j = g.node[t.From]
	return j, j >= 0
}

// sharedTracks counts the landmarks that node i shares with each node before it,
// without those that links made.
func (c *loopCloser) sharedTracks(g *loopGraph, i int) []int {
	count := make([]int, i)
	for _, f := range c.m.Keyframes[g.ids[i]].Features {
		l, ok := c.m.landmarks.find(f.Landmark)
		if !ok || l.ID >= firstLinkLandmark {
			continue
		}
		for _, o := range l.Obs {
			if j := g.node[o.KF]; j >= 0 && j < i {
				count[j]++
			}
		}
	}
	return count
}

// addStep enters the relative pose of two nodes that share landmarks. Few of
// them make it doubtful, very few a possible slip: it may then be let go, but for
// a loose copy. Noisy pixels count as fewer landmarks do.
func (c *loopCloser) addStep(g *loopGraph, a, b, shared int) {
	z := g.Nodes[a].Pose.Inverse().Mul(g.Nodes[b].Pose)
	ka, kb := c.m.Keyframes[g.ids[a]], c.m.Keyframes[g.ids[b]]
	worth := float64(shared) * c.cfg.PixelSigma / math.Max(c.cfg.pixelSigma(ka), c.cfg.pixelSigma(kb))
	doubt := math.Max(1, edgeSure/worth)
	depth := c.m.sceneDepth(kb)
	shift := doubt * (edgeFloor*depth + edgeStepShare*z.T.Norm())
	turn := doubt * (edgeFloorRad + edgeTurnShare*geom.RotationAngle(z.R))
	e := posegraph.Edge{From: a, To: b, Z: z, Info: posegraph.Diagonal(shift, turn, doubt*edgeLogScale)}
	g.sets.Join(a, b)
	if worth >= edgeSlip {
		g.Edges = append(g.Edges, e)
		return
	}
	loose := e
	slipShift, slipTurn := slipSigmas*shift, slipSigmas*turn
	if dt, ok := inARow(ka, kb); ok && g.motion.known {
		moved, turned := g.motion.deviations(dt, depth)
		slipShift, slipTurn = min(slipShift, max(slipReach*moved, shift)), min(slipTurn, max(slipTurnReach*turned, turn))
		loose.Z.T = g.motion.atMost(z.T, dt)
		g.bounds = append(g.bounds, len(g.Edges)+1)
	}
	loose.Info = posegraph.Diagonal(slipShift, slipTurn, slipSigmas*doubt*edgeLogScale)
	e.Suspicious, e.Trust = true, worth/edgeSlip
	g.slips = append(g.slips, len(g.Edges))
	g.Edges = append(g.Edges, e, loose)
}

// addHold keeps a node that no steps join to the one before within what the camera can
// have moved, or roughly where it is, where no link says otherwise.
func (c *loopCloser) addHold(g *loopGraph, i int) {
	z := g.Nodes[i-1].Pose.Inverse().Mul(g.Nodes[i].Pose)
	before, k := c.m.Keyframes[g.ids[i-1]], c.m.Keyframes[g.ids[i]]
	depth := c.m.sceneDepth(k)
	shift, turn := 5*depth+z.T.Norm(), 2.
	if dt, ok := inARow(before, k); ok && g.motion.known {
		moved, turned := g.motion.deviations(dt, depth)
		shift, turn = min(shift, slipReach*moved), min(turn, slipTurnReach*turned)
		g.bounds = append(g.bounds, len(g.Edges))
	}
	g.Edges = append(g.Edges, posegraph.Edge{From: i - 1, To: i, Z: z, Info: posegraph.Diagonal(shift, turn, 1)})
}

// chooseLinks picks, of each visit to a place, the links with most inliers:
// images of one visit err together, so that they count as few.
func (c *loopCloser) chooseLinks(g *loopGraph, group []*Link) []*Link {
	all := append([]*Link(nil), group...)
	sortLinks(all)
	rest := append([]*Link(nil), c.links...)
	for _, l := range rest {
		g.accepted[l] = true
	}
	for _, l := range c.pending {
		if !g.group[l] {
			rest = append(rest, l)
		}
	}
	sortLinks(rest)
	var out []*Link
	var visits posegraph.Visits
	for i, l := range append(all, rest...) {
		if g.node[l.From] < 0 || g.node[l.To] < 0 || i < len(all) && len(out) == groupGraph {
			continue
		}
		c.toCurrentUnits(l)
		if visits.Take(l.From, l.To) {
			out = append(out, l)
		}
		if len(out) == graphVisits*posegraph.VisitLinks {
			break
		}
	}
	return out
}

func (c *loopCloser) addLink(g *loopGraph, l *Link) {
	e := len(g.Edges)
	g.link[e] = l
	if g.accepted[l] {
		g.start[e] = true
	}
	trust := math.Min(float64(l.Inliers)/linkSure, 3)
	if g.group[l] {
		trust = math.Min(trust, 1)
	}
	g.Edges = append(g.Edges, posegraph.Edge{
		From: g.node[l.From], To: g.node[l.To], Z: l.Z, Info: c.information(l), Suspicious: true, Trust: math.Max(trust, .5),
	})
}

// hypotheses are what may be believed to begin with: all, the judged links
// without the slips, without the other links, and without both.
func (g *loopGraph) hypotheses() [][]int {
	var own, others []int
	for e := range g.Edges {
		switch l := g.link[e]; {
		case l == nil:
		case g.group[l]:
			own = append(own, e)
		case g.start[e]:
			others = append(others, e)
		}
	}
	join := func(sets ...[]int) (out []int) {
		for _, s := range sets {
			out = append(out, s...)
		}
		return out
	}
	if len(g.group) == 0 {
		return [][]int{join(g.slips, others)}
	}
	return [][]int{join(g.slips, others), join(own, others), join(own, g.slips), own, join(own, g.slips, others)}
}

// solve finds the poses and returns the edges that were rejected.
func (g *loopGraph) solve(ctx context.Context) (map[int]bool, error) {
	res, err := posegraph.Solve(ctx, &g.Graph, posegraph.Options{Start: posegraph.Given, Robust: true, Hypotheses: g.hypotheses()})
	if err != nil {
		return nil, err
	}
	out := make(map[int]bool, len(res.Rejected))
	for _, e := range res.Rejected {
		out[e] = true
	}
	return out, nil
}
