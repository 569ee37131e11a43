package viewer

import (
	"github.com/go-gl/gl/v3.3-core/gl"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// surfaceVertex is a vertex of a mesh as the GPU reads it.
type surfaceVertex struct {
	position, normal [3]float32
	color            rgba
}

// upload brings to the GPU what changed since the last frame.
func (r *renderer) upload(s *Scene, f frame) error {
	if size := textPx(f.view.Camera.H); r.atlas == nil || r.atlas.sizePx != size {
		a, err := newAtlas(size)
		if err != nil {
			return err
		}
		r.atlas = a
		r.uploadTexture(r.atlasTexture, gl.R8, gl.RED, a.image.Rect.Dx(), a.image.Rect.Dy(), a.image.Pix, gl.NEAREST)
	}
	if s.Mesh != r.uploaded {
		r.uploadMesh(s.Mesh)
		r.uploaded = s.Mesh
	}
	if s != r.pictured {
		if !s.Image.Empty() {
			r.uploadTexture(r.pictures, gl.RGB8, gl.RGB, s.Image.W, s.Image.H, s.Image.Pix, gl.LINEAR)
		}
		r.uploadPoints(s.Points)
		r.pictured = s
	}
	if s != r.built.scene || f.style != r.built.style || f.up != r.built.up {
		r.uploadLines(s, f)
		r.built.scene, r.built.style, r.built.up = s, f.style, f.up
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

// uploadMesh fills the mesh's buffers. A mesh without normals gets those of its
// triangles, weighed by area; without colours it is grey.
func (r *renderer) uploadMesh(m *slam.Mesh) {
	var data []surfaceVertex
	var triangles [][3]uint32
	if m != nil {
		data, triangles = meshData(m), m.Triangles
	}
	gl.BindVertexArray(r.meshArray.vao)
	fill(gl.ARRAY_BUFFER, r.meshArray.vbo, data)
	fill(gl.ELEMENT_ARRAY_BUFFER, r.triangles, triangles)
	r.meshArray.n = int32(3 * len(triangles))
}

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
		data[i] = surfaceVertex{v, normals[i], c}
	}
	return data
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
	if f.style.Frusta {
		l.frusta(s)
	}
	if f.style.Truth {
		l.path(s.Truth, truthColor)
	}
	if f.style.Path {
		l.path(s.Trajectory, pathColor)
		l.loops(s)
	}
	for _, v := range append(grid[:len(grid):len(grid)], l...) {
		r.box.add(vec(v.position))
	}
	fill(gl.ARRAY_BUFFER, r.gridArray.vbo, grid)
	fill(gl.ARRAY_BUFFER, r.lineArray.vbo, l)
	r.gridArray.n, r.lineArray.n = int32(len(grid)), int32(len(l))
}
