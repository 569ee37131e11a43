package tiles

import (
	"context"
	"path/filepath"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/internal/disjoint"
	"github.com/metricslam/metricslam/slam"
)

// part is a mesh with the points that lie on the planes where it was cut.
type part struct {
	mesh  *slam.Mesh
	stays func([3]float32) bool
}

// read reads the surface of a tile from the folder of tiles.
func (p *Plan) read(dir string, i Index) (part, error) {
	m, err := export.ReadPLY(filepath.Join(dir, i.File()))
	if err != nil {
		return part{}, err
	}
	return part{m, p.stays(i, 1)}, nil
}

// stays tells the points on the planes of a square of n x n tiles.
func (p *Plan) stays(i Index, n int) func([3]float32) bool {
	b := p.Grid.Box(i, n)
	return b.OnBorder(p.Grid.VoxelM)
}

// weld joins meshes at the vertices of their planes that are the same to the last bit.
func weld(parts []part) *slam.Mesh {
	out := &slam.Mesh{}
	at := make(map[[3]float32]uint32)
	for _, p := range parts {
		m := p.mesh
		to := make([]uint32, len(m.Vertices))
		for i, v := range m.Vertices {
			if p.stays(v) {
				if j, ok := at[v]; ok {
					to[i] = j
					continue
				}
				at[v] = uint32(len(out.Vertices))
			}
			to[i] = uint32(len(out.Vertices))
			out.Vertices = append(out.Vertices, v)
			out.Normals, out.Colors = append(out.Normals, m.Normals[i]), append(out.Colors, m.Colors[i])
		}
		for _, t := range m.Triangles {
			out.Triangles = append(out.Triangles, [3]uint32{to[t[0]], to[t[1]], to[t[2]]})
		}
	}
	return out
}

// Merge welds the surfaces of all tiles in a folder into the mesh of one volume, and
// completes it. All of it is in memory: see Pyramid.
func (p *Plan) Merge(ctx context.Context, dir string) (m *slam.Mesh, holes int, err error) {
	var all []part
	for _, t := range p.Tiles {
		s, err := p.read(dir, t.Index)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, s)
	}
	return fusion.Complete(ctx, weld(all), p.config())
}

// smallPieces finds the pieces that have less triangles than the configuration asks for,
// the parts that they have in all tiles together: by tile, the vertices that name them.
// Of one tile at a time more than the vertices on its planes is in memory.
func (p *Plan) smallPieces(dir string) (map[Index]map[uint32]bool, error) {
	type name struct {
		tile Index
		v    uint32
	}
	var (
		names []name
		size  []int
		sets  disjoint.Sets[int]
		at    = make(map[[3]float32]int) // piece at a point of a plane
	)
	for _, t := range p.Tiles {
		s, err := p.read(dir, t.Index)
		if err != nil {
			return nil, err
		}
		piece, triangles := fusion.Pieces(s.mesh)
		mine := make(map[uint32]int)
		for i, v := range s.mesh.Vertices {
			if !s.stays(v) {
				continue
			}
			n, ok := mine[piece[i]]
			if !ok {
				n = len(names)
				mine[piece[i]] = n
				names, size = append(names, name{t.Index, piece[i]}), append(size, int(triangles[piece[i]]))
				sets.Add()
			}
			if o, ok := at[v]; ok {
				if a, b := sets.Find(o), sets.Find(n); sets.Join(a, b) {
					size[min(a, b)] += size[max(a, b)]
				}
			} else {
				at[v] = n
			}
		}
	}
	small := make(map[Index]map[uint32]bool)
	for n, k := range names {
		if size[sets.Find(n)] >= p.config().MinTriangles {
			continue
		}
		if small[k.tile] == nil {
			small[k.tile] = make(map[uint32]bool)
		}
		small[k.tile][k.v] = true
	}
	return small, nil
}
