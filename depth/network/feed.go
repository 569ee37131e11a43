package network

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth/canonical"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// feeder fills the inputs of a network with images of one camera. Its buffers
// are made once: filling allocates nothing.
type feeder struct {
	c        *contract.Contract
	plan     canonical.Plan
	colour   *resampler
	gray     *resampler
	inputs   []Tensor  // the image first
	planes   []float32 // 3 NetH NetW values; those of inputs[0] where it is float32
	gain     [3]float32
	offset   [3]float32
	channels [3]int // of the image, for each plane
}

func newFeeder(c *contract.Contract, cam geom.Camera) (*feeder, error) {
	plan, err := canonical.New(cam, c)
	if err != nil {
		return nil, err
	}
	f := &feeder{c: c, plan: plan, channels: [3]int{0, 1, 2}}
	if c.Input.Channels == contract.BGR {
		f.channels = [3]int{2, 1, 0}
	}
	low, span := c.Input.Range[0], c.Input.Range[1]-c.Input.Range[0]
	for i := range 3 {
		f.gain[i] = float32(span / 255 / c.Input.Std[i])
		f.offset[i] = float32((low - c.Input.Mean[i]) / c.Input.Std[i])
	}
	img := NewTensor(c.Input.Name, c.Input.DType, 1, 3, int64(plan.NetH), int64(plan.NetW))
	f.planes = img.F32
	if f.planes == nil {
		f.planes = make([]float32, img.Len())
	}
	f.pad()
	f.inputs = append(f.inputs, img)
	for _, e := range c.Extra {
		f.inputs = append(f.inputs, extra(e, plan))
	}
	return f, nil
}

// pad fills the planes with the pad value; the image overwrites its part.
func (f *feeder) pad() {
	n := len(f.planes) / 3
	for c := range 3 {
		v := f.gain[c]*float32(f.c.Resize.PadValue[c]) + f.offset[c]
		plane := f.planes[c*n : (c+1)*n]
		for i := range plane {
			plane[i] = v
		}
	}
}

// fill puts an image into the inputs and returns them.
func (f *feeder) fill(color slam.RGB, gray slam.Gray) ([]Tensor, error) {
	p := f.plan
	var pix []uint8
	var r *resampler
	switch {
	case color.W == p.SrcW && color.H == p.SrcH && len(color.Pix) == 3*p.SrcW*p.SrcH:
		if f.colour == nil {
			f.colour = newResampler(p.SrcW, p.SrcH, p.ResizedW, p.ResizedH, 3, f.c.Resize.Interpolation)
		}
		pix, r = color.Pix, f.colour
	case gray.W == p.SrcW && gray.H == p.SrcH && len(gray.Pix) == p.SrcW*p.SrcH:
		if f.gray == nil {
			f.gray = newResampler(p.SrcW, p.SrcH, p.ResizedW, p.ResizedH, 1, f.c.Resize.Interpolation)
		}
		pix, r = gray.Pix, f.gray
	default:
		return nil, fmt.Errorf("image of %dx%d (colour) or %dx%d (grey) pixels, its camera has %dx%d",
			color.W, color.H, gray.W, gray.H, p.SrcW, p.SrcH)
	}
	x0, x1 := max(0, -p.Left), min(p.ResizedW, p.NetW-p.Left)
	y0, y1 := max(0, -p.Top), min(p.ResizedH, p.NetH-p.Top)
	n := p.NetW * p.NetH
	var a, b [3]float32
	for plane, ch := range f.channels { // by channel of the image
		a[ch], b[ch] = f.gain[plane], f.offset[plane]
	}
	for y := y0; y < y1; y++ {
		r.blendRows(pix, y)
		at := (y+p.Top)*p.NetW + x0 + p.Left
		var planes [3][]float32
		for plane, ch := range f.channels {
			planes[ch] = f.planes[plane*n+at:][:x1-x0]
		}
		r.blendColumns(x0, x1, planes, a, b)
	}
	f.convert()
	return f.inputs, nil
}

// convert fills an input that is not float32 from the planes.
func (f *feeder) convert() {
	raw := f.inputs[0].Raw
	switch f.c.Input.DType {
	case contract.Float16:
		for i, v := range f.planes {
			binary.LittleEndian.PutUint16(raw[2*i:], depthio.FloatToHalf(v))
		}
	case contract.Uint8:
		for i, v := range f.planes {
			raw[i] = uint8(min(max(v+.5, 0), 255))
		}
	}
}

// extra returns an input besides the image.
func extra(e contract.Extra, p canonical.Plan) Tensor {
	cam := p.NetCamera()
	var shape []int64
	var values []float64
	switch e.Kind {
	case contract.Intrinsics:
		shape = []int64{1, 3, 3}
		values = []float64{cam.Fx, 0, cam.Cx, 0, cam.Fy, cam.Cy, 0, 0, 1}
	case contract.Rays:
		shape = []int64{1, 3, int64(cam.H), int64(cam.W)}
		n := cam.W * cam.H
		values = make([]float64, 3*n)
		for i := range n {
			r := cam.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)}).Unit()
			values[i], values[n+i], values[2*n+i] = r.X, r.Y, r.Z
		}
	default:
		shape, values = e.Shape, e.Values
	}
	t := NewTensor(e.Name, e.DType, shape...)
	for i, v := range values {
		switch e.DType {
		case contract.Float32:
			t.F32[i] = float32(v)
		case contract.Float16:
			binary.LittleEndian.PutUint16(t.Raw[2*i:], depthio.FloatToHalf(float32(v)))
		case contract.Int64:
			binary.LittleEndian.PutUint64(t.Raw[8*i:], uint64(int64(math.Round(v))))
		}
	}
	return t
}
