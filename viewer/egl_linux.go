package viewer

// libEGL is loaded when it is first needed, so that a program without it runs
// all the same. The surfaceless platform needs neither a display nor a window:
// https://registry.khronos.org/EGL/extensions/MESA/EGL_MESA_platform_surfaceless.txt

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

typedef void *(*get_proc)(const char *);
typedef void *(*get_platform_display)(unsigned, void *, const int *);
typedef unsigned (*initialize)(void *, int *, int *);
typedef unsigned (*bind_api)(unsigned);
typedef void *(*create_context)(void *, void *, void *, const int *);
typedef unsigned (*make_current)(void *, void *, void *, void *);
typedef unsigned (*destroy_context)(void *, void *);
typedef unsigned (*release_thread)(void);

static get_proc proc;
static void *display;

// egl_open returns NULL, or what failed.
static const char *egl_open(void) {
	void *lib = dlopen("libEGL.so.1", RTLD_NOW);
	if (!lib) return "libEGL.so.1 cannot be loaded";
	proc = (get_proc)dlsym(lib, "eglGetProcAddress");
	if (!proc) return "libEGL.so.1 has no eglGetProcAddress";
	get_platform_display get = (get_platform_display)proc("eglGetPlatformDisplayEXT");
	if (!get) return "EGL has no eglGetPlatformDisplayEXT";
	display = get(0x31DD, NULL, NULL); // EGL_PLATFORM_SURFACELESS_MESA
	if (!display) return "EGL has no surfaceless platform";
	initialize init = (initialize)proc("eglInitialize");
	if (!init || !init(display, NULL, NULL)) return "EGL finds no OpenGL driver";
	return NULL;
}

// egl_context makes an OpenGL 3.3 core context current on this thread.
static const char *egl_context(void **ctx) {
	bind_api bind = (bind_api)proc("eglBindAPI");
	create_context create = (create_context)proc("eglCreateContext");
	make_current current = (make_current)proc("eglMakeCurrent");
	if (!bind || !create || !current) return "EGL lacks a function";
	if (!bind(0x30A2)) return "EGL has no OpenGL"; // EGL_OPENGL_API
	// EGL_CONTEXT_MAJOR_VERSION 3, MINOR 3, PROFILE_MASK core
	const int attribs[] = {0x3098, 3, 0x30FB, 3, 0x30FD, 1, 0x3038};
	*ctx = create(display, NULL, NULL, attribs);
	if (!*ctx) return "EGL gives no OpenGL 3.3 core context";
	if (!current(display, NULL, NULL, *ctx)) {
		((destroy_context)proc("eglDestroyContext"))(display, *ctx);
		return "EGL cannot use a context without a surface";
	}
	return NULL;
}

static void egl_close(void *ctx) {
	((make_current)proc("eglMakeCurrent"))(display, NULL, NULL, NULL);
	((destroy_context)proc("eglDestroyContext"))(display, ctx);
	((release_thread)proc("eglReleaseThread"))();
}

static void *egl_proc(const char *name) { return proc(name); }
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

// The display belongs to the process: it is opened once and never closed, for
// closing it would take it from everybody who uses it.
var openEGL = sync.OnceValue(func() error { return eglError(C.egl_open()) })

func eglError(msg *C.char) error {
	if msg == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrNoOpenGL, C.GoString(msg))
}

// eglContext makes a context current on the calling thread, which must be
// locked; release frees it, on the same thread.
func eglContext() (release func(), err error) {
	if err := openEGL(); err != nil {
		return nil, err
	}
	var ctx unsafe.Pointer
	if err := eglError(C.egl_context(&ctx)); err != nil {
		return nil, err
	}
	if err := loadGL(eglProc); err != nil {
		C.egl_close(ctx)
		return nil, err
	}
	return func() { C.egl_close(ctx) }, nil
}

func eglProc(name string) unsafe.Pointer {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return C.egl_proc(cname)
}
