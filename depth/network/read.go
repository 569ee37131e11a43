package network

import (
	"errors"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth/canonical"
	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/slam"
)

// ErrUnusable says that no pixel of a network's output can be depth.
var ErrUnusable = errors.New("the network gave no usable depth")

// reader makes metres of the outputs of a network; the zero value but for c is
// ready.
type reader struct {
	c       *contract.Contract
	buffers map[string][]float32 // of outputs that are not float32
}

// field is an output with a value, or three, a pixel.
type field struct {
	w, h   int
	v      []float32
	stride int // between pixels
	plane  int // between channels
}

// read makes a prediction of outputs, for an image placed by plan.
func (r *reader) read(outputs []Tensor, plan canonical.Plan) (Prediction, error) {
	for _, t := range outputs {
		if err := t.Check(); err != nil {
			return Prediction{}, err
		}
	}
	maps, err := r.maps(outputs)
	if err != nil {
		return Prediction{}, err
	}
	win, err := newWindow(plan, maps.depth.w, maps.depth.h)
	if err != nil {
		return Prediction{}, err
	}
	s := r.scaling(plan)
	if o := r.c.Outputs.MetricScale; o.Name != "" {
		v, err := r.values(outputs, o, 1)
		if err != nil {
			return Prediction{}, err
		}
		if !(v[0] > 0) || math.IsInf(float64(v[0]), 0) {
			return Prediction{}, fmt.Errorf("output %q is %v: no factor to metres", o.Name, v[0])
		}
		s.factor *= v[0]
	}
	if r.c.Scale.Rule == contract.Shift {
		if s.shift, err = solveShift(maps, win); err != nil {
			return Prediction{}, err
		}
	}
	pred := r.decode(maps, win, s)
	if pred.FOVRad, err = r.fov(outputs, plan); err != nil {
		return Prediction{}, err
	}
	if o := r.c.Outputs.QuarterTurns; o.Name != "" {
		v, err := r.values(outputs, o, quarters)
		if err != nil {
			return Prediction{}, err
		}
		pred.Turned, pred.upright = mostLikelyTurn(v)
	}
	return pred, pred.usable()
}

func (p Prediction) usable() error {
	for _, z := range p.Depth.Depth {
		if z > 0 {
			return nil
		}
	}
	r := p.Rejected
	return fmt.Errorf("%w: of %d pixels %d are not finite, %d not positive, %d out of range, %d masked, %d out of view",
		ErrUnusable, len(p.Depth.Depth), r.NotFinite, r.NotPositive, r.OutOfRange, r.Masked, r.OutOfView)
}

// fields holds the outputs with a value a pixel; those the contract does not
// name are empty.
type fields struct {
	depth                              field // or points, three channels
	logVariance, confidence, mask, sky field
}

func (r *reader) maps(outputs []Tensor) (m fields, err error) {
	main, channels := r.c.Outputs.Depth, 1
	if r.c.Kind == contract.Points {
		main, channels = r.c.Outputs.Points, 3
	}
	if m.depth, err = r.field(outputs, main, channels); err != nil {
		return m, err
	}
	o := &r.c.Outputs
	for i, out := range [...]Output{o.LogVariance, o.Confidence.Output, o.Mask.Output, o.Sky.Output} {
		if out.Name == "" {
			continue
		}
		f, err := r.field(outputs, out, 1)
		if err != nil {
			return m, err
		}
		if f.w != m.depth.w || f.h != m.depth.h {
			return m, fmt.Errorf("output %q has %dx%d pixels, %q has %dx%d", out.Name, f.w, f.h, main.Name, m.depth.w, m.depth.h)
		}
		switch i {
		case 0:
			m.logVariance = f
		case 1:
			m.confidence = f
		case 2:
			m.mask = f
		default:
			m.sky = f
		}
	}
	return m, nil
}

