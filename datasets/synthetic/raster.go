package synthetic

import (
	"cmp"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// nearM is the distance of the clipping plane; the path keeps farther from
// everything.
const nearM = .04

// bandRows is how many rows of pixels are drawn at a time: few enough for the
// visibility buffer of a band to stay in the cache.
const bandRows = 16

// maxCorners bounds the corners of a polygon after clipping.
const maxCorners = 12

// projected is a polygon as the picture sees it. Visibility is sampled at half
// pixels: sample column X and row Y lie at pixel ((X-1)/2, (Y-1)/2), so that
// odd ones are pixel centres.
type projected struct {
	surf       *surface
	w0, wx, wy float64 // inverse depth at pixel (x, y) is w0 + wx x + wy y
	zMin       float64
	y0, y1     int32 // sample rows
	e0, e1     int32 // its edges in raster.edges
	shade      int32 // its place in painter.shades + 1; 0: not needed yet
}

type edge struct{ y0, y1, x, slope float64 } // x at y0, in samples

// raster finds the surface behind every sample of a picture.
type raster struct {
	cam   geom.Camera
	pose  geom.SE3
	polys []projected
	edges []edge
	bands [][]int32 // the polygons that touch a band, front ones first
	order []int32
	// One band: inverse depth and polygon (index + 1, 0 for the sky), with
	// sw = 2W+1 samples a row and 2 bandRows + 1 rows.
	sw    int
	depth []float32
	id    []int32
}

func newRaster(cam geom.Camera) *raster {
	sw := 2*cam.W + 1
	n := sw * (2*bandRows + 1)
	return &raster{cam: cam, sw: sw, depth: make([]float32, n), id: make([]int32, n),
		bands: make([][]int32, (cam.H+bandRows-1)/bandRows)}
}

// begin projects all surfaces of the groups for a new picture.
func (r *raster) begin(pose geom.SE3, groups []*group) {
	r.pose = pose
	r.polys, r.edges = r.polys[:0], r.edges[:0]
	for _, g := range groups {
		if !r.outside(pose.ApplyInverse(g.centre), g.radius) {
			for i := range g.surfaces {
				r.project(&g.surfaces[i])
			}
		}
	}
	r.order = r.order[:0]
	for i := range r.polys {
		r.order = append(r.order, int32(i))
	}
	slices.SortFunc(r.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(r.polys[a].zMin, r.polys[b].zMin), cmp.Compare(a, b))
	})
	for i := range r.bands {
		r.bands[i] = r.bands[i][:0]
	}
	for _, k := range r.order {
		q := &r.polys[k]
		// A band of samples shares its last row with the next.
		first, last := max(int(q.y0)-1, 0)/(2*bandRows), min(int(q.y1)/(2*bandRows), len(r.bands)-1)
		for b := first; b <= last; b++ {
			r.bands[b] = append(r.bands[b], k)
		}
	}
}

// outside reports whether a ball in camera coordinates misses the view.
func (r *raster) outside(c geom.Vec3, radius float64) bool {
	if c.Z < -radius {
		return true
	}
	side := func(k, f float64) bool { // the plane f x = k z through the camera
		return (f*c.X-k*c.Z)/math.Hypot(f, k) > radius
	}
	top := func(k, f float64) bool { return (f*c.Y-k*c.Z)/math.Hypot(f, k) > radius }
	right, bottom := float64(r.cam.W)-r.cam.Cx, float64(r.cam.H)-r.cam.Cy
	return side(right, r.cam.Fx) || top(bottom, r.cam.Fy) ||
		side(r.cam.Cx+1, -r.cam.Fx) || top(r.cam.Cy+1, -r.cam.Fy)
}

