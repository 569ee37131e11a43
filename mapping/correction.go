package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

// Correction is what loop closing found out about the poses, the scales and the
// parts of keyframes. The map applies it.
type Correction struct {
	part    int             // that it is of: all keyframes with a pose belong to it from now on
	poses   []correctedPose // T_wc; its scale is the factor on the lengths that the keyframe has measured
	parts   map[int]int     // other keyframes' parts from now on, by keyframe
	current map[int]int     // where keyframes are added to a part, the part that they are added to from now on
}

type correctedPose struct {
	keyframe int
	pose     geom.Sim3
}

// correction returns the solution of a pose graph.
func (g *loopGraph) correction(m *Map) *Correction {
	c := &Correction{part: m.Keyframes[g.ids[0]].Part, current: make(map[int]int)}
	for i, id := range g.ids {
		c.poses = append(c.poses, correctedPose{id, g.Nodes[i].Pose})
		if p := m.Keyframes[id].Part; p != c.part {
			c.current[p] = c.part
		}
	}
	return c
}

// apply moves keyframes, with the landmarks that they host, to where a correction
// says.
func (m *Map) apply(c Correction) {
	if len(c.poses) > 0 {
		m.moved++
	}
	m.allMoved, m.origins = true, nil
	for _, p := range c.poses {
		k := m.Keyframes[p.keyframe]
		k.Pose, k.Part = p.pose.SE3(), c.part
		m.scaleHosted(k, p.pose.S)
	}
	for id, part := range c.parts {
		m.Keyframes[id].Part = part
		m.parts = max(m.parts, part+1)
	}
}

// scaleHosted makes the landmarks of a host s times farther, and its depth
// readings worth that much more.
func (m *Map) scaleHosted(k *Keyframe, s float64) {
	if s == 1 {
		return
	}
	k.LogScale += math.Log(s)
	k.Unit *= s
	for _, f := range k.Features {
		if l, ok := m.landmarks.find(f.Landmark); ok && l.Host == k.ID {
			l.InvDepth /= s
		}
	}
}

// sceneDepth is the median depth of the landmarks of a keyframe, 1 without any.
func (m *Map) sceneDepth(k *Keyframe) float64 {
	var z []float64
	for _, f := range k.Features {
		if l, ok := m.landmarks.find(f.Landmark); ok && l.Known() {
			z = append(z, k.Pose.ApplyInverse(m.Position(l)).Z)
		}
	}
	if len(z) == 0 {
		return 1
	}
	return stats.Median(z)
}

// largestPart returns the part with most keyframes, the first of them.
func (m *Map) largestPart() int {
	count := make([]int, m.parts)
	best := 0
	for _, k := range m.Keyframes {
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
