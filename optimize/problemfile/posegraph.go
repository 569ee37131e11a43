package problemfile

import (
	"fmt"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// PoseGraph returns the optimisation problem of the file; its nodes and edges
// have the indices of g. Without a FIX line the first vertex is fixed. Edges
// between vertices that do not follow each other in the file are suspicious.
// Information matrices that miss being positive semidefinite by rounding are
// projected; by more, they are an error.
func (g *Graph) PoseGraph() (*posegraph.Graph, Projection, error) {
	var done Projection
	out := &posegraph.Graph{Nodes: make([]posegraph.Node, len(g.Vertices)), Edges: make([]posegraph.Edge, len(g.Edges))}
	fixed := false
	for i := range g.Vertices {
		v := &g.Vertices[i]
		out.Nodes[i] = posegraph.Node{Pose: geom.Sim3FromSE3(v.Pose, 1), Fixed: v.Fixed}
		fixed = fixed || v.Fixed
	}
	if !fixed {
		out.Nodes[0].Fixed = true
	}
	for k := range g.Edges {
		e := &g.Edges[k]
		o := &out.Edges[k]
		o.From, o.To, o.Z = e.From, e.To, geom.Sim3FromSE3(e.Z, 1)
		o.Suspicious = e.To != e.From+1 && e.From != e.To+1
		at := 0
		for i := range 6 {
			for j := i; j < 6; j++ {
				o.Info[i][j], o.Info[j][i] = e.Info[at], e.Info[at]
				at++
			}
		}
		least, err := project(&o.Info)
		if err != nil {
			return nil, done, fmt.Errorf("the information of the edge from vertex %d to %d is not positive semidefinite: %w", g.Vertices[e.From].ID, g.Vertices[e.To].ID, err)
		}
		if least < 0 {
			done.Edges, done.Worst = done.Edges+1, min(done.Worst, least)
		}
	}
	return out, done, nil
}

// SetPoses takes over the poses of a solution of PoseGraph.
func (g *Graph) SetPoses(p *posegraph.Graph) {
	for i := range g.Vertices {
		g.Vertices[i].Pose = p.Nodes[i].Pose.SE3()
	}
}
