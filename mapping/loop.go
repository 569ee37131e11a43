package mapping

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// Deviations of the edges of the pose graph. Steps between keyframes drift with
// the distance; a link is as good as its features.
const (
	edgeStepShare  = .02  // of the distance
	edgeFloorM     = .005 // and this much, metres
	edgeTurnRad    = .005
	edgeLogScale   = .02 // a step, where the scale is free
	linkShareM     = .02 // of the median depth
	linkTurnRad    = .01
	linkLogScale   = .05
	strongShared   = 60 // landmarks that two keyframes share to be joined by an edge
	linkAgreeShare = .05
)

// closeLoops looks for the place of a new keyframe among the old ones. A place
// in another part joins the two parts; one in the same part closes a loop.
func (m *Mapper) closeLoops(ctx context.Context, k *Keyframe) error {
	links := m.recognise(k)
	m.places.add(k.ID, k.Place)
	for _, l := range links {
		if !m.believe(l, k) {
			continue
		}
		m.tie(&l)
		m.Links = append(m.Links, l)
		from := m.Map.Keyframes[l.From]
		m.Log.Info("place recognised", "keyframe", l.To, "frame", k.Frame, "as", l.From, "its_frame", from.Frame, "inliers", l.Inliers, "same_part", from.Part == k.Part)
		if from.Part != k.Part {
			m.join(from, k, l)
		} else if err := m.closeLoop(ctx, k, l); err != nil {
			return fmt.Errorf("closing the loop from keyframe %d to %d: %w", l.From, l.To, err)
		}
		return m.settle(ctx, k)
	}
	return nil
}

// believe asks for many inliers, or for a second witness: the link of a recent
// keyframe that moves the map in the same way.
func (m *Mapper) believe(l Link, k *Keyframe) bool {
	if l.Inliers >= linkSure {
		return true
	}
	move := m.correction(l)
	for _, o := range m.pending {
		if l.To-o.link.To > 3 || m.Map.Keyframes[o.link.To].Part != k.Part {
			continue
		}
		d := move.Inverse().Mul(o.move)
		reach := m.Map.Keyframes[l.From].Pose.T.Sub(k.Pose.T).Norm() + 1
		if geom.RotationAngle(d.R) < 2*linkMaxTurnRad && d.T.Norm() < linkMaxShift*reach+.1 {
			return true
		}
	}
	m.pending = append(m.pending, witness{l, move})
	return false
}

// witness is a link that waits for a second one.
type witness struct {
	link Link
	move geom.Sim3
}

// correction is how a link would move the newer keyframe's map: T with
// T T_w_to = T_w_from Z.
func (m *Mapper) correction(l Link) geom.Sim3 {
	from := geom.Sim3FromSE3(m.Map.Keyframes[l.From].Pose, 1)
	to := geom.Sim3FromSE3(m.Map.Keyframes[l.To].Pose, 1)
	return from.Mul(l.Z).Mul(to.Inverse())
}

// join moves the part of k into the frame of the part of from.
func (m *Mapper) join(from, k *Keyframe, l Link) {
	move := m.correction(l)
	old := k.Part
	for _, o := range m.Map.Keyframes {
		if o.Part == old {
			o.Pose = move.ApplyPose(o.Pose)
			o.Part = from.Part
			m.scaleHosted(o, move.S)
		}
	}
	if m.part == old {
		m.part = from.Part
	}
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
		if l, ok := m.Map.landmarks[f.Landmark]; ok && l.Host == k.ID {
			l.InvDepth /= s
		}
	}
}

// closeLoop spreads the error of a loop over the part by a pose graph.
func (m *Mapper) closeLoop(ctx context.Context, k *Keyframe, l Link) error {
	if m.agrees(l) {
		return nil
	}
	g, ids := m.graph(k.Part, !m.metric(k))
	res, err := posegraph.Solve(ctx, g, posegraph.Options{Start: posegraph.Given, Robust: true})
	if err != nil {
		return err
	}
	m.Log.Info("loop closed", "keyframe", k.ID, "links", len(m.Links), "rejected", len(res.Rejected), "cost_given", res.CostGiven, "cost", res.CostEnd)
	for _, e := range res.Rejected {
		m.dropLink(ids[g.Edges[e].From], ids[g.Edges[e].To])
	}
	for i, id := range ids {
		o := m.Map.Keyframes[id]
		o.Pose = g.Nodes[i].Pose.SE3()
		m.scaleHosted(o, g.Nodes[i].Pose.S)
	}
	return nil
}