func find(outputs []Tensor, name string) (Tensor, bool) {
	for _, t := range outputs {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Output is the contract's description of an output.
type Output = contract.Output

// field finds an output of one or three channels a pixel among shapes such as
// [1, 1, H, W], [1, H, W], [H, W], [1, 3, H, W] and [1, H, W, 3].
func (r *reader) field(outputs []Tensor, o Output, channels int) (field, error) {
	t, ok := find(outputs, o.Name)
	if !ok {
		return field{}, fmt.Errorf("output %q is missing", o.Name)
	}
	v, err := r.floats(t)
	if err != nil {
		return field{}, err
	}
	d := t.Shape
	if channels == 3 && o.Layout == contract.HWC {
		if len(d) < 3 || d[len(d)-1] != 3 {
			return field{}, badShape(t, channels)
		}
		d = d[:len(d)-1]
	} else if channels == 3 {
		if len(d) < 3 || d[len(d)-3] != 3 {
			return field{}, badShape(t, channels)
		}
		d = append(append([]int64(nil), d[:len(d)-3]...), d[len(d)-2:]...)
	} else if len(d) == 4 && d[3] == 1 && d[1] > 1 {
		d = d[:3] // channels last
	}
	for len(d) > 2 && d[0] == 1 {
		d = d[1:]
	}
	if len(d) != 2 || d[0] < 1 || d[1] < 1 {
		return field{}, badShape(t, channels)
	}
	f := field{h: int(d[0]), w: int(d[1]), v: v, stride: 1, plane: int(d[0] * d[1])}
	if channels == 3 && o.Layout == contract.HWC {
		f.stride, f.plane = 3, 1
	}
	return f, nil
}

func badShape(t Tensor, channels int) error {
	return fmt.Errorf("output %q has the shape %v; %d channel(s) a pixel are wanted", t.Name, t.Shape, channels)
}

func (r *reader) floats(t Tensor) ([]float32, error) {
	if t.Type == contract.Float32 {
		return t.F32, nil
	}
	v, err := t.floats(r.buffers[t.Name])
	if err != nil {
		return nil, err
	}
	if r.buffers == nil {
		r.buffers = map[string][]float32{}
	}
	r.buffers[t.Name] = v
	return v, nil
}

// values returns an output of exactly n values.
func (r *reader) values(outputs []Tensor, o Output, n int) ([]float32, error) {
	t, ok := find(outputs, o.Name)
	if !ok {
		return nil, fmt.Errorf("output %q is missing", o.Name)
	}
	v, err := r.floats(t)
	if err != nil {
		return nil, err
	}
	if len(v) != n {
		return nil, fmt.Errorf("output %q has the shape %v; %d value(s) are wanted", o.Name, t.Shape, n)
	}
	return v, nil
}

// fov returns the horizontal field of view of the image that the network
// tells, 0 where it tells none or nonsense.
func (r *reader) fov(outputs []Tensor, plan canonical.Plan) (float64, error) {
	var rad float64
	switch o := r.c.Outputs; {
	case o.FOV.Name != "":
		v, err := r.values(outputs, o.FOV, 1)
		if err != nil {
			return 0, err
		}
		rad = float64(v[0]) * math.Pi / 180
	case o.Intrinsics.Name != "":
		v, err := r.values(outputs, o.Intrinsics, 9)
		if err != nil {
			return 0, err
		}
		rad = 2 * math.Atan(float64(plan.ResizedW)/2/float64(v[0]))
	}
	if !(rad > 0 && rad < math.Pi) {
		return 0, nil
	}
	return rad, nil
}

// window says which part of an output shows the image: pixel (x, y) of the
// depth map is pixel (x + left, y + top) of the output.
type window struct {
	depth     slam.DepthMap // size and camera; no pixels yet
	left, top int
}

// newWindow cuts the padding off an output of w x h pixels, which covers the
// network's input at this or another resolution.
func newWindow(plan canonical.Plan, w, h int) (window, error) {
	kx, ky := float64(w)/float64(plan.NetW), float64(h)/float64(plan.NetH)
	if math.Abs(kx/ky-1) > .03 {
		return window{}, fmt.Errorf("the output has %dx%d pixels, which do not cover the input's %dx%d", w, h, plan.NetW, plan.NetH)
	}
	win := window{
		left: int(math.Round(float64(plan.Left) * kx)), top: int(math.Round(float64(plan.Top) * ky)),
		depth: slam.DepthMap{
			W: max(1, int(math.Round(float64(plan.ResizedW)*kx))),
			H: max(1, int(math.Round(float64(plan.ResizedH)*ky))),
		},
	}
	cam := plan.NetCamera().Resized(w, h)
	cam.Cx -= float64(win.left)
	cam.Cy -= float64(win.top)
	cam.W, cam.H = win.depth.W, win.depth.H
	win.depth.Camera = cam
	return win, nil
}
