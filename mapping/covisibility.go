package mapping

import "sort"

// shared counts the known landmarks that a set of landmark ids shares with each
// keyframe, and returns the keyframes by falling count, then by falling id.
func (m *Map) shared(ids []int, except int) []covisibility {
	count := make(map[int]int)
	for _, id := range ids {
		l, ok := m.landmarks.find(id)
		if !ok {
			continue
		}
		for _, o := range l.Obs {
			if o.KF != except {
				count[o.KF]++
			}
		}
	}
	out := make([]covisibility, 0, len(count))
	for kf, n := range count {
		out = append(out, covisibility{kf, n})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].n != out[j].n {
			return out[i].n > out[j].n
		}
		return out[i].kf > out[j].kf
	})
	return out
}

type covisibility struct{ kf, n int }

// landmarksOf lists the landmark ids a keyframe observes.
func (k *Keyframe) landmarksOf() []int {
	ids := make([]int, 0, len(k.Features))
	for _, f := range k.Features {
		if f.Landmark >= 0 {
			ids = append(ids, f.Landmark)
		}
	}
	return ids
}

// covisible returns the keyframes that share at least least landmarks with
// keyframe id, most shared first.
func (m *Map) covisible(id, least int) []int {
	var out []int
	for _, c := range m.shared(m.Keyframes[id].landmarksOf(), id) {
		if c.n >= least {
			out = append(out, c.kf)
		}
	}
	return out
}
