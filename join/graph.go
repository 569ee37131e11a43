package join

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// How a recording may bend. Its own map was adjusted as a whole; what is left is drift
// that grows with the way, as each step is wrong by itself. Of 18 recordings of 2 km of
// streets the joint error is .35 m with these, .61 m with turns four and the rest two times
// as loose, and links look false where all is five times as stiff; two rooms do not care.
const (
	stepShare    = .01   // deviation of a step's length: over 200 steps of .5 m .07 m
	stepFloor    = .2    // of the median step: a camera that stands is still known no better
	stepTurnRad  = .0005 // deviation of its direction, radians: .4 degrees over 200 steps
	stepLogScale = .0025 // and of its scale: 3.5 % over 200 steps
	returnSteps  = 2     // steps that a place seen twice within a recording is worth
)

// What a link between recordings is worth.
const (
	sureInliers = 40 // inliers of a good link (mapping, linkSure)
	mostTrust   = 3  // of one that has many more
	leastTrust  = .5
)

const (
	frameInfo   = 1e8 // information that holds the first keyframe: it names the frame
	freeLogStd  = 2   // deviation of the log scale of a recording that nothing tells metres
	leastLogStd = .01 // of one that something does: shapes of maps are no truer
)

// edge is a link between two recordings in a graph.
type edge struct {
	file, link int // which of the given links
}

// graph is the pose graph of recordings that links connect.
type graph struct {
	posegraph.Graph
	first []int        // node of the first keyframe, by recording; -1: not in the graph
	links map[int]edge // by edge of the graph
}

// newGraph builds the graph of the recordings of a component from where anchors, one a
// recording, bring them; used are the links that take part.
func (j *joiner) newGraph(members []int, anchors []geom.Sim3, used []edge) *graph {
	g := &graph{Graph: posegraph.Graph{FreeScale: true}, first: make([]int, len(j.recordings)), links: make(map[int]edge)}
	for i := range g.first {
		g.first[i] = -1
	}
	for _, r := range members {
		g.addRecording(j.recordings[r], r, anchors[r])
	}
	for _, e := range used {
		f, l := j.files[e.file], &j.files[e.file].Links[e.link]
		a, b := j.maps[f.A.SHA256], j.maps[f.B.SHA256]
		g.links[len(g.Edges)] = e
		g.Edges = append(g.Edges, posegraph.Edge{
			From: g.first[a] + j.at[a][l.A], To: g.first[b] + j.at[b][l.B], Z: l.Z.Sim3(), Info: l.information(),
			Suspicious: true, Trust: min(max(float64(l.Inliers)/sureInliers, leastTrust), mostTrust),
		})
	}
	return g
}

// addRecording enters the keyframes of a recording, its steps, its returns and what is
// known of its metres.
func (g *graph) addRecording(r *Recording, index int, anchor geom.Sim3) {
	first := len(g.Nodes)
	g.first[index] = first
	for _, k := range r.Keyframes {
		g.Nodes = append(g.Nodes, posegraph.Node{Pose: anchor.Mul(geom.Sim3FromSE3(k.Pose, 1))})
	}
	floor := stepFloor * stepShare * medianStep(r)
	join := func(i, j int, steps float64) {
		z := r.Keyframes[i].Pose.Between(r.Keyframes[j].Pose)
		g.Edges = append(g.Edges, posegraph.Edge{
			From: first + i, To: first + j, Z: geom.Sim3FromSE3(z, 1),
			Info: posegraph.Diagonal(steps*math.Hypot(floor, stepShare*z.T.Norm()), steps*stepTurnRad, steps*stepLogScale),
		})
	}
	for i := 1; i < len(r.Keyframes); i++ {
		join(i-1, i, 1)
	}
	for _, p := range r.Returns {
		join(p[0], p[1], returnSteps)
	}
	// One keyframe in the middle tells the scale of all.
	k := &g.Nodes[first+len(r.Keyframes)/2]
	k.Prior = &posegraph.Prior{Pose: k.Pose}
	k.Prior.Pose.S = math.Exp(r.Gain)
	std := float64(freeLogStd)
	if r.metric() {
		std = r.scaleStd()
	}
	k.Prior.Info[6][6] = 1 / (std * std)
	if first == 0 {
		n := &g.Nodes[0]
		held := posegraph.Prior{Pose: n.Pose}
		if n.Prior != nil { // a recording of one keyframe
			held = *n.Prior
		}
		for i := range 6 {
			held.Info[i][i] = frameInfo
		}
		n.Prior = &held
	}
}

// medianStep is the median length between neighbouring keyframes, in lengths of the map.
func medianStep(r *Recording) float64 {
	var steps []float64
	for i := 1; i < len(r.Keyframes); i++ {
		steps = append(steps, r.Keyframes[i].Pose.T.Sub(r.Keyframes[i-1].Pose.T).Norm())
	}
	if len(steps) == 0 {
		return 1
	}
	slices.Sort(steps)
	return max(steps[len(steps)/2], 1e-3)
}

// thinned returns the believed links that take part, most inliers first.
func (j *joiner) thinned() (out []edge) {
	var all []edge
	for f := range j.files {
		for l := range j.files[f].Links {
			if j.files[f].Links[l].Believed {
				all = append(all, edge{f, l})
			}
		}
	}
	link := func(e edge) *Link { return &j.files[e.file].Links[e.link] }
	slices.SortStableFunc(all, func(a, b edge) int { return link(b).Inliers - link(a).Inliers })
	visits := make([]posegraph.Visits, len(j.files))
	for _, e := range all {
		if visits[e.file].Take(link(e).A, link(e).B) {
			out = append(out, e)
		}
	}
	return out
}
