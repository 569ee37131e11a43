package photo

import (
	"github.com/metricslam/metricslam/depth/filter"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Sides of the point cloud and of the mesh: beyond them a larger image adds
// no shape, only bytes.
const (
	cloudSide = 1024
	meshSide  = 640
)

// shrunk returns the depth at a size of at most side pixels.
func (p *Photo) shrunk(side int) slam.DepthMap {
	w, h := p.Image.W, p.Image.H
	if long := max(w, h); long > side {
		w, h = max(1, w*side/long), max(1, h*side/long)
	}
	return network.Upsample(p.Depth, w, h, upsampleSpread)
}

// Cloud returns the points of the image in camera coordinates with their
// colours; points along depth edges, which hang in the air, are left out.
func (p *Photo) Cloud() (points [][3]float32, colors [][3]uint8) {
	d := filter.DropEdges(p.shrunk(cloudSide), 1, filter.EdgeSpread)
	for i, z := range d.Depth {
		if z <= 0 {
			continue
		}
		u := geom.Vec2{X: float64(i % d.W), Y: float64(i / d.W)}
		q := d.Camera.Unproject(u, float64(z))
		points = append(points, [3]float32{float32(q.X), float32(q.Y), float32(q.Z)})
		r, g, b := p.Image.At(i%d.W*p.Image.W/d.W, i/d.W*p.Image.H/d.H)
		colors = append(colors, [3]uint8{r, g, b})
	}
	return points, colors
}

// meshSpread is the fraction by which the corners of a triangle may differ in
// depth: beyond it they belong to two things.
const meshSpread = .1

// Mesh returns the surface of the image: a grid of triangles, torn along depth
// edges, and where each vertex lies in the image (0 to 1).
func (p *Photo) Mesh() (*slam.Mesh, [][2]float32) {
	d := p.shrunk(meshSide)
	m := &slam.Mesh{}
	var uv [][2]float32
	vertex := make([]uint32, len(d.Depth)) // 1 + index; 0 where there is none yet
	at := func(i int) uint32 {
		if vertex[i] == 0 {
			x, y := i%d.W, i/d.W
			q := d.Camera.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, float64(d.Depth[i]))
			m.Vertices = append(m.Vertices, [3]float32{float32(q.X), float32(q.Y), float32(q.Z)})
			uv = append(uv, [2]float32{(float32(x) + .5) / float32(d.W), (float32(y) + .5) / float32(d.H)})
			vertex[i] = uint32(len(m.Vertices))
		}
		return vertex[i] - 1
	}
	triangle := func(a, b, c int) {
		za, zb, zc := d.Depth[a], d.Depth[b], d.Depth[c]
		lo, hi := min(za, zb, zc), max(za, zb, zc)
		if lo > 0 && hi <= (1+meshSpread)*lo {
			m.Triangles = append(m.Triangles, [3]uint32{at(a), at(b), at(c)})
		}
	}
	for y := 0; y+1 < d.H; y++ {
		for x := 0; x+1 < d.W; x++ {
			i := y*d.W + x
			// Counter-clockwise seen from the camera.
			triangle(i, i+d.W, i+1)
			triangle(i+1, i+d.W, i+d.W+1)
		}
	}
	return m, uv
}
