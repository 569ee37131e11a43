package join

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/disjoint"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// joiner is a run of Join.
type joiner struct {
	recordings []*Recording
	files      []*Links
	maps       map[string]int // recording by the digest of its map
	at         []map[int]int  // by recording, place of a keyframe's id
	out        *Joined
	rejected   map[edge]bool
}

// Join brings recordings into one frame by the links between them. Links that
// contradict the rest are rejected; recordings that no believed link connects stay
// apart, each component with a frame of its own, that of its first recording.
func Join(ctx context.Context, recordings []*Recording, files []*Links) (*Joined, error) {
	j := &joiner{recordings: recordings, files: files, maps: make(map[string]int), rejected: make(map[edge]bool)}
	j.out = &Joined{Kind: joinedKind, Version: Version, Warnings: []string{}}
	for i, r := range recordings {
		if o, ok := j.maps[r.Map.SHA256]; ok {
			return nil, fmt.Errorf("%s and %s hold the same map", recordings[o].Map.File, r.Map.File)
		}
		j.maps[r.Map.SHA256] = i
		j.at = append(j.at, r.index())
	}
	if err := j.check(); err != nil {
		return nil, err
	}
	// Sums round by their order: that of the maps, not that of the files of links.
	slices.SortStableFunc(j.files, func(f, g *Links) int {
		return cmp.Or(j.maps[f.A.SHA256]-j.maps[g.A.SHA256], j.maps[f.B.SHA256]-j.maps[g.B.SHA256])
	})
	j.out.Maps = make([]JoinedMap, len(recordings))
	used := j.thinned()
	for _, members := range j.components(used) {
		if err := j.solve(ctx, members, used); err != nil {
			return nil, err
		}
	}
	j.number()
	j.warnBridges(used)
	j.describeLinks(used)
	return j.out, nil
}

// check asks that links belong to the maps that are joined.
func (j *joiner) check() error {
	j.files = slices.Clone(j.files)
	for i, f := range j.files {
		for _, ref := range [2]MapRef{f.A, f.B} {
			if _, ok := j.maps[ref.SHA256]; !ok {
				return fmt.Errorf("links of %s, which is not among the maps, or has changed since: match it anew", ref.File)
			}
		}
		// Keyframes of parts that are not the largest have no place here.
		a, b := j.at[j.maps[f.A.SHA256]], j.at[j.maps[f.B.SHA256]]
		own := *f
		own.Links = slices.DeleteFunc(slices.Clone(f.Links), func(l Link) bool {
			_, okA := a[l.A]
			_, okB := b[l.B]
			return !okA || !okB
		})
		j.files[i] = &own
	}
	return nil
}

// ends returns the recordings of a link.
func (j *joiner) ends(e edge) (a, b int) {
	f := j.files[e.file]
	return j.maps[f.A.SHA256], j.maps[f.B.SHA256]
}

