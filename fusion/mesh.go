package fusion

import (
	"slices"

	"github.com/metricslam/metricslam/slam"
)

// extracted is what Mesh keeps between calls: the pieces of the blocks, so that
// only those near a change are extracted again.
type extracted struct {
	pieces   []*piece // by block; nil where it holds no surface
	views    int      // of the volume when they were extracted
	minViews int      // that a voxel needed then
}

// Mesh returns the surface as it is now: triangles counter-clockwise seen from
// free space, vertices shared, with normals and colours. Pieces of less than
// Config.MinTriangles are left out. Blocks that have not changed since the last
// call, nor have neighbours that did, are not computed again. The mesh belongs
// to the caller. Config.SmoothIters rounds of smoothing end it. An error is one of
// the file that holds blocks.
func (v *Volume) Mesh() (*slam.Mesh, error) { return v.mesh(false) }

// mesh is Mesh; the last one gives the memory of the volume back as it goes on.
func (v *Volume) mesh(last bool) (*slam.Mesh, error) {
	if err := v.extract(); err != nil {
		return nil, err
	}
	if last {
		v.blocks, v.resident = nil, 0
	}
	if v.stopped() {
		return &slam.Mesh{}, nil
	}
	m := v.assemble(last)
	cleanUp(m, v.cfg)
	return m, nil
}

// extract brings the pieces up to date.
func (v *Volume) extract() error {
	for len(v.surface.pieces) < len(v.blocks) {
		v.surface.pieces = append(v.surface.pieces, nil)
	}
	minViews := v.cfg.ViewsFor(v.views)
	if minViews != v.surface.minViews {
		v.surface = extracted{pieces: make([]*piece, len(v.blocks)), minViews: minViews}
	}
	stale := v.stale()
	v.surface.views = v.views
	batch := len(stale)
	if v.spill != nil {
		batch = max(v.cfg.MaxBlocks/32, 256)
	}
	for part := range slices.Chunk(stale, max(batch, 1)) {
		if err := v.need(v.hoods(part)); err != nil {
			return err
		}
		v.extractAll(part)
		v.spare()
	}
	return nil
}

// extractAll brings the pieces of blocks up to date that are in memory, as are
// their neighbours.
func (v *Volume) extractAll(idx []int32) {
	const grain = 32
	parallelFor((len(idx)+grain-1)/grain, v.cfg.Workers, 1, func(c int) {
		m := &mesher{voxelM: float32(v.cfg.VoxelM), minWeight: float32(v.cfg.MinWeight), minViews: uint16(v.surface.minViews)}
		for _, i := range idx[c*grain : min((c+1)*grain, len(idx))] {
			o := v.origin(v.keys[i])
			m.origin = [3]float32{float32(o.X), float32(o.Y), float32(o.Z)}
			v.around(i, &m.hood)
			if v.stopped() {
				return
			}
			v.surface.pieces[i] = m.extract()
		}
	})
}

// hoods lists blocks with their neighbours, some repeatedly; nothing where all are
// in memory anyway.
func (v *Volume) hoods(idx []int32) (all []int32) {
	if v.resident == len(v.blocks) {
		return nil
	}
	for _, i := range idx {
		for n := range 27 {
			if j := v.neighbour(i, n); j >= 0 {
				all = append(all, j)
			}
		}
	}
	return all
}

// stale returns the blocks that changed since the last extraction or touch one
// that did.
func (v *Volume) stale() []int32 {
	mark := make([]bool, len(v.blocks))
	var stale []int32
	for i, s := range v.state {
		if s.changed <= v.surface.views {
			continue
		}
		for n := range 27 {
			if j := v.neighbour(int32(i), n); j >= 0 && !mark[j] {
				mark[j] = true
				stale = append(stale, j)
			}
		}
	}
	return stale
}

// neighbour returns the block at place n of block i's hood, or -1.
func (v *Volume) neighbour(i int32, n int) int32 {
	if n == 13 {
		return i
	}
	k, ok := v.keys[i].neighbour(int32(n%3-1), int32(n/3%3-1), int32(n/9-1))
	if !ok {
		return -1
	}
	return v.table.get(k)
}

// around fills h with block i and its neighbours.
func (v *Volume) around(i int32, h *hood) {
	for n := range h {
		h[n] = nil
		if j := v.neighbour(i, n); j >= 0 {
			h[n] = v.blocks[j]
		}
	}
}

// assemble joins the pieces, in the order of the blocks' keys; the last time it
// takes them apart.
func (v *Volume) assemble(last bool) *slam.Mesh {
	order := v.sortedBlocks()
	first := make([]uint32, len(v.keys)) // vertex of a block
	tri := make([]int, len(order)+1)     // first triangle of a block, in order
	var verts uint32
	for n, i := range order {
		tri[n+1] = tri[n]
		if p := v.surface.pieces[i]; p != nil {
			first[i] = verts
			verts += uint32(len(p.verts))
			if v.owns(i) {
				tri[n+1] += len(p.tris) / 3
			}
		}
	}
	m := &slam.Mesh{
		Vertices:  make([][3]float32, verts),
		Normals:   make([][3]float32, verts),
		Colors:    make([][3]uint8, verts),
		Triangles: make([][3]uint32, tri[len(order)]),
	}
	parallelFor(len(order), v.cfg.Workers, 64, func(n int) {
		i := order[n]
		p := v.surface.pieces[i]
		if p == nil {
			return
		}
		for k, x := range p.verts {
			j := first[i] + uint32(k)
			m.Vertices[j], m.Normals[j], m.Colors[j] = x.pos, x.normal, x.color
		}
		v.resolve(i, m.Triangles[tri[n]:tri[n+1]], first)
		if last {
			p.verts, p.tris = nil, nil
		}
	})
	return m
}

// resolve turns the references of block i's triangles into vertices.
func (v *Volume) resolve(i int32, tris [][3]uint32, first []uint32) {
	p := v.surface.pieces[i]
	var owner [8]int32
	for n := range owner {
		owner[n] = v.neighbour(i, 13+n&1+n>>1&1*3+n>>2*9)
	}
	for t := range tris {
		for c := range 3 {
			ref := p.tris[3*t+c]
			j := owner[ref>>refBits]
			tris[t][c] = first[j] + v.surface.pieces[j].index(ref&refMask)
		}
	}
}
