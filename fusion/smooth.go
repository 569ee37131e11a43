package fusion

import "github.com/metricslam/metricslam/slam"

// The steps of Taubin's filter (Taubin 1995, "A signal processing approach to
// fair surface design"): one that shrinks and one that grows, with a pass band
// 1/lambda + 1/mu of .1, so that noise goes and size stays.
const (
	taubinLambda = .5
	taubinMu     = -1 / (1/taubinLambda - .1)
)

// smooth moves vertices towards and away from the mean of their neighbours,
// iters times each, and gives them the normals of the result. Vertices on the
// border stay.
func smooth(m *slam.Mesh, iters, workers int) {
	if iters == 0 || len(m.Triangles) == 0 {
		return
	}
	ring := newRing(m)
	next := make([][3]float32, len(m.Vertices))
	for range iters {
		for _, step := range [2]float32{taubinLambda, taubinMu} {
			parallelFor(len(next), workers, 4096, func(i int) {
				next[i] = ring.moved(m.Vertices, i, step)
			})
			m.Vertices, next = next, m.Vertices
		}
	}
	for i := range m.Normals {
		m.Normals[i] = [3]float32{}
	}
	for _, t := range m.Triangles {
		n := triangleNormal(m, t)
		for _, v := range t {
			for a := range n {
				m.Normals[v][a] += n[a]
			}
		}
	}
	for i, n := range m.Normals {
		if m.Normals[i] = normalized(n); m.Normals[i] == ([3]float32{}) {
			m.Normals[i][2] = 1
		}
	}
}

// ring lists the neighbours of every vertex: those of i are next[start[i] :
// start[i+1]], the vertex that follows i in each of its triangles. On a closed
// fan these are all neighbours, once each.
type ring struct {
	start []uint32
	next  []uint32
	fixed []bool // on the border
}

func newRing(m *slam.Mesh) ring {
	n := len(m.Vertices)
	r := ring{start: make([]uint32, n+1), next: make([]uint32, 3*len(m.Triangles)), fixed: make([]bool, n)}
	for _, t := range m.Triangles {
		for _, v := range t {
			r.start[v+1]++
		}
	}
	for i := range n {
		r.start[i+1] += r.start[i]
	}
	fill := append([]uint32(nil), r.start[:n]...)
	// A vertex is inside where every edge that leaves it comes back: then the
	// sum of those that follow it is that of those before it.
	balance := make([]uint64, n)
	for _, t := range m.Triangles {
		for c, v := range t {
			after, before := t[(c+1)%3], t[(c+2)%3]
			r.next[fill[v]] = after
			fill[v]++
			balance[v] += mixed(after) - mixed(before)
		}
	}
	for i, b := range balance {
		r.fixed[i] = b != 0
	}
	return r
}

// mixed spreads an index over 64 bits (splitmix64), so that sums of different
// sets differ.
func mixed(i uint32) uint64 {
	z := uint64(i) + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// moved returns vertex i moved by step towards the mean of its neighbours.
func (r *ring) moved(v [][3]float32, i int, step float32) [3]float32 {
	p := v[i]
	around := r.next[r.start[i]:r.start[i+1]]
	if r.fixed[i] || len(around) == 0 {
		return p
	}
	var sum [3]float32
	for _, j := range around {
		for a := range sum {
			sum[a] += v[j][a]
		}
	}
	for a := range p {
		p[a] += step * (sum[a]/float32(len(around)) - p[a])
	}
	return p
}
