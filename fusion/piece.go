package fusion

import (
	"math"
	"math/bits"
	"slices"
)

// vertex is a point of the surface.
type vertex struct {
	pos, normal [3]float32
	color       [3]uint8
}

// piece is the surface within one block. A block owns the grid edges that start
// at its voxels, and so the vertices on them; its triangles may refer to edges
// of the neighbours on its far sides.
type piece struct {
	edges [edgeWords]uint64 // bit axis*512 + voxel: the edge carries a vertex
	rank  [edgeWords]uint16 // vertices before this word
	verts []vertex          // in the order of the bits
	tris  []uint16          // triples of references
}

// A reference is neighbour<<refBits | edge, the neighbour as bits x, y, z.
const (
	edgeCount = 3 * blockLen
	edgeWords = edgeCount / 64
	refBits   = 11
	refMask   = 1<<refBits - 1
)

// index returns the place in verts of an edge that carries a vertex.
func (p *piece) index(edge uint16) uint32 {
	word, bit := edge>>6, edge&63
	return uint32(p.rank[word]) + uint32(bits.OnesCount64(p.edges[word]&(1<<bit-1)))
}

// The field of a block with a margin: one voxel before it and two behind, all
// that vertices and their gradients need.
const (
	padSize = blockSize + 3
	padLen  = padSize * padSize * padSize
)

var padStep = [3]int{1, padSize, padSize * padSize}

func padIndex(x, y, z int) int { return ((z+1)*padSize+y+1)*padSize + x + 1 }

// voxelIndex returns the index of voxel (x, y, z) in its block.
func voxelIndex(x, y, z int) int { return (z*blockSize+y)*blockSize + x }

// hood is a block with its 26 neighbours, nil where there is none.
type hood [27]*block

// at returns the voxel at (x, y, z) relative to the middle block.
func (h *hood) at(x, y, z int) *voxel {
	b := h[(z>>blockBits+1)*9+(y>>blockBits+1)*3+x>>blockBits+1]
	if b == nil {
		return nil
	}
	const m = blockSize - 1
	return &b[voxelIndex(x&m, y&m, z&m)]
}

// mesher extracts pieces; one for each goroutine.
type mesher struct {
	voxelM    float32
	minWeight float32
	minViews  uint16
	field     [padLen]float32 // NaN where unseen
	hood      hood
	origin    [3]float32
}

// extract returns the surface of the block in the middle of m.hood, nil where
// there is none.
func (m *mesher) extract() *piece {
	if !m.gather() {
		return nil
	}
	p := &piece{}
	for axis := range 3 {
		m.vertices(p, axis)
	}
	if len(p.verts) == 0 {
		return nil
	}
	m.triangles(p)
	p.verts, p.tris = slices.Clone(p.verts), slices.Clone(p.tris) // they grew by doubling, and a long way has hundreds of thousands
	return p
}

// gather fills the padded field; it reports whether both signs occur.
func (m *mesher) gather() bool {
	nan := float32(math.NaN())
	lowest, highest := nan, nan
	for z := -1; z < padSize-1; z++ {
		for y := -1; y < padSize-1; y++ {
			k := padIndex(-1, y, z)
			row := m.field[k : k+padSize]
			// The row's three blocks: its last voxel of the first, all of the
			// second, the first two of the third.
			n := (z>>blockBits+1)*9 + (y>>blockBits+1)*3
			const last = blockSize - 1
			at := voxelIndex(0, y&last, z&last)
			m.copyRow(row[:1], m.hood[n], at+last)
			m.copyRow(row[1:1+blockSize], m.hood[n+1], at)
			m.copyRow(row[1+blockSize:], m.hood[n+2], at)
			for _, f := range row {
				if f != f {
					continue
				}
				if !(lowest <= f) {
					lowest = f
				}
				if !(highest >= f) {
					highest = f
				}
			}
		}
	}
	return lowest < 0 && highest >= 0
}

// copyRow copies the field of the voxels from index at, NaN for those not seen
// well enough.
func (m *mesher) copyRow(row []float32, b *block, at int) {
	nan := float32(math.NaN())
	if b == nil {
		for i := range row {
			row[i] = nan
		}
		return
	}
	vox := b[at : at+len(row)]
	for i := range row {
		v := &vox[i]
		row[i] = v.sdf
		if v.views < m.minViews || !(v.weight >= m.minWeight && v.weight > 0) {
			row[i] = nan
		}
	}
}

