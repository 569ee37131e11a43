package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/slam"
)

// Pictures and depth are nearly all that a keyframe takes of the memory, and few
// keyframes are looked at. Those of the others lie on a shelf, packed as in a map
// file: grey and depth without loss, colour, which paints surfaces, as JPEG. What
// was packed once stays packed beside what is open, so that a keyframe is put back
// at no cost.

// shelfLeast is the number of keyframes that lie open whatever they take.
const shelfLeast = 2

// shelf keeps track of the keyframes that lie open.
type shelf struct {
	open  []*Keyframe // least recently used first
	most  int         // bytes that they take
	match Matcher     // keeps the pictures of those that lie open; may be nil
}

func newShelf(cfg Config, match Matcher) shelf { return shelf{match: match, most: cfg.OpenMB << 20} }

// shelved is the packed form of what never changes of a keyframe.
type shelved struct {
	gray, depth    []byte
	color          []byte // JPEG
	grayW, grayH   int
	colorW, colorH int
	depthBytes     int  // before they were packed
	away           bool // nothing but the packed form is there
}

// Open makes the grey picture and the depth of a keyframe readable, until others
// that were opened since take Config.OpenMB.
func (m *Map) Open(k *Keyframe) {
	s := &m.shelf
	if n := len(s.open); n > 0 && s.open[n-1] == k {
		return
	}
	if k.Culled() {
		return
	}
	if !s.forget(k) {
		k.unpack()
		if s.match != nil {
			s.match.Keep(k.ID, k.Gray)
		}
	}
	s.open = append(s.open, k)
	s.putAway(s.surplus())
}

// clear puts all keyframes away where the shelf does not hold them all anyway:
// what comes next needs the memory.
func (s *shelf) clear(all []*Keyframe) {
	if slices.ContainsFunc(all, func(k *Keyframe) bool { return k.shelved.away }) {
		s.putAway(len(s.open))
	}
}

// putAway packs the first n of the keyframes that lie open.
func (s *shelf) putAway(n int) {
	for _, o := range s.open[:n] {
		if o.pack() && s.match != nil {
			s.match.Forget(o.ID)
		}
	}
	s.open = slices.Delete(s.open, 0, n)
}

// surplus is the number of keyframes to be put away.
func (s *shelf) surplus() int {
	bytes := 0
	for i := len(s.open) - 1; i >= 0; i-- {
		if bytes += s.open[i].openBytes(); bytes > s.most && len(s.open)-i > shelfLeast {
			return i + 1
		}
	}
	return 0
}

// openBytes is what the pictures and the depth take now.
func (k *Keyframe) openBytes() int {
	return len(k.Gray.Pix) + len(k.Color.Pix) + 2*len(k.Depth.code) + len(k.Depth.std)
}

// forget takes a keyframe off the list of those that lie open.
func (s *shelf) forget(k *Keyframe) bool {
	i := slices.Index(s.open, k)
	if i < 0 {
		return false
	}
	s.open = slices.Delete(s.open, i, i+1)
	return true
}

// pack puts a keyframe's pictures and depth away; false where that is not
// possible and they stay.
func (k *Keyframe) pack() bool {
	p := &k.shelved
	if p.away {
		return true
	}
	var err error
	if p.gray == nil {
		if p.gray, err = mapfile.Pack(medResiduals(k.Gray)); err != nil {
			return false
		}
		p.grayW, p.grayH = k.Gray.W, k.Gray.H
	}
	if p.color == nil && !k.Color.Empty() {
		if p.color, err = encodeColor(k.Color); err != nil {
			return false
		}
		p.colorW, p.colorH = k.Color.W, k.Color.H
	}
	if p.depth == nil && !k.Depth.Empty() {
		diff := k.Depth.differences()
		if p.depth, err = mapfile.Pack(diff); err != nil {
			return false
		}
		p.depthBytes = len(diff)
	}
	p.away = true
	k.Gray, k.Color, k.Depth.code, k.Depth.std = slam.Gray{}, slam.RGB{}, nil, nil
	return true
}

// unpack is the inverse; colour stays packed.
func (k *Keyframe) unpack() {
	p := &k.shelved
	if !p.away {
		return
	}
	p.away = false
	if residuals, err := mapfile.Unpack(p.gray, p.grayW*p.grayH); err == nil {
		k.Gray = medPicture(p.grayW, p.grayH, residuals)
	}
	if k.Depth.Empty() {
		return
	}
	diff, err := mapfile.Unpack(p.depth, p.depthBytes)
	if err != nil {
		k.Depth = PackedDepth{}
		return
	}
	k.Depth.code, k.Depth.std = fromDifferences(diff, k.Depth.W, k.Depth.H)
}

// Picture returns the colours of a keyframe, empty where it has none.
func (k *Keyframe) Picture() slam.RGB {
	if p := &k.shelved; k.Color.Empty() && p.color != nil {
		c, err := decodeColor(p.colorW, p.colorH, p.color)
		if err == nil {
			return c
		}
	}
	return k.Color
}