// project appends the surface if its front may be seen.
func (r *raster) project(s *surface) {
	h := s.d - s.n.Dot(r.pose.T)
	if h >= -1e-9 {
		return // the camera is behind it
	}
	var a, b [maxCorners]geom.Vec3
	n, behind := 0, false
	for _, v := range s.verts {
		p := r.pose.ApplyInverse(v)
		behind = behind || p.Z < nearM
		a[n] = p
		n++
	}
	pts := &a
	if behind {
		n = clipNear(a[:n], &b)
		pts = &b
	}
	if n < 3 {
		return
	}
	var px [maxCorners]geom.Vec2
	lo, hi := r.corners(pts[:n], &px)
	if hi.X < -.5 || lo.X > float64(r.cam.W)-.5 || hi.Y < -.5 || lo.Y > float64(r.cam.H)-.5 {
		return
	}
	q := projected{surf: s, e0: int32(len(r.edges))}
	q.y0 = int32(max(math.Ceil(2*lo.Y+1), 0))
	q.y1 = int32(min(math.Floor(2*hi.Y+1), float64(2*r.cam.H)))
	if q.y0 > q.y1 {
		return
	}
	r.addEdges(px[:n])
	q.e1 = int32(len(r.edges))
	nc := r.pose.R.TMulVec(s.n)
	q.wx, q.wy = nc.X/(r.cam.Fx*h), nc.Y/(r.cam.Fy*h)
	q.w0 = nc.Z/h - q.wx*r.cam.Cx - q.wy*r.cam.Cy
	q.zMin = math.Inf(1)
	for _, p := range pts[:n] {
		q.zMin = min(q.zMin, p.Z)
	}
	r.polys = append(r.polys, q)
}

// clipNear cuts a polygon at the near plane (Sutherland and Hodgman 1974).
func clipNear(in []geom.Vec3, out *[maxCorners]geom.Vec3) (n int) {
	for i, p := range in {
		q := in[(i+1)%len(in)]
		if p.Z >= nearM {
			out[n] = p
			n++
		}
		if (p.Z >= nearM) != (q.Z >= nearM) {
			t := (nearM - p.Z) / (q.Z - p.Z)
			out[n] = p.Add(q.Sub(p).Scale(t))
			n++
		}
	}
	return n
}

// corners projects the points and returns their bounds in pixels.
func (r *raster) corners(pts []geom.Vec3, px *[maxCorners]geom.Vec2) (lo, hi geom.Vec2) {
	lo, hi = geom.Vec2{X: math.Inf(1), Y: math.Inf(1)}, geom.Vec2{X: math.Inf(-1), Y: math.Inf(-1)}
	for i, p := range pts {
		u := r.cam.Project(p)
		px[i] = u
		lo = geom.Vec2{X: min(lo.X, u.X), Y: min(lo.Y, u.Y)}
		hi = geom.Vec2{X: max(hi.X, u.X), Y: max(hi.Y, u.Y)}
	}
	return lo, hi
}

// addEdges appends the edges between the corners that cross rows.
func (r *raster) addEdges(px []geom.Vec2) {
	for i, a := range px {
		b := px[(i+1)%len(px)]
		if a.Y > b.Y {
			a, b = b, a
		}
		if a.Y < b.Y {
			r.edges = append(r.edges, edge{y0: 2*a.Y + 1, y1: 2*b.Y + 1, x: 2*a.X + 1, slope: (b.X - a.X) / (b.Y - a.Y)})
		}
	}
}

// span returns the columns [x0, x1) that the polygon covers in sample row y.
func (r *raster) span(q *projected, y int) (x0, x1 int) {
	sw := r.sw
	lo, hi := math.Inf(1), math.Inf(-1)
	fy := float64(y)
	for i := q.e0; i < q.e1; i++ {
		e := &r.edges[i]
		if fy < e.y0 || fy >= e.y1 {
			continue
		}
		x := e.x + (fy-e.y0)*e.slope
		lo, hi = min(lo, x), max(hi, x)
	}
	if !(lo < hi) || hi <= 0 || lo > float64(sw-1) {
		return 0, 0
	}
	if lo > 0 {
		x0 = int(math.Ceil(lo))
	}
	x1 = sw
	if hi < float64(sw) {
		x1 = int(math.Ceil(hi))
	}
	return x0, x1
}

// band draws the rows of samples around pixel rows [y0, y0+bandRows); row 0 of
// the buffers is sample row 2 y0.
func (r *raster) band(y0 int) {
	clear(r.depth)
	clear(r.id)
	first, last := 2*y0, min(2*(y0+bandRows), 2*r.cam.H)
	for _, k := range r.bands[y0/bandRows] {
		q := &r.polys[k]
		for y := max(int(q.y0), first); y <= min(int(q.y1), last); y++ {
			x0, x1 := r.span(q, y)
			if x0 >= x1 {
				continue
			}
			w := float32(q.w0 + q.wx*float64(x0-1)/2 + q.wy*float64(y-1)/2)
			dw := float32(q.wx / 2)
			row := (y - first) * r.sw
			depth := r.depth[row+x0 : row+x1]
			id := r.id[row+x0 : row+x1][:len(depth)]
			for i, old := range depth {
				if w > old {
					depth[i] = w
					id[i] = k + 1
				}
				w += dw
			}
		}
	}
}
