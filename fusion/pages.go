package fusion

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"github.com/metricslam/metricslam/internal/spill"
)

// The field of a long way does not fit into the memory, but a view is near to few
// of its blocks. Where the configuration names a folder, blocks that were not
// needed for longest lie in a file of it, and come back when a view or the mesh
// needs them: the result is the same.

// blockBytes is the size of a block in the file.
const blockBytes = blockLen * 16

// sparedShare is the share of Config.MaxBlocks that stays in memory when the
// others are put away.
const sparedShare = .75

// need brings blocks into memory.
func (v *Volume) need(idx []int32) error {
	v.turn++
	var away []int32
	for _, i := range idx {
		if s := &v.state[i]; s.used != v.turn {
			s.used = v.turn
			if v.blocks[i] == nil {
				away = append(away, i)
			}
		}
	}
	var mu sync.Mutex
	var first error
	parallelFor(len(away), v.cfg.Workers, 16, func(k int) {
		i := away[k]
		b, err := readBlock(v.state[i].page)
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			first = cmp.Or(first, err)
			return
		}
		v.blocks[i] = b
	})
	v.resident += len(away)
	return first
}

// spare puts the blocks away that were not needed for longest, where too many are
// in memory; those of the last need stay. Where the file takes no more, what is
// mapped stays as it is, and no block is added.
func (v *Volume) spare() {
	if v.spill == nil || v.resident <= v.cfg.MaxBlocks {
		return
	}
	idle := make([]int32, 0, v.resident)
	for i, b := range v.blocks {
		if b != nil && v.state[i].used < v.turn {
			idle = append(idle, int32(i))
		}
	}
	slices.SortStableFunc(idle, func(a, b int32) int { return cmp.Compare(v.state[a].used, v.state[b].used) })
	n := min(v.resident-int(sparedShare*float64(v.cfg.MaxBlocks)), len(idle))
	for _, i := range idle[:n] {
		if err := v.putAway(i); err != nil {
			v.spill = nil
			return
		}
	}
}

// putAway takes a block out of memory; the file gets it unless it has it.
func (v *Volume) putAway(i int32) (err error) {
	s := &v.state[i]
	switch b := v.blocks[i]; {
	case s.page.Size() == 0:
		s.page, err = v.spill.Put(b.encode(v.page[:0]))
	case s.saved < s.changed:
		s.page, err = s.page.Replace(b.encode(v.page[:0]))
	}
	if err != nil {
		return err
	}
	s.saved = s.changed
	v.blocks[i] = nil
	v.resident--
	return nil
}

// encode appends the block's voxels to data.
func (b *block) encode(data []byte) []byte {
	le := binary.LittleEndian
	for i := range b {
		x := &b[i]
		data = le.AppendUint32(data, math.Float32bits(x.sdf))
		data = le.AppendUint32(data, math.Float32bits(x.weight))
		for _, c := range [4]uint16{x.r, x.g, x.b, x.views} {
			data = le.AppendUint16(data, c)
		}
	}
	return data
}

// readBlock is the inverse.
func readBlock(p spill.Piece) (*block, error) {
	var data [blockBytes]byte
	if err := p.ReadInto(data[:]); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	b := new(block)
	for i := range b {
		d := data[16*i : 16*i+16]
		b[i] = voxel{
			sdf: math.Float32frombits(le.Uint32(d)), weight: math.Float32frombits(le.Uint32(d[4:])),
			r: le.Uint16(d[8:]), g: le.Uint16(d[10:]), b: le.Uint16(d[12:]), views: le.Uint16(d[14:]),
		}
	}
	return b, nil
}
