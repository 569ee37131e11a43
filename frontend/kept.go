package frontend

import (
	"sort"

	"github.com/metricslam/metricslam/slam"
)

// maxKeptPyramids bounds the memory of keyframe pyramids (2-3 MB each at VGA);
// images themselves stay and their pyramids are rebuilt on demand.
const maxKeptPyramids = 12

// keptImages holds keyframes' images and the pyramids of those used last.
type keptImages struct {
	gray     map[int]slam.Gray
	pyramids []keptPyramid // least recently used first
}

type keptPyramid struct {
	id int
	p  *pyramid
}

func (k *keptImages) keep(id int, g slam.Gray) {
	k.forget(id) // an id that is used again shows another image
	if k.gray == nil {
		k.gray = make(map[int]slam.Gray)
	}
	k.gray[id] = g
}

func (k *keptImages) forget(id int) {
	delete(k.gray, id)
	for i, e := range k.pyramids {
		if e.id == id {
			e.p.close()
			k.pyramids = append(k.pyramids[:i], k.pyramids[i+1:]...)
			return
		}
	}
}

// pyramid returns the pyramid of keyframe id, nil where its image is not kept.
func (k *keptImages) pyramid(id int) (*pyramid, error) {
	for i, e := range k.pyramids {
		if e.id == id {
			copy(k.pyramids[i:], k.pyramids[i+1:])
			k.pyramids[len(k.pyramids)-1] = e
			return e.p, nil
		}
	}
	g, ok := k.gray[id]
	if !ok {
		return nil, nil
	}
	p, err := newPyramid(g, false)
	if err != nil {
		return nil, err
	}
	if len(k.pyramids) == maxKeptPyramids {
		k.pyramids[0].p.close()
		k.pyramids = k.pyramids[1:]
	}
	k.pyramids = append(k.pyramids, keptPyramid{id, p})
	return p, nil
}

func (k *keptImages) closeAll() {
	for _, e := range k.pyramids {
		e.p.close()
	}
	k.pyramids, k.gray = nil, nil
}

func sortByID(t []Track) { sort.Slice(t, func(i, j int) bool { return t[i].ID < t[j].ID }) }
