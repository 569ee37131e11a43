package viewer

import (
	"errors"
	"unsafe"

	"github.com/go-gl/gl/v3.3-core/gl"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// frame is how a scene is drawn once.
type frame struct {
	view    View
	up      geom.Vec3
	heading geom.Vec3 // of boxes
	pivotM  float64   // distance at which the scale bar holds; 0: no bar
	style   Style
	dpi     float64 // pixels a pixel of a screen of usual density; 0: 1
	tape    *tape   // nil: nothing is measured
	clip    *clipBox
	moving  bool    // draw less, but soon
	replay  *replay // nil: no slider
	until   float64 // things of later are not shown; 0: everything
	help    []string
	hint    string  // shown at the lower right
	gridM   float64 // set by draw
}

// program is a linked program with the places of its uniforms.
type program struct {
	id  uint32
	loc map[string]int32
}

func (p program) at(name string) int32 {
	l, ok := p.loc[name]
	if !ok {
		l = gl.GetUniformLocation(p.id, gl.Str(name+"\x00"))
		p.loc[name] = l
	}
	return l
}

func (p program) vec3(name string, v geom.Vec3) {
	gl.Uniform3f(p.at(name), float32(v.X), float32(v.Y), float32(v.Z))
}

// array is a vertex array with its buffer.
type array struct {
	vao, vbo uint32
	n        int32
}

// renderer draws scenes with the context that is current on its thread. It keeps
// on the GPU what did not change since the last frame.
type renderer struct {
	gpu                   gpu
	mesh, line, flat      program
	meshArray             array
	triangles             uint32
	gridArray, lineArray  array
	pointArray, flatArray array
	atlasTexture, images  uint32
	pages                 uint32 // images of the mesh

	atlas *atlas
	// lod draws far surfaces coarser, and takes meshes in on a goroutine, so that
	// drawing never waits for one.
	lod      bool
	meshes   chan *prepared
	waiting  *slam.Mesh // that is being prepared
	chunked  *chunked
	painting *pageUpload // nil where none is on its way
	painted  bool        // the mesh has its images

	// What is on the GPU, and what it was made from.
	uploaded *slam.Mesh
	pictured *Scene
	built    struct {
		scene *Scene
		style Style
		up    geom.Vec3
		until float64
	}
	box    box
	ground ground
}

var errOldGL = errors.New("the OpenGL context is older than 3.3")

func newRenderer() (r *renderer, err error) {
	r = &renderer{meshes: make(chan *prepared, 1), chunked: &chunked{}}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	var major, minor int32
	gl.GetIntegerv(gl.MAJOR_VERSION, &major)
	gl.GetIntegerv(gl.MINOR_VERSION, &minor)
	if major*10+minor < 33 {
		return nil, errOldGL
	}
	for _, p := range []struct {
		to                               *program
		name, vertex, geometry, fragment string
	}{
		{&r.mesh, "mesh", meshVertexShader, "", meshFragmentShader},
		{&r.line, "line", lineVertexShader, lineGeometryShader, lineFragmentShader},
		{&r.flat, "flat", flatVertexShader, "", flatFragmentShader},
	} {
		id, err := r.gpu.program(p.name, p.vertex, p.geometry, p.fragment)
		if err != nil {
			return nil, err
		}
		*p.to = program{id, map[string]int32{}}
	}
	for _, a := range []*array{&r.meshArray, &r.gridArray, &r.lineArray, &r.pointArray, &r.flatArray} {
		a.vao, a.vbo = r.gpu.vertexArray(), r.gpu.buffer()
	}
	r.triangles = r.gpu.buffer()
	r.atlasTexture, r.images, r.pages = r.gpu.texture(), r.gpu.texture(), r.gpu.texture()
	r.startPages(nil)
	r.describe()
	return r, glError("set up")
}

// describe tells OpenGL how the vertices of each array lie in memory.
func (r *renderer) describe() {
	var m surfaceVertex
	layout(r.meshArray.vao, r.meshArray.vbo, int32(unsafe.Sizeof(m)),
		attribute{3, gl.FLOAT, false, unsafe.Offsetof(m.position)},
		attribute{3, gl.FLOAT, false, unsafe.Offsetof(m.normal)},
		attribute{4, gl.UNSIGNED_BYTE, true, unsafe.Offsetof(m.color)},
		attribute{4, gl.UNSIGNED_BYTE, true, unsafe.Offsetof(m.uncertain)},
		attribute{3, gl.FLOAT, false, unsafe.Offsetof(m.place)})
	gl.BindBuffer(gl.ELEMENT_ARRAY_BUFFER, r.triangles)
	var v vertex
	for _, a := range []array{r.gridArray, r.lineArray} {
		layout(a.vao, a.vbo, int32(unsafe.Sizeof(v)),
			attribute{3, gl.FLOAT, false, unsafe.Offsetof(v.position)},
			attribute{4, gl.UNSIGNED_BYTE, true, unsafe.Offsetof(v.color)})
	}
	layout(r.pointArray.vao, r.pointArray.vbo, int32(unsafe.Sizeof(m)),
		attribute{3, gl.FLOAT, false, unsafe.Offsetof(m.position)},
		attribute{3, gl.FLOAT, false, unsafe.Offsetof(m.normal)},
		attribute{4, gl.UNSIGNED_BYTE, true, unsafe.Offsetof(m.color)})
	var f flatVertex
	layout(r.flatArray.vao, r.flatArray.vbo, int32(unsafe.Sizeof(f)),
		attribute{2, gl.FLOAT, false, unsafe.Offsetof(f.x)},
		attribute{2, gl.FLOAT, false, unsafe.Offsetof(f.uv)},
		attribute{4, gl.UNSIGNED_BYTE, true, unsafe.Offsetof(f.color)})
	gl.BindVertexArray(0)
}

func (r *renderer) close() { r.gpu.close() }

// draw renders a scene into the framebuffer that is bound.
func (r *renderer) draw(s *Scene, f frame) error {
	if err := r.upload(s, f); err != nil {
		return err
	}
	f.gridM = r.ground.stepM
	w, h := f.view.Camera.W, f.view.Camera.H
	gl.Viewport(0, 0, int32(w), int32(h))
	gl.Enable(gl.MULTISAMPLE)
	gl.Enable(gl.PROGRAM_POINT_SIZE)
	gl.BlendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
	gl.DepthMask(true)
	gl.Clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT)
	r.background(w, h)
	m := f.view.clipFromWorld(f.view.depthRange(r.box))
	r.drawMesh(s, f, m)
	r.drawLines(f, m)
	r.drawOverlay(s, f)
	return glError("draw")
}

