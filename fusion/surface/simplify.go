package surface

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/metricslam/metricslam/slam"
)

// Options say how far Simplify goes.
type Options struct {
	// ErrorM bounds the root mean square distance, in metres, of a vertex from the
	// planes of the triangles that it stands for; 0: nothing is simplified.
	ErrorM float64
	// Faces is the number of triangles to come down to, whatever the error; 0: no
	// matter how many.
	Faces int
	// Stays, unless nil, tells the vertices that stay where they are: those of a seam.
	Stays func([3]float32) bool

	Workers int // goroutines; 0: one a core. Results do not depend on it
	// Stop ends it early where it is closed; the mesh is then of no use. nil: nothing does.
	Stop <-chan struct{}
}

const (
	// A vertex that stands for colours of colorStep grey levels about their middle costs
	// as much as an error of ErrorM: pictures on a flat wall stay.
	colorStep = 12
	// pieceErrors is the edge of a piece of space in error bounds: its seams, which
	// stay until the second round, are few.
	pieceErrors = 400
	// boundaryWeight is what a metre of boundary weighs against as much surface: holes
	// and outlines keep their shape.
	boundaryWeight = 1
	// A triangle may turn by acos(leastTurn), and not become thinner than leastShape
	// (area over the longest edge squared).
	leastTurn  = .3
	leastShape = .01
)

// Simplify returns the mesh with fewer triangles. The given mesh is not changed.
func Simplify(m *slam.Mesh, opt Options) *slam.Mesh {
	if len(m.Triangles) == 0 || opt.ErrorM <= 0 && opt.Faces == 0 {
		return m
	}
	if opt.Workers == 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.Faces > 0 { // one order for all edges
		if len(m.Triangles) <= opt.Faces {
			return m
		}
		bound := opt.ErrorM
		if bound == 0 {
			bound = colorlessError
		}
		s := newSimplifier(m, allTriangles(m), opt.staying(m, make([]bool, len(m.Vertices))), bound)
		s.run(math.Inf(1), opt.Faces, opt.Stop)
		o := s.outcome()
		return &o.mesh
	}
	for round := range 2 {
		m = simplifyPieces(m, opt, float64(round)/2)
	}
	return m
}

// staying marks the vertices that stay besides those that are marked.
func (o Options) staying(m *slam.Mesh, marked []bool) []bool {
	if o.Stays != nil {
		for i, v := range m.Vertices {
			marked[i] = marked[i] || o.Stays(v)
		}
	}
	return marked
}

// colorlessError is the error that colorStep weighs as much as where no bound is
// given.
const colorlessError = .01

func allTriangles(m *slam.Mesh) []uint32 {
	all := make([]uint32, len(m.Triangles))
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

// simplifyPieces simplifies the cubes of space, shifted by a share of their edge.
func simplifyPieces(m *slam.Mesh, opt Options, shift float64) *slam.Mesh {
	edge := pieceErrors * opt.ErrorM
	pieces := cut(m, edge, shift*edge)
	shared := opt.staying(m, sharedVertices(m, pieces))
	done := make([]outcome, len(pieces))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range opt.Workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(pieces) {
					return
				}
				s := newSimplifier(m, pieces[i], shared, opt.ErrorM)
				s.run(1, 0, opt.Stop)
				done[i] = s.outcome()
			}
		})
	}
	wg.Wait()
	return join(done)
}

// cut sorts triangles into cubes by the place of their first vertex, in the order
// of their first triangles.
func cut(m *slam.Mesh, edge, shift float64) (pieces [][]uint32) {
	index := make(map[[3]int32]int)
	for i, t := range m.Triangles {
		p := m.Vertices[t[0]]
		var key [3]int32
		for a := range key {
			key[a] = int32(math.Floor((float64(p[a]) + shift) / edge))
		}
		n, ok := index[key]
		if !ok {
			n = len(pieces)
			index[key] = n
			pieces = append(pieces, nil)
		}
		pieces[n] = append(pieces[n], uint32(i))
	}
	return pieces
}

// sharedVertices marks those that triangles of several pieces use.
func sharedVertices(m *slam.Mesh, pieces [][]uint32) []bool {
	owner, shared := make([]int32, len(m.Vertices)), make([]bool, len(m.Vertices))
	for n, piece := range pieces {
		for _, i := range piece {
			for _, v := range m.Triangles[i] {
				if o := owner[v]; o != 0 && o != int32(n+1) {
					shared[v] = true
				}
				owner[v] = int32(n + 1)
			}
		}
	}
	return shared
}

// join puts the pieces together; shared vertices come once.
func join(pieces []outcome) *slam.Mesh {
	out := &slam.Mesh{}
	at := make(map[uint32]uint32) // of shared vertices
	for _, o := range pieces {
		index := make([]uint32, len(o.from))
		for i, from := range o.from {
			if j, ok := at[from]; ok && from != none {
				index[i] = j
				continue
			}
			index[i] = uint32(len(out.Vertices))
			if from != none {
				at[from] = index[i]
			}
			out.Vertices = append(out.Vertices, o.mesh.Vertices[i])
			if o.mesh.Normals != nil {
				out.Normals = append(out.Normals, o.mesh.Normals[i])
			}
			if o.mesh.Colors != nil {
				out.Colors = append(out.Colors, o.mesh.Colors[i])
			}
		}
		for _, t := range o.mesh.Triangles {
			out.Triangles = append(out.Triangles, [3]uint32{index[t[0]], index[t[1]], index[t[2]]})
		}
	}
	return out
}

// none is the vertex of none.
const none = ^uint32(0)
