package viewer

import (
	"math"

	"github.com/go-gl/gl/v3.3-core/gl"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/colormap"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// surfaceVertex is a vertex of a mesh as the GPU reads it.
type surfaceVertex struct {
	position, normal [3]float32
	color            rgba
	uncertain        rgba       // the colour of its deviation
	place            [3]float32 // in the images: u, v and the layer
}

// upload brings to the GPU what changed since the last frame.
func (r *renderer) upload(s *Scene, f frame) error {
	if size := textPx(f.view.Camera.H, f.dpi); r.atlas == nil || r.atlas.sizePx != size {
		a, err := newAtlas(size)
		if err != nil {
			return err
		}
		r.atlas = a
		r.uploadTexture(r.atlasTexture, gl.R8, gl.RED, a.image.Rect.Dx(), a.image.Rect.Dy(), a.image.Pix, gl.NEAREST)
	}
	r.takeMesh(s)
	if r.lod {
		r.bringPages(bandBytes)
	} else {
		r.bringPages(math.MaxInt)
	}
	if s != r.pictured {
		if !s.Image.Empty() {
			r.uploadTexture(r.images, gl.RGB8, gl.RGB, s.Image.W, s.Image.H, s.Image.Pix, gl.LINEAR)
		}
		r.uploadPoints(s.Points)
		r.pictured = s
	}
	if s != r.built.scene || f.style != r.built.style || f.up != r.built.up || f.until != r.built.until {
		r.uploadLines(s, f)
		r.built.scene, r.built.style, r.built.up, r.built.until = s, f.style, f.up, f.until
	}
	return glError("fill the buffers")
}

func (r *renderer) uploadTexture(id uint32, internal int32, format uint32, w, h int, pix []uint8, filter int32) {
	gl.BindTexture(gl.TEXTURE_2D, id)
	gl.PixelStorei(gl.UNPACK_ALIGNMENT, 1)
	gl.TexImage2D(gl.TEXTURE_2D, 0, internal, int32(w), int32(h), 0, format, gl.UNSIGNED_BYTE, gl.Ptr(pix))
	for _, p := range []uint32{gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER} {
		gl.TexParameteri(gl.TEXTURE_2D, p, filter)
	}
	for _, p := range []uint32{gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T} {
		gl.TexParameteri(gl.TEXTURE_2D, p, gl.CLAMP_TO_EDGE)
	}
}

// prepared is a mesh ready for the GPU.
type prepared struct {
	mesh     *slam.Mesh
	vertices []surfaceVertex
	chunked  *chunked
	pages    *pages // nil without images
}

// prepare makes a scene's mesh ready. Images that cannot be read are left out: Check
// has told.
func prepare(s *Scene, lod bool) *prepared {
	m := s.Mesh
	p := &prepared{mesh: m, chunked: chunksOf(m, lod)}
	if m != nil {
		p.vertices = meshData(m)
	}
	if s.Textured != nil {
		var err error
		if p.pages, err = readPages(s.Textured); err == nil {
			p.pages.place(s.Textured, p.vertices)
		}
	}
	return p
}

// takeMesh brings a mesh to the GPU. In a window it is prepared on a goroutine, and
// the one before is drawn until then.
func (r *renderer) takeMesh(s *Scene) {
	m := s.Mesh
	if m == r.uploaded {
		return
	}
	if !r.lod {
		r.uploadMesh(prepare(s, false))
		return
	}
	select {
	case p := <-r.meshes:
		r.waiting = nil
		r.uploadMesh(p)
	default:
	}
	if m != r.uploaded && r.waiting == nil {
		r.waiting = m
		go func() { r.meshes <- prepare(s, true) }()
	}
}

// preparing reports whether a mesh or its images are on their way.
func (r *renderer) preparing() bool { return r.waiting != nil || r.painting != nil }

// uploadMesh fills the mesh's buffers.
func (r *renderer) uploadMesh(p *prepared) {
	r.uploaded, r.chunked = p.mesh, p.chunked
	r.startPages(p.pages)
	gl.BindVertexArray(r.meshArray.vao)
	fill(gl.ARRAY_BUFFER, r.meshArray.vbo, p.vertices)
	fill(gl.ELEMENT_ARRAY_BUFFER, r.triangles, p.chunked.triangles)
	r.meshArray.n = int32(3 * len(p.chunked.triangles))
}

// meshData lays the vertices out. A mesh without normals gets those of its
// triangles, weighed by area; without colours it is grey.
func meshData(m *slam.Mesh) []surfaceVertex {
	normals := m.Normals
	if normals == nil {
		normals = vertexNormals(m)
	}
	data := make([]surfaceVertex, len(m.Vertices))
	for i, v := range m.Vertices {
		c := rgba{190, 190, 195, 255}
		if m.Colors != nil {
			c = rgba{m.Colors[i][0], m.Colors[i][1], m.Colors[i][2], 255}
		}
		data[i] = surfaceVertex{position: v, normal: normals[i], color: c, uncertain: rgba{120, 120, 125, 255}}
	}
	if most := mostDeviation(m); most > 0 {
		for i, d := range m.Deviation {
			if d > 0 {
				c := colormap.At(min(float64(d)/most, 1))
				data[i].uncertain = rgba{c.R, c.G, c.B, 255}
			}
		}
	}
	return data
}

// mostDeviation is where the colours of deviations end: at all but the largest
// twentieth. 0 where none is known.
func mostDeviation(m *slam.Mesh) float64 {
	if m == nil {
		return 0
	}
	var some []float64
	for i := 0; i < len(m.Deviation); i += len(m.Deviation)/20000 + 1 {
		if d := m.Deviation[i]; d > 0 {
			some = append(some, float64(d))
		}
	}
	if len(some) == 0 {
		return 0
	}
	return stats.Quantile(some, .95)
}

func vertexNormals(m *slam.Mesh) [][3]float32 {
	sum := make([]geom.Vec3, len(m.Vertices))
	for _, t := range m.Triangles {
		a, b, c := vec(m.Vertices[t[0]]), vec(m.Vertices[t[1]]), vec(m.Vertices[t[2]])
		n := b.Sub(a).Cross(c.Sub(a))
		for _, v := range t {
			sum[v] = sum[v].Add(n)
		}
	}
	out := make([][3]float32, len(sum))
	for i, n := range sum {
		out[i] = vec32(n.Unit())
	}
	return out
}

func (r *renderer) uploadPoints(pts []geom.Vec3) {
	data := make([]surfaceVertex, len(pts))
	for i, p := range pts {
		data[i] = surfaceVertex{position: vec32(p), color: pointColor}
	}
	fill(gl.ARRAY_BUFFER, r.pointArray.vbo, data)
	r.pointArray.n = int32(len(data))
}

// uploadLines fills the lines that a style asks for, and finds out how much
// space the scene takes.
func (r *renderer) uploadLines(s *Scene, f frame) {
	r.ground = groundOf(s, f.up)
	r.box = s.bounds()
	var grid, l lines
	if f.style.Grid {
		grid.grid(r.ground)
		l.axes(r.ground.stepM)
	}
	until := f.until
	if until == 0 {
		until = math.Inf(1)
	}
	if f.style.Frusta {
		l.frusta(s, until)
	}
	if f.style.Truth {
		l.path(before(s.Truth, until), truthColor)
	}
	if f.style.Path {
		l.path(before(s.Trajectory, until), pathColor)
		if math.IsInf(until, 1) {
			l.loops(s)
		}
	}
	for _, v := range append(grid[:len(grid):len(grid)], l...) {
		r.box.add(vec(v.position))
	}
	fill(gl.ARRAY_BUFFER, r.gridArray.vbo, grid)
	fill(gl.ARRAY_BUFFER, r.lineArray.vbo, l)
	r.gridArray.n, r.lineArray.n = int32(len(grid)), int32(len(l))
}