func (r *renderer) background(w, h int) {
	f := flat{atlas: r.atlas}
	f.shade(0, 0, float64(w), float64(h), skyColor, floorColor)
	r.drawFlat(f.vertices, w, h, r.atlasTexture, false)
}

// drawMesh draws the mesh, or its points where it has no triangles, and the
// landmarks.
func (r *renderer) drawMesh(s *Scene, f frame, m mat4) {
	gl.Enable(gl.DEPTH_TEST)
	gl.DepthFunc(gl.LESS)
	gl.UseProgram(r.mesh.id)
	gl.UniformMatrix4fv(r.mesh.at("clipFromWorld"), 1, true, &m[0])
	gl.Uniform1i(r.mesh.at("mode"), int32(f.style.Mode))
	gl.Uniform1f(r.mesh.at("pointPx"), max(2, .13*float32(r.atlas.sizePx)))
	r.mesh.vec3("eye", f.view.Pose.T)
	r.mesh.vec3("forward", f.view.Pose.R.Col(2))
	r.mesh.vec3("up", f.up)
	parallel := int32(0)
	if f.view.OrthoM > 0 {
		parallel = 1
	}
	gl.Uniform1i(r.mesh.at("parallel"), parallel)
	r.setClip(f.clip)
	gl.ActiveTexture(gl.TEXTURE1) // another kind of texture than that of letters and images
	gl.BindTexture(gl.TEXTURE_2D_ARRAY, r.pages)
	gl.ActiveTexture(gl.TEXTURE0)
	gl.Uniform1i(r.mesh.at("pages"), 1)
	r.setPictured(false)
	gl.BindVertexArray(r.meshArray.vao)
	if r.meshArray.n > 0 {
		if !f.style.BackFaces {
			gl.Enable(gl.CULL_FACE)
		}
		if f.style.Wireframe {
			gl.PolygonMode(gl.FRONT_AND_BACK, gl.LINE)
		}
		most := restingTriangles
		if f.moving {
			most = movingTriangles
		}
		for _, s := range r.chunked.visible(f.view, most) {
			r.setPictured(r.painted && !s.coarse && f.style.Mode <= Color)
			gl.DrawElementsWithOffset(gl.TRIANGLES, int32(3*s.n), gl.UNSIGNED_INT, uintptr(12*s.from))
		}
		r.setPictured(false)
		gl.PolygonMode(gl.FRONT_AND_BACK, gl.FILL)
		gl.Disable(gl.CULL_FACE)
	} else if s.Mesh != nil && s.Mesh == r.uploaded {
		gl.DrawArrays(gl.POINTS, 0, int32(len(s.Mesh.Vertices)))
	}
	if f.style.Points {
		gl.Uniform1i(r.mesh.at("mode"), int32(Color))
		gl.BindVertexArray(r.pointArray.vao)
		gl.DrawArrays(gl.POINTS, 0, r.pointArray.n)
	}
}

