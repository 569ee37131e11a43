package viewer

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/go-gl/gl/v3.3-core/gl"
)

// ErrNoOpenGL says that the machine has no OpenGL 3.3 for images without a
// display.
var ErrNoOpenGL = errors.New("no OpenGL 3.3 without a display; install libegl1 and libgl1-mesa-dri")

var glLoaded struct {
	sync.Once
	err error
}

// loadGL finds OpenGL's functions, once a process: their addresses are the same
// for windows and without one, and other threads may be using them.
func loadGL(proc func(string) unsafe.Pointer) error {
	glLoaded.Do(func() {
		if err := gl.InitWithProcAddrFunc(proc); err != nil {
			glLoaded.err = fmt.Errorf("%w: the driver lacks %v", ErrNoOpenGL, err)
		}
	})
	return glLoaded.err
}

// liveObjects counts the OpenGL objects of the process that are not freed yet.
var liveObjects atomic.Int64

// gpu makes OpenGL objects and remembers how to free them. All are made when a
// renderer is, and refilled afterwards, so that none can be forgotten.
type gpu struct{ free []func() }

func (g *gpu) make(gen, del func(int32, *uint32)) uint32 {
	var id uint32
	gen(1, &id)
	g.owe(func() { del(1, &id) })
	return id
}

func (g *gpu) owe(free func()) {
	liveObjects.Add(1)
	g.free = append(g.free, free)
}

func (g *gpu) buffer() uint32       { return g.make(gl.GenBuffers, gl.DeleteBuffers) }
func (g *gpu) vertexArray() uint32  { return g.make(gl.GenVertexArrays, gl.DeleteVertexArrays) }
func (g *gpu) texture() uint32      { return g.make(gl.GenTextures, gl.DeleteTextures) }
func (g *gpu) framebuffer() uint32  { return g.make(gl.GenFramebuffers, gl.DeleteFramebuffers) }
func (g *gpu) renderbuffer() uint32 { return g.make(gl.GenRenderbuffers, gl.DeleteRenderbuffers) }

// close frees everything.
func (g *gpu) close() {
	for _, f := range g.free {
		f()
		liveObjects.Add(-1)
	}
	g.free = nil
}

// program compiles and links the stages of a program; geometry may be empty.
func (g *gpu) program(name, vertex, geometry, fragment string) (uint32, error) {
	p := gl.CreateProgram()
	g.owe(func() { gl.DeleteProgram(p) })
	for _, s := range []struct {
		kind uint32
		text string
	}{{gl.VERTEX_SHADER, vertex}, {gl.GEOMETRY_SHADER, geometry}, {gl.FRAGMENT_SHADER, fragment}} {
		if s.text == "" {
			continue
		}
		sh := gl.CreateShader(s.kind)
		defer gl.DeleteShader(sh) // the program keeps what it needs
		src, done := gl.Strs("#version 330 core\n" + s.text + "\x00")
		gl.ShaderSource(sh, 1, src, nil)
		done()
		gl.CompileShader(sh)
		if msg := infoLog(sh, gl.COMPILE_STATUS, gl.GetShaderiv, gl.GetShaderInfoLog); msg != "" {
			return 0, fmt.Errorf("OpenGL driver: shader %s: %s", name, msg)
		}
		gl.AttachShader(p, sh)
	}
	gl.LinkProgram(p)
	if msg := infoLog(p, gl.LINK_STATUS, gl.GetProgramiv, gl.GetProgramInfoLog); msg != "" {
		return 0, fmt.Errorf("OpenGL driver: program %s: %s", name, msg)
	}
	return p, nil
}

// infoLog returns why a step failed, "" where it did not.
func infoLog(id, status uint32, get func(uint32, uint32, *int32), log func(uint32, int32, *int32, *uint8)) string {
	var ok, n int32
	if get(id, status, &ok); ok == gl.TRUE {
		return ""
	}
	get(id, gl.INFO_LOG_LENGTH, &n)
	text := make([]byte, n+1)
	log(id, n, nil, &text[0])
	return "failed: " + strings.TrimRight(string(text), "\x00\n")
}

// attribute is one column of a vertex.
type attribute struct {
	n          int32 // numbers
	kind       uint32
	normalized bool
	offset     uintptr
}

// layout describes the vertices of a buffer to a vertex array; attributes have
// the locations 0, 1, ...
func layout(array, buffer uint32, stride int32, attrs ...attribute) {
	gl.BindVertexArray(array)
	gl.BindBuffer(gl.ARRAY_BUFFER, buffer)
	for i, a := range attrs {
		gl.EnableVertexAttribArray(uint32(i))
		gl.VertexAttribPointerWithOffset(uint32(i), a.n, a.kind, a.normalized, stride, a.offset)
	}
}

// fill replaces the content of a buffer.
func fill[T any](target, buffer uint32, data []T) {
	gl.BindBuffer(target, buffer)
	var zero T
	if len(data) == 0 {
		gl.BufferData(target, 0, nil, gl.DYNAMIC_DRAW)
		return
	}
	gl.BufferData(target, len(data)*int(unsafe.Sizeof(zero)), unsafe.Pointer(&data[0]), gl.DYNAMIC_DRAW)
}

// glError returns an error where OpenGL noted one, a sign of lost memory or of a
// mistake in this package.
func glError(doing string) error {
	if e := gl.GetError(); e != gl.NO_ERROR {
		for range 16 {
			if gl.GetError() == gl.NO_ERROR {
				break
			}
		}
		if e == gl.OUT_OF_MEMORY {
			return fmt.Errorf("OpenGL: %s: out of memory; choose a smaller mesh or image", doing)
		}
		return fmt.Errorf("OpenGL: %s: error 0x%x", doing, e)
	}
	return nil
}