// components returns the recordings that links connect, each component in the order of
// the recordings.
func (j *joiner) components(used []edge) (out [][]int) {
	sets := disjoint.New[int](len(j.recordings))
	for _, e := range used {
		if !j.rejected[e] {
			sets.Join(j.ends(e))
		}
	}
	by := make(map[int][]int)
	for i := range sets {
		by[sets.Find(i)] = append(by[sets.Find(i)], i)
	}
	for i := range sets {
		if m := by[i]; len(m) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// within are the links between members that are not rejected.
func (j *joiner) within(members []int, used []edge) (out []edge) {
	for _, e := range used {
		if a, b := j.ends(e); !j.rejected[e] && slices.Contains(members, a) && slices.Contains(members, b) {
			out = append(out, e)
		}
	}
	return out
}

// solve solves a component, and again what is left of it where links that held it
// together were rejected.
func (j *joiner) solve(ctx context.Context, members []int, used []edge) error {
	mine := j.within(members, used)
	g := j.newGraph(members, j.place(members, mine), mine)
	believed := make([]int, 0, len(g.links))
	for e := range g.Edges {
		if _, ok := g.links[e]; ok {
			believed = append(believed, e)
		}
	}
	res, err := posegraph.Solve(ctx, &g.Graph, posegraph.Options{Start: posegraph.Given, Robust: true, Hypotheses: [][]int{believed}})
	if err != nil {
		return fmt.Errorf("joining %s and %d others: %w", j.recordings[members[0]].Name, len(members)-1, err)
	}
	for _, e := range res.Rejected {
		j.rejected[g.links[e]] = true
	}
	if len(res.Rejected) > 0 {
		if pieces := j.componentsOf(members, used); len(pieces) > 1 {
			for _, p := range pieces {
				if err := j.solve(ctx, p, used); err != nil {
					return err
				}
			}
			return nil
		}
	}
	adjusted, err := j.adjust(ctx, g, members, j.within(members, used))
	if err != nil {
		return err
	}
	j.take(adjusted, members)
	return nil
}

// adjust solves a component once more from its solution, by all links of the visits that
// held: few judge a visit, so that a false one that many keyframes see does not outvote
// the rest, but all of them together say best where it is. Links that contradict the
// others now are rejected; where that would take the component apart, the solution stays.
func (j *joiner) adjust(ctx context.Context, g *graph, members []int, mine []edge) (*graph, error) {
	all := append(slices.Clone(mine), j.spare(mine)...)
	if len(all) == len(mine) {
		return g, nil
	}
	out := j.newGraph(members, j.place(members, mine), all)
	believed := make([]int, 0, len(all))
	for i := range out.Nodes {
		out.Nodes[i].Pose = g.Nodes[i].Pose
	}
	for e := range out.Edges {
		if _, ok := out.links[e]; ok {
			believed = append(believed, e)
		}
	}
	res, err := posegraph.Solve(ctx, &out.Graph, posegraph.Options{Start: posegraph.Given, Robust: true, Hypotheses: [][]int{believed}})
	if err != nil {
		return nil, fmt.Errorf("adjusting %s and %d others: %w", j.recordings[members[0]].Name, len(members)-1, err)
	}
	for _, e := range res.Rejected {
		j.rejected[out.links[e]] = true
	}
	if len(j.componentsOf(members, all)) > 1 {
		for _, e := range res.Rejected {
			delete(j.rejected, out.links[e])
		}
		return g, nil
	}
	return out, nil
}

// spare are the believed links of the visits of others that take part.
func (j *joiner) spare(mine []edge) (out []edge) {
	kept := make(map[int][]edge) // by file
	part := make(map[edge]bool)
	for _, e := range mine {
		kept[e.file], part[e] = append(kept[e.file], e), true
	}
	for f := range j.files {
		for n := range j.files[f].Links {
			l := &j.files[f].Links[n]
			if !l.Believed || part[edge{f, n}] {
				continue
			}
			if slices.ContainsFunc(kept[f], func(e edge) bool {
				o := &j.files[f].Links[e.link]
				return posegraph.SameVisit(o.A, l.A) && posegraph.SameVisit(o.B, l.B)
			}) {
				out = append(out, edge{f, n})
			}
		}
	}
	return out
}

// componentsOf are the components that are left of a set of recordings.
func (j *joiner) componentsOf(members []int, used []edge) (out [][]int) {
	for _, c := range j.components(used) {
		if slices.Contains(members, c[0]) {
			out = append(out, c)
		}
	}
	return out
}

// place brings the recordings of a component together along the spanning tree whose pairs
// of recordings have most links, from the first on: a false pair has few, of one visit,
// and a start that it is part of is not always left again.
func (j *joiner) place(members []int, mine []edge) []geom.Sim3 {
	anchors := make([]geom.Sim3, len(j.recordings))
	done := make([]bool, len(j.recordings))
	first := members[0]
	anchors[first], done[first] = geom.Sim3FromSE3(geom.IdentitySE3(), math.Exp(j.recordings[first].Gain)), true
	pairs := make(map[int][]edge) // by file; the link with most inliers first
	for _, e := range mine {
		pairs[e.file] = append(pairs[e.file], e)
	}
	for range members[1:] {
		var best []edge
		for f := range j.files {
			if p := pairs[f]; len(p) > len(best) {
				if a, b := j.ends(p[0]); done[a] != done[b] {
					best = p
				}
			}
		}
		if best == nil {
			break
		}
		e := best[0]
		a, b := j.ends(e)
		l := &j.files[e.file].Links[e.link]
		ab := j.pose(a, l.A).Mul(l.Z.Sim3()).Mul(j.pose(b, l.B).Inverse()) // of map b in map a
		if done[a] {
			anchors[b], done[b] = anchors[a].Mul(ab), true
		} else {
			anchors[a], done[a] = anchors[b].Mul(ab.Inverse()), true
		}
	}
	return anchors
}

// pose is that of a keyframe in its own map.
func (j *joiner) pose(recording, id int) geom.Sim3 {
	return geom.Sim3FromSE3(j.recordings[recording].Keyframes[j.at[recording][id]].Pose, 1)
}

// take enters the solution of a component into the result.
func (j *joiner) take(g *graph, members []int) {
	logs := make([]float64, len(j.recordings)) // of the factor that the joint map brings a recording's own metres by
	for _, i := range members {
		r := j.recordings[i]
		var s []float64
		for n := range r.Keyframes {
			s = append(s, math.Log(g.Nodes[g.first[i]+n].Pose.S))
		}
		logs[i] = stats.Median(s) - r.Gain
		if r.Elsewhere > 0 {
			j.warn("%s: %d keyframes lie in parts of the map that nothing connects to its largest one; they are left out", r.Name, r.Elsewhere)
		}
	}
	c := Component{First: members[0], Recordings: len(members)}
	metres := j.judgeScales(members, logs)
	c.ScaleLogStd = metres.logStd
	if metres.logStd == 0 {
		j.warn("%s and %d others: nothing tells metres; lengths are those of %s", j.recordings[members[0]].Name, len(members)-1, j.recordings[members[0]].Name)
	}
	j.out.Components = append(j.out.Components, c)
	by := geom.Sim3FromSE3(geom.IdentitySE3(), math.Exp(-metres.log))
	for _, i := range members {
		r := j.recordings[i]
		m := JoinedMap{Name: r.Name, File: r.Map.File, SHA256: r.Map.SHA256, Component: members[0],
			ScaleFactor: math.Exp(logs[i] - metres.log), ScaleConflict: metres.contradicted[i]}
		if r.metric() {
			m.ScaleLogStd = r.scaleStd()
		}
		for n, k := range r.Keyframes {
			p := by.Mul(g.Nodes[g.first[i]+n].Pose)
			m.Keyframes = append(m.Keyframes, JoinedKeyframe{ID: k.ID, Time: k.Time, Pose: poseOf(p)})
		}
		middle := len(r.Keyframes) / 2
		m.Anchor = poseOf(by.Mul(g.Nodes[g.first[i]+middle].Pose).Mul(geom.Sim3FromSE3(r.Keyframes[middle].Pose, 1).Inverse()))
		j.out.Maps[i] = m
	}
}

func (j *joiner) warn(format string, args ...any) {
	j.out.Warnings = append(j.out.Warnings, fmt.Sprintf(format, args...))
}

// number counts the components from 0, the largest first.
func (j *joiner) number() {
	slices.SortStableFunc(j.out.Components, func(a, b Component) int {
		if a.Recordings != b.Recordings {
			return b.Recordings - a.Recordings
		}
		return a.First - b.First
	})
	by := make(map[int]int)
	for i, c := range j.out.Components {
		by[c.First] = i
	}
	for i := range j.out.Maps {
		j.out.Maps[i].Component = by[j.out.Maps[i].Component]
	}
	if n := len(j.out.Components); n > 1 {
		for i, c := range j.out.Components[1:] {
			var names []string
			for _, m := range j.out.Maps {
				if m.Component == i+1 {
					names = append(names, m.Name)
				}
			}
			j.warn("component %d, %d recordings (%s), shows no place of component 0 that is sure: it has a frame of its own", i+1, c.Recordings, someOf(names))
		}
	}
}

// someOf lists a few names.
func someOf(names []string) string {
	const most = 5
	if len(names) <= most {
		return fmt.Sprint(names)
	}
	return fmt.Sprintf("%v and %d more", names[:most], len(names)-most)
}

// describeLinks enters what became of each link.
func (j *joiner) describeLinks(used []edge) {
	part := make(map[edge]bool)
	for _, e := range used {
		part[e] = true
	}
	j.out.Links = []JoinedLink{}
	for f := range j.files {
		for l := range j.files[f].Links {
			e := edge{f, l}
			a, b := j.ends(e)
			link := &j.files[f].Links[l]
			o := JoinedLink{A: a, B: b, KeyframeA: link.A, KeyframeB: link.B, Inliers: link.Inliers, State: Believed}
			switch {
			case !link.Believed:
				o.State = Doubted
			case j.rejected[e]:
				o.State = Rejected
			case !part[e]:
				o.State = Spare
			}
			j.out.Links = append(j.out.Links, o)
		}
	}
}