// setPictured tells the shader of meshes whether the colours are those of the images.
func (r *renderer) setPictured(yes bool) {
	on := int32(0)
	if yes {
		on = 1
	}
	gl.Uniform1i(r.mesh.at("pictured"), on)
}

// setClip tells the shader of meshes the box that alone is drawn.
func (r *renderer) setClip(b *clipBox) {
	on := int32(0)
	if b != nil {
		on = 1
		var axes [9]float32
		for i := range 3 {
			for j := range 3 {
				axes[3*i+j] = float32(b.axes[i][j])
			}
		}
		gl.UniformMatrix3fv(r.mesh.at("clipAxes"), 1, true, &axes[0])
		r.mesh.vec3("clipLo", b.lo)
		r.mesh.vec3("clipHi", b.hi)
	}
	gl.Uniform1i(r.mesh.at("clip"), on)
}

// drawLines draws grid, path and frusta; those behind surfaces shine through a
// little.
func (r *renderer) drawLines(f frame, m mat4) {
	gl.Enable(gl.BLEND)
	gl.DepthMask(false)
	gl.UseProgram(r.line.id)
	gl.UniformMatrix4fv(r.line.at("clipFromWorld"), 1, true, &m[0])
	gl.Uniform2f(r.line.at("viewportPx"), float32(f.view.Camera.W), float32(f.view.Camera.H))
	em := float32(r.atlas.sizePx)
	pass := func(a array, depth uint32, width, opacity float32) {
		gl.DepthFunc(depth)
		gl.Uniform1f(r.line.at("widthPx"), width)
		gl.Uniform1f(r.line.at("opacity"), opacity)
		gl.BindVertexArray(a.vao)
		gl.DrawArrays(gl.LINES, 0, a.n)
	}
	pass(r.gridArray, gl.LESS, max(1, .06*em), 1)
	gl.DepthMask(true)
	pass(r.lineArray, gl.LESS, max(1.5, .13*em), 1)
	gl.DepthMask(false)
	pass(r.lineArray, gl.GREATER, max(1.5, .13*em), .22)
	gl.DepthMask(true)
	gl.Disable(gl.BLEND)
}

// drawOverlay draws text, scale bar, measurement and the current image.
func (r *renderer) drawOverlay(s *Scene, f frame) {
	w, h := f.view.Camera.W, f.view.Camera.H
	if f.style.Image && !s.Image.Empty() {
		x, y, pw, ph := imageBox(w, h, s.Image.W, s.Image.H, float64(r.atlas.sizePx))
		p := flat{atlas: r.atlas}
		white := rgba{255, 255, 255, 255}
		p.quad(corners(x, y, pw, ph), [4][2]float32{{0, 0}, {1, 0}, {1, 1}, {0, 1}}, [4]rgba{white, white, white, white})
		r.drawFlat(p.vertices, w, h, r.images, true)
		p.vertices = nil
		p.tracks(s.Tracks, s.Image.W, s.Image.H, x, y, pw, ph)
		r.drawFlat(p.vertices, w, h, r.atlasTexture, false)
	}
	over := flat{atlas: r.atlas}
	if f.style.Text {
		over.info(s, f)
	}
	over.measurements(f)
	over.slider(f)
	over.helpBox(f)
	r.drawFlat(over.vertices, w, h, r.atlasTexture, false)
}

func (r *renderer) drawFlat(v []flatVertex, w, h int, texture uint32, img bool) {
	gl.Disable(gl.DEPTH_TEST)
	gl.Enable(gl.BLEND)
	gl.UseProgram(r.flat.id)
	gl.Uniform2f(r.flat.at("viewportPx"), float32(w), float32(h))
	isImage := int32(0)
	if img {
		isImage = 1
	}
	gl.Uniform1i(r.flat.at("isImage"), isImage)
	gl.ActiveTexture(gl.TEXTURE0)
	gl.BindTexture(gl.TEXTURE_2D, texture)
	gl.Uniform1i(r.flat.at("image"), 0)
	gl.BindVertexArray(r.flatArray.vao)
	fill(gl.ARRAY_BUFFER, r.flatArray.vbo, v)
	gl.DrawArrays(gl.TRIANGLES, 0, int32(len(v)))
	gl.Disable(gl.BLEND)
}
