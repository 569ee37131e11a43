package mapping

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/metricslam/metricslam/internal/spill"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// Pictures, depth and place features are nearly all that a keyframe takes of the
// memory, and few keyframes are looked at. Those of the others lie on a shelf,
// packed as in a map file: grey and depth without loss, colour, which paints
// surfaces, as JPEG. What was packed once stays packed beside what is open, so that
// a keyframe is put back at no cost. The shelf is a file where the mapper has a
// folder for it, else memory.

// shelfLeast is the number of keyframes that lie open whatever they take.
const shelfLeast = 2

// shelf keeps track of the keyframes that lie open.
type shelf struct {
	open  []*Keyframe // least recently used first
	most  int         // bytes that they take
	match Matcher     // keeps the pictures of those that lie open; may be nil
	spill *spill.File // takes what is packed; nil: memory does
}

// newShelf returns an empty shelf.
func newShelf(cfg Config, match Matcher) shelf {
	s := shelf{match: match, most: cfg.OpenMB << 20}
	if cfg.Scratch != "" {
		s.spill = spill.New(cfg.Scratch)
	}
	return s
}

// kept is something packed, in memory or in a spill.
type kept struct {
	data  []byte
	piece spill.Piece
}

// keep puts something packed where the shelf has it. Memory is left for a folder
// that takes no file and for a disk that is full.
func (s *shelf) keep(data []byte) kept {
	if s.spill != nil {
		if p, err := s.spill.Put(data); err == nil {
			return kept{piece: p}
		}
	}
	return kept{data: data}
}

func (p kept) empty() bool { return p.data == nil && p.piece.Size() == 0 }

func (p kept) read() ([]byte, error) {
	if p.data != nil {
		return p.data, nil
	}
	return p.piece.Read()
}

// unpack reads and unpacks n bytes.
func (p kept) unpack(n int) ([]byte, error) {
	data, err := p.read()
	if err != nil {
		return nil, err
	}
	return mapfile.Unpack(data, n)
}

// shelved is the packed form of what never changes of a keyframe.
type shelved struct {
	gray, depth    kept
	color          kept // JPEG
	places         kept
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

// keepOpen is Open of a keyframe that was loaded, unless it lies packed.
func (m *Map) keepOpen(k *Keyframe) {
	if !k.shelved.away {
		m.Open(k)
	}
}

// spare puts all keyframes away where the shelf does not hold them all anyway: what
// comes next needs the memory.
func (m *Map) spare() {
	if slices.ContainsFunc(m.Keyframes, func(k *Keyframe) bool { return k.shelved.away }) {
		m.shelf.putAway(len(m.shelf.open))
	}
}

// putAway packs the first n of the keyframes that lie open.
func (s *shelf) putAway(n int) {
	for _, o := range s.open[:n] {
		if s.pack(o) && s.match != nil {
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
func (s *shelf) pack(k *Keyframe) bool {
	p := &k.shelved
	if p.away {
		return true
	}
	if p.gray.empty() {
		data, err := mapfile.Pack(medResiduals(k.Gray))
		if err != nil {
			return false
		}
		p.gray, p.grayW, p.grayH = s.keep(data), k.Gray.W, k.Gray.H
	}
	if p.color.empty() && !k.Color.Empty() {
		data, err := encodeColor(k.Color)
		if err != nil {
			return false
		}
		p.color, p.colorW, p.colorH = s.keep(data), k.Color.W, k.Color.H
	}
	if p.depth.empty() && !k.Depth.Empty() {
		diff := k.Depth.differences()
		data, err := mapfile.Pack(diff)
		if err != nil {
			return false
		}
		p.depth, p.depthBytes = s.keep(data), len(diff)
	}
	p.away = true
	k.Gray, k.Color, k.Depth.code, k.Depth.std = slam.Gray{}, slam.RGB{}, nil, nil
	return true
}

// keepColor takes the colours of a keyframe over from its section of a map file,
// packed as they are: packing them anew would blur them once more.
func (s *shelf) keepColor(k *Keyframe, section *mapfile.Decoder) {
	if p := &k.shelved; !k.Color.Empty() {
		p.color, p.colorW, p.colorH = s.keep(bytes.Clone(section.Bytes("color", -1))), k.Color.W, k.Color.H
	}
}

// putAwayLoaded packs all of a keyframe that was read and not opened yet.
func (s *shelf) putAwayLoaded(k *Keyframe) {
	if !k.Culled() {
		s.pack(k)
		s.shelvePlaces(k)
	}
}

// unpack is the inverse; colour stays packed.
func (k *Keyframe) unpack() {
	p := &k.shelved
	if !p.away {
		return
	}
	p.away = false
	if residuals, err := p.gray.unpack(p.grayW * p.grayH); err == nil {
		k.Gray = medPicture(p.grayW, p.grayH, residuals)
	}
	if k.Depth.Empty() {
		return
	}
	diff, err := p.depth.unpack(p.depthBytes)
	if err != nil {
		k.Depth = PackedDepth{}
		return
	}
	k.Depth.code, k.Depth.std = fromDifferences(diff, k.Depth.W, k.Depth.H)
}

// Picture returns the colours of a keyframe, empty where it has none.
func (k *Keyframe) Picture() slam.RGB {
	p := &k.shelved
	if !k.Color.Empty() || p.color.empty() {
		return k.Color
	}
	data, err := p.color.read()
	if err != nil {
		return slam.RGB{}
	}
	c, err := decodeColor(p.colorW, p.colorH, data)
	if err != nil {
		return slam.RGB{}
	}
	return c
}

// placeBytes is the size of a packed place feature.
const placeBytes = 16 + len(slam.Descriptor{})

// shelvePlaces puts the place features of a keyframe away, where that saves memory.
func (s *shelf) shelvePlaces(k *Keyframe) {
	if s.spill == nil || len(k.Place) == 0 {
		return
	}
	data := make([]byte, 0, placeBytes*len(k.Place))
	for i := range k.Place {
		p := &k.Place[i]
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(p.Pixel.X))
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(p.Pixel.Y))
		data = append(data, p.Desc[:]...)
	}
	k.shelved.places, k.Place = s.keep(data), nil
}

// Places returns the ORB features of a keyframe, for loops and relocalisation.
func (k *Keyframe) Places() []recognition.Keypoint {
	if k.shelved.places.empty() {
		return k.Place
	}
	data, err := k.shelved.places.read()
	if err != nil {
		return nil
	}
	out := make([]recognition.Keypoint, len(data)/placeBytes)
	for i := range out {
		b := data[placeBytes*i:]
		out[i].Pixel.X = math.Float64frombits(binary.LittleEndian.Uint64(b))
		out[i].Pixel.Y = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
		copy(out[i].Desc[:], b[16:])
	}
	return out
}