// agrees reports whether the map fits a link already.
func (m *Mapper) agrees(l Link) bool {
	from, to := m.Map.Keyframes[l.From], m.Map.Keyframes[l.To]
	d := geom.Sim3FromSE3(from.Pose.Between(to.Pose), 1).Inverse().Mul(l.Z)
	return geom.RotationAngle(d.R) < linkTurnRad && d.T.Norm() < linkAgreeShare*m.sceneDepth(to) && math.Abs(math.Log(d.S)) < linkLogScale
}

// graph returns the pose graph of a part and the keyframes of its nodes: steps
// between consecutive keyframes, edges between those that share much, links.
func (m *Mapper) graph(part int, freeScale bool) (*posegraph.Graph, []int) {
	g := &posegraph.Graph{FreeScale: freeScale}
	var ids []int
	node := make(map[int]int)
	for _, k := range m.Map.Keyframes {
		if k.Part == part {
			node[k.ID] = len(ids)
			g.Nodes = append(g.Nodes, posegraph.Node{Pose: geom.Sim3FromSE3(k.Pose, 1), Fixed: len(ids) == 0})
			ids = append(ids, k.ID)
		}
	}
	for i, id := range ids {
		before, shared := -1, 0
		if i > 0 {
			before = ids[i-1]
		}
		for _, c := range m.Map.shared(m.Map.Keyframes[id].landmarksOf(), id) {
			switch {
			case c.kf == before:
				shared = c.n
			case c.n >= strongShared && c.kf < id && m.Map.Keyframes[c.kf].Part == part:
				m.addStep(g, node, c.kf, id, c.n)
			}
		}
		if before >= 0 {
			m.addStep(g, node, before, id, shared)
		}
	}
	for _, l := range m.Links {
		a, okA := node[l.From]
		b, okB := node[l.To]
		if okA && okB {
			shift := linkShareM * m.sceneDepth(m.Map.Keyframes[l.To])
			g.Edges = append(g.Edges, posegraph.Edge{From: a, To: b, Z: l.Z, Info: edgeInfo(shift, linkTurnRad, linkLogScale), Suspicious: true})
		}
	}
	return g, ids
}

// addStep enters the relative pose of two keyframes that share landmarks.
func (m *Mapper) addStep(g *posegraph.Graph, node map[int]int, a, b, shared int) {
	z := m.Map.Keyframes[a].Pose.Between(m.Map.Keyframes[b].Pose)
	doubt := stepDoubt(shared)
	shift := doubt * (edgeFloorM + edgeStepShare*z.T.Norm())
	g.Edges = append(g.Edges, posegraph.Edge{
		From: node[a], To: node[b], Z: geom.Sim3FromSE3(z, 1), Info: edgeInfo(shift, doubt*edgeTurnRad, doubt*edgeLogScale),
	})
}

// stepDoubt widens the deviations of a step that few landmarks hold: through a
// blurred turn a map may slip.
func stepDoubt(shared int) float64 {
	r := strongShared / math.Max(float64(shared), 5)
	return math.Max(1, r*r)
}

func edgeInfo(shiftM, turnRad, logScale float64) (w posegraph.Information) {
	for i := range 3 {
		w[i][i], w[i+3][i+3] = 1/(shiftM*shiftM), 1/(turnRad*turnRad)
	}
	w[6][6] = 1 / (logScale * logScale)
	return w
}

// sceneDepth is the median depth of the landmarks of a keyframe, 1 without any.
func (m *Mapper) sceneDepth(k *Keyframe) float64 {
	var z []float64
	for _, f := range k.Features {
		if l, ok := m.Map.landmarks[f.Landmark]; ok && l.Known() {
			z = append(z, k.Pose.ApplyInverse(m.Map.Position(l)).Z)
		}
	}
	return medianOr(z, 1)
}

func (m *Mapper) dropLink(from, to int) {
	for i, l := range m.Links {
		if l.From == from && l.To == to {
			m.untie(l)
			m.Links = append(m.Links[:i], m.Links[i+1:]...)
			return
		}
	}
}

// settle takes up the landmarks that a corrected keyframe sees again, and
// adjusts its new neighbourhood.
func (m *Mapper) settle(ctx context.Context, k *Keyframe) error {
	if err := m.retrack(k); err != nil {
		return err
	}
	_, err := m.Map.LocalBundle(ctx, m.cfg, k.ID, m.Scale.Log)
	return err
}
