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

// shelfOpen is the number of keyframes that lie open: those of the window and of
// a place that is seen again.
const shelfOpen = 64

// shelf keeps track of the keyframes that lie open.
type shelf struct {
	open  []*Keyframe // least recently used first
	most  int         // of them; 0: shelfOpen
	match Matcher     // keeps the pictures of those that lie open; may be nil
}

// shelved is the packed form of what never changes of a keyframe.
type shelved struct {
	gray, depth    []byte
	color          []byte // JPEG
	grayW, grayH   int
	colorW, colorH int
	depthBytes     int  // before they were packed
	away           bool // nothing but the packed form is there
}

// Open makes the grey picture and the depth of a keyframe readable, until some
// 60 others have been opened.
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
	most := s.most
	if most == 0 {
		most = shelfOpen
	}
	for len(s.open) > most {
		o := s.open[0]
		s.open = append(s.open[:0], s.open[1:]...)
		if o.pack() && s.match != nil {
			s.match.Forget(o.ID)
		}
	}
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
