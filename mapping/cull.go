package mapping

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
)

// A keyframe whose landmarks others see as well says nothing new. In a long run
// it is culled: its observations, images and depth go, its pose stays, and
// moves with a keyframe near by, its parent, since frames are posed against it. So a map grows with
// what was seen, not with the time it took.

// parent is the keyframe that a culled one moves with.
type parent struct {
	by   int      // keyframe
	rel  geom.SE3 // T_by_culled, in lengths of unit
	unit float64  // of by at that time
	own  float64  // Unit of the culled one at that time
}

// Culled reports whether nothing but the pose of a keyframe is left.
func (k *Keyframe) Culled() bool { return k.parent != nil }

// cull removes keyframes around k that have become redundant.
func (m *Mapper) cull(k *Keyframe) {
	if len(m.Map.Keyframes) < cullFrom {
		return
	}
	least := 1
	if len(m.Map.Keyframes)-m.Map.culled >= cullLong {
		least = cullLasting
	}
	n := 0
	for _, id := range m.Map.covisible(k.ID, cullShared) {
		if n == cullAtOnce {
			break
		}
		o := m.Map.Keyframes[id]
		if m.Map.needed(o) || o.Part != k.Part || id > k.ID-cullRecent || !m.redundant(o, least) {
			continue
		}
		m.remove(o, m.parentOf(o))
		n++
	}
}

// needed reports whether others need a keyframe: the origin of a part, and the ends
// of a tether.
func (m *Map) needed(k *Keyframe) bool {
	return k.Tether != nil || m.tethered[k.ID] || m.origin(k.Part) == k.ID
}

// redundant reports whether enough other keyframes see the landmarks of k that at
// least so many see, from as near as it does.
func (m *Mapper) redundant(k *Keyframe, least int) bool {
	var known, seen int
	for _, f := range k.Features {
		l, ok := m.Map.landmarks.find(f.Landmark)
		if !ok || !l.Known() || len(l.Obs) < least {
			continue
		}
		known++
		p := m.Map.Position(l)
		reach := (1 + cullTieShift) * k.Pose.T.Sub(p).Norm()
		witnesses := 0
		for _, o := range l.Obs {
			if o.KF != k.ID && m.Map.Keyframes[o.KF].Pose.T.Sub(p).Norm() <= reach {
				witnesses++
			}
		}
		if witnesses >= cullWitness {
			seen++
		}
	}
	return known > 0 && float64(seen) >= cullShare*float64(known)
}

// parentOf returns the keyframe that shares most landmarks with k.
func (m *Mapper) parentOf(k *Keyframe) *Keyframe {
	if c := m.Map.shared(k.landmarksOf(), k.ID); len(c) > 0 {
		return m.Map.Keyframes[c[0].kf]
	}
	return m.Map.Keyframes[m.Map.origin(k.Part)]
}

// remove culls keyframe k; by becomes its parent, and that of its children, and has
// its links.
func (m *Mapper) remove(k, by *Keyframe) {
	m.loops.moveLinks(k, by)
	k.StepM = 0
	if next := k.ID + 1; next < len(m.Map.Keyframes) {
		m.Map.Keyframes[next].StepM = 0
	}
	for i := range k.Features {
		l, ok := m.Map.landmarks.find(k.Features[i].Landmark)
		if ok {
			m.Map.forgetObservation(l, Observation{k.ID, i})
		}
	}
	m.loops.index.Remove(k.ID)
	m.Map.images.Drop(k.ID)
	m.Map.cull(k, by)
}

// cull leaves nothing but the pose of a keyframe, which moves along with keyframe by
// from now on, and so do those that moved with it.
func (m *Map) cull(k, by *Keyframe) {
	k.Features, k.Depth = nil, images.DepthInfo{}
	m.culled++
	for _, o := range append(m.children[k.ID], k) {
		o.parent = &parent{by: by.ID, rel: by.Pose.Between(o.Pose), unit: by.Unit, own: o.Unit}
		m.children[by.ID] = append(m.children[by.ID], o)
	}
	delete(m.children, k.ID)
	m.moving = append(m.moving, by.ID)
}

// movePose changes the pose of a keyframe.
func (m *Map) movePose(k *Keyframe, pose geom.SE3) {
	k.Pose = pose
	if len(m.children[k.ID]) > 0 {
		m.moving = append(m.moving, k.ID)
	}
}

// moveChildren moves the culled keyframes whose parents have moved since.
func (m *Map) moveChildren() {
	if m.allMoved {
		m.allMoved, m.origins = false, nil
		for _, k := range m.Keyframes {
			m.moveChild(k)
		}
	}
	for _, id := range m.moving {
		for _, k := range m.children[id] {
			m.moveChild(k)
		}
	}
	m.moving = m.moving[:0]
}

// moveChild moves a culled keyframe with its parent.
func (m *Map) moveChild(k *Keyframe) {
	c := k.parent
	if c == nil {
		return
	}
	by := m.Keyframes[c.by]
	s := by.Unit / c.unit
	rel := c.rel
	rel.T = rel.T.Scale(s)
	k.Pose, k.Unit, k.Part = by.Pose.Mul(rel), c.own*s, by.Part
}