// vertices adds those on the block's edges along axis.
func (m *mesher) vertices(p *piece, axis int) {
	for i := range blockLen {
		x, y, z := i%blockSize, i/blockSize%blockSize, i/(blockSize*blockSize)
		k := padIndex(x, y, z)
		a, b := m.field[k], m.field[k+padStep[axis]]
		if edge := axis*blockLen + i; edge%64 == 0 {
			p.rank[edge/64] = uint16(len(p.verts))
		}
		if a != a || b != b || (a < 0) == (b < 0) {
			continue
		}
		edge := axis*blockLen + i
		p.edges[edge/64] |= 1 << (edge % 64)
		p.verts = append(p.verts, m.vertex(x, y, z, axis, a/(a-b)))
	}
}

// vertex returns the point at fraction t of an edge. t keeps off the ends, so
// that no triangle collapses where a voxel lies on the surface.
func (m *mesher) vertex(x, y, z, axis int, t float32) vertex {
	t = min(max(t, 1e-3), 1-1e-3)
	v := vertex{pos: [3]float32{float32(x), float32(y), float32(z)}}
	v.pos[axis] += t
	for i := range v.pos {
		v.pos[i] = m.origin[i] + v.pos[i]*m.voxelM
	}
	k := padIndex(x, y, z)
	ga, gb := m.gradient(k), m.gradient(k+padStep[axis])
	for i := range v.normal {
		v.normal[i] = ga[i] + t*(gb[i]-ga[i])
	}
	v.normal = normalized(v.normal)
	d := [3]int{x, y, z}
	d[axis]++
	a, b := m.hood.at(x, y, z), m.hood.at(d[0], d[1], d[2])
	v.color = [3]uint8{lerpColor(a.r, b.r, t), lerpColor(a.g, b.g, t), lerpColor(a.b, b.b, t)}
	return v
}

// lerpColor interpolates 8.8 colours.
func lerpColor(a, b uint16, t float32) uint8 {
	return uint8(min(int(float32(a)+t*(float32(b)-float32(a))+128)>>8, 255))
}

// gradient returns the field's differences at padded index k: central, or
// one-sided where only one neighbour is known.
func (m *mesher) gradient(k int) (g [3]float32) {
	c := m.field[k]
	for i, s := range padStep {
		before, after := m.field[k-s], m.field[k+s]
		switch {
		case before == before && after == after:
			g[i] = (after - before) / 2
		case after == after:
			g[i] = after - c
		case before == before:
			g[i] = c - before
		}
	}
	return g
}

// triangles adds those of the block's cubes whose eight corners are known.
func (m *mesher) triangles(p *piece) {
	for i := range blockLen {
		x, y, z := i%blockSize, i/blockSize%blockSize, i/(blockSize*blockSize)
		k, c := padIndex(x, y, z), 0
		for corner := range 8 {
			f := m.field[k+corner&1*padStep[0]+corner>>1&1*padStep[1]+corner>>2*padStep[2]]
			if f != f {
				c = -1
				break
			}
			if f < 0 {
				c |= 1 << corner
			}
		}
		if c <= 0 || c == 255 {
			continue
		}
		for _, e := range cubeTriangles[c] {
			p.tris = append(p.tris, reference(x, y, z, cubeEdges[e]))
		}
	}
}

// reference names an edge of the cube at voxel (x, y, z) by its owner.
func reference(x, y, z int, e cubeEdge) uint16 {
	x, y, z = x+e.a&1, y+e.a>>1&1, z+e.a>>2
	n := x>>blockBits | y>>blockBits<<1 | z>>blockBits<<2
	const m = blockSize - 1
	return uint16(n<<refBits | e.axis*blockLen + voxelIndex(x&m, y&m, z&m))
}

// normalized returns g at length 1, and zero for what has no direction.
func normalized(g [3]float32) [3]float32 {
	n := math.Sqrt(float64(g[0])*float64(g[0]) + float64(g[1])*float64(g[1]) + float64(g[2])*float64(g[2]))
	if !(n > 0) {
		return [3]float32{}
	}
	s := float32(1 / n)
	return [3]float32{g[0] * s, g[1] * s, g[2] * s}
}
