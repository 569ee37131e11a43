package frontend

/*
#cgo pkg-config: opencv4
#cgo CXXFLAGS: -std=c++14 -O2
#include "bridge.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// minSide is the smallest side of an image that can be tracked in: two windows
// at the lowest level of the pyramid.
const minSide = 32

// kltWindow and kltLevels fix the search: 16 pixel windows on four levels converge
// from about 60 pixels off. OpenCV takes eight pixels at a time: windows of 15 cost
// 1.7 times as much, those of 17 1.1 times.
const (
	kltWindow     = 16
	kltLevels     = 3
	kltIterations = 20
	bridgeErrLen  = 512
)

// pyramid is an image prepared for KLT. Its owner calls close.
type pyramid struct {
	c    C.ms_pyramid
	w, h int
}

// newPyramid builds the pyramid of an image, through CLAHE if equalise is set.
func newPyramid(g slam.Gray, equalise bool) (*pyramid, error) {
	if g.W < minSide || g.H < minSide || len(g.Pix) != g.W*g.H {
		return nil, fmt.Errorf("frontend: an image of %dx%d with %d bytes cannot be tracked; at least %dx%d are needed", g.W, g.H, len(g.Pix), minSide, minSide)
	}
	var clahe C.int
	if equalise {
		clahe = 1
	}
	p := &pyramid{w: g.W, h: g.H}
	var msg [bridgeErrLen]C.char
	if C.ms_pyramid_build((*C.uint8_t)(unsafe.Pointer(&g.Pix[0])), C.int(g.W), C.int(g.H), kltWindow, kltLevels, clahe, &p.c, &msg[0], bridgeErrLen) != 0 {
		return nil, fmt.Errorf("frontend: pyramid: %s", C.GoString(&msg[0]))
	}
	return p, nil
}

func (p *pyramid) close() {
	if p != nil && p.c != nil {
		C.ms_pyramid_free(p.c)
		p.c = nil
	}
}

// flow holds the buffers of KLT calls, so that a frame allocates nothing.
type flow struct {
	from, to, back []float32
	status         []uint8
	statusBack     []uint8
	residual       []float32
}

// track follows the points from of image a into image b, starting at to, and
// back again; levels of the pyramid beyond the first set how far it looks. It
// overwrites to and sets ok where the way back ends within fbPx of the start.
func (f *flow) track(a, b *pyramid, from, to []geom.Vec2, ok []bool, levels int, fbPx float64) error {
	n := len(from)
	if n == 0 {
		return nil
	}
	f.resize(n)
	for i := range n {
		f.from[2*i], f.from[2*i+1] = float32(from[i].X), float32(from[i].Y)
		f.to[2*i], f.to[2*i+1] = float32(to[i].X), float32(to[i].Y)
	}
	if err := f.call(a, b, f.from, f.to, f.status, levels); err != nil {
		return err
	}
	copy(f.back, f.from)
	if err := f.call(b, a, f.to, f.back, f.statusBack, 1); err != nil {
		return err
	}
	for i := range n {
		to[i] = geom.Vec2{X: float64(f.to[2*i]), Y: float64(f.to[2*i+1])}
		d := geom.Vec2{X: float64(f.back[2*i]), Y: float64(f.back[2*i+1])}.Sub(from[i]).Norm()
		inside := to[i].X >= 1 && to[i].Y >= 1 && to[i].X < float64(b.w-1) && to[i].Y < float64(b.h-1)
		ok[i] = inside && f.status[i] != 0 && f.statusBack[i] != 0 && d <= fbPx
	}
	return nil
}

func (f *flow) resize(n int) {
	if cap(f.from) < 2*n {
		f.from, f.to, f.back = make([]float32, 2*n), make([]float32, 2*n), make([]float32, 2*n)
		f.status, f.statusBack, f.residual = make([]uint8, n), make([]uint8, n), make([]float32, n)
	}
	f.from, f.to, f.back = f.from[:2*n], f.to[:2*n], f.back[:2*n]
	f.status, f.statusBack, f.residual = f.status[:n], f.statusBack[:n], f.residual[:n]
}

func (f *flow) call(a, b *pyramid, from, to []float32, status []uint8, levels int) error {
	var msg [bridgeErrLen]C.char
	if C.ms_klt(a.c, b.c, (*C.float)(&from[0]), (*C.float)(&to[0]), C.int(len(status)), (*C.uint8_t)(&status[0]), (*C.float)(&f.residual[0]),
		kltWindow, C.int(levels), kltIterations, &msg[0], bridgeErrLen) != 0 {
		return fmt.Errorf("frontend: optical flow: %s", C.GoString(&msg[0]))
	}
	return nil
}

// OpenCV keeps to the calling thread: the other core belongs to mapping and fusion.
// It is told so before any goroutine runs, because it takes down its pool of
// threads then, and a reader of live input that is inside at that moment crashes.
func init() { C.ms_single_thread() }
