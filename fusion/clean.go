package fusion

import (
	"context"

	"github.com/metricslam/metricslam/fusion/surface"
	"github.com/metricslam/metricslam/internal/disjoint"
	"github.com/metricslam/metricslam/slam"
)

// Complete makes a mesh fit for use, as Fuse does at its end: small pieces are dropped,
// the rest is simplified, and small holes are filled. The mesh that is given is spent.
func Complete(ctx context.Context, m *slam.Mesh, cfg Config) (out *slam.Mesh, holes int, err error) {
	cleanUp(m, cfg)
	return refine(ctx, m, cfg)
}

// cleanUp drops what is too small, and gives each vertex a normal.
func cleanUp(m *slam.Mesh, cfg Config) {
	dropSmall(m, cfg.MinTriangles)
	repairNormals(m)
	smooth(m, cfg.SmoothIters, cfg.Workers)
}

// refine simplifies a clean mesh and fills its holes.
func refine(ctx context.Context, m *slam.Mesh, cfg Config) (out *slam.Mesh, holes int, err error) {
	out = surface.Simplify(m, surface.Options{ErrorM: cfg.Simplify * cfg.VoxelM, Workers: cfg.Workers, Stop: ctx.Done()})
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	holes = surface.FillHoles(out, cfg.HoleVoxels*cfg.VoxelM, nil)
	if cfg.Faces > 0 {
		out = surface.Simplify(out, surface.Options{ErrorM: cfg.Simplify * cfg.VoxelM, Faces: cfg.Faces})
	}
	return out, holes, nil
}

// dropSmall removes the connected pieces of fewer than minTriangles triangles,
// and vertices that no triangle uses.
func dropSmall(m *slam.Mesh, minTriangles int) {
	piece, size := Pieces(m)
	DropPieces(m, func(v uint32) bool { return int(size[piece[v]]) < minTriangles })
}

// DropPieces removes the triangles whose first vertex is dropped, and vertices that no
// triangle uses; the order of the others stays.
func DropPieces(m *slam.Mesh, drop func(v uint32) bool) {
	kept := m.Triangles[:0]
	for _, t := range m.Triangles {
		if !drop(t[0]) {
			kept = append(kept, t)
		}
	}
	m.Triangles = kept
	dropUnused(m)
}

// Pieces returns the connected piece that each vertex belongs to, named by its lowest
// vertex, and by that the triangles of each.
func Pieces(m *slam.Mesh) (piece []uint32, triangles []int32) {
	sets := disjoint.New[uint32](len(m.Vertices))
	for _, t := range m.Triangles {
		sets.Join(t[0], t[1])
		sets.Join(t[0], t[2])
	}
	for i := range sets {
		sets[i] = sets.Find(uint32(i))
	}
	triangles = make([]int32, len(m.Vertices))
	for _, t := range m.Triangles {
		triangles[sets[t[0]]]++
	}
	return sets, triangles
}

// dropUnused removes vertices that no triangle uses; the order of the others
// stays.
func dropUnused(m *slam.Mesh) {
	const unused = ^uint32(0)
	to := make([]uint32, len(m.Vertices))
	for i := range to {
		to[i] = unused
	}
	for _, t := range m.Triangles {
		for _, v := range t {
			to[v] = 0
		}
	}
	n := uint32(0)
	for i := range to {
		if to[i] == unused {
			continue
		}
		to[i] = n
		m.Vertices[n], m.Normals[n], m.Colors[n] = m.Vertices[i], m.Normals[i], m.Colors[i]
		n++
	}
	m.Vertices, m.Normals, m.Colors = m.Vertices[:n:n], m.Normals[:n:n], m.Colors[:n:n]
	for i, t := range m.Triangles {
		m.Triangles[i] = [3]uint32{to[t[0]], to[t[1]], to[t[2]]}
	}
}

// repairNormals gives vertices whose gradient vanished the mean normal of their
// triangles, weighted by area.
func repairNormals(m *slam.Mesh) {
	bad := map[uint32][3]float32{}
	for i, n := range m.Normals {
		if n == ([3]float32{}) {
			bad[uint32(i)] = n
		}
	}
	if len(bad) == 0 {
		return
	}
	for _, t := range m.Triangles {
		n := triangleNormal(m, t)
		for _, v := range t {
			if sum, ok := bad[v]; ok {
				bad[v] = [3]float32{sum[0] + n[0], sum[1] + n[1], sum[2] + n[2]}
			}
		}
	}
	for i, n := range bad {
		if n = normalized(n); n == ([3]float32{}) {
			n[2] = 1 // a triangle without area has no direction; a unit normal is promised
		}
		m.Normals[i] = n
	}
}

// triangleNormal returns the cross product of two sides: twice the area long.
func triangleNormal(m *slam.Mesh, t [3]uint32) [3]float32 {
	a, b, c := m.Vertices[t[0]], m.Vertices[t[1]], m.Vertices[t[2]]
	u := [3]float32{b[0] - a[0], b[1] - a[1], b[2] - a[2]}
	v := [3]float32{c[0] - a[0], c[1] - a[1], c[2] - a[2]}
	return [3]float32{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]}
}
