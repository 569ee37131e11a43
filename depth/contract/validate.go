package contract

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// PlaceSigma is the deviation by places and cameras of a network of which nothing
// was measured: single images of Metric3D's authors are 16 % off (median of
// their metrology), and the network that ships scatters by as much.
const PlaceSigma = .16

// setDefaults fills what was left out.
func (c *Contract) setDefaults() {
	in := &c.Input
	in.DType = orElse(in.DType, Float32)
	in.Channels = orElse(in.Channels, RGB)
	if in.Range == [2]float64{} {
		in.Range = [2]float64{0, 255}
	}
	if in.Std == [3]float64{} {
		in.Std = [3]float64{1, 1, 1}
	}
	c.Resize.Interpolation = orElse(c.Resize.Interpolation, Bilinear)
	c.Resize.Pad = orElse(c.Resize.Pad, Centre)
	c.Resize.Multiple = orElse(c.Resize.Multiple, 1)
	c.Scale.Factor = orElse(c.Scale.Factor, 1)
	c.Sigma = orElse(c.Sigma, .1)
	c.ScaleSigma = orElse(c.ScaleSigma, .1)
	c.PlaceSigma = orElse(c.PlaceSigma, PlaceSigma)
	for i := range c.Extra {
		c.Extra[i].DType = orElse(c.Extra[i].DType, Float32)
	}
	for _, o := range []*Output{&c.Outputs.Points, &c.Outputs.Normal} {
		o.Layout = orElse(o.Layout, CHW)
	}
	if c.Outputs.Mask.Min == 0 {
		c.Outputs.Mask.Min = .5
	}
	if c.Outputs.Sky.Max == 0 {
		c.Outputs.Sky.Max = .5
	}
}

func orElse[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// Validate returns everything that is wrong with the contract, each by its
// field.
func (c *Contract) Validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if c.Name == "" {
		bad("name", "missing")
	}
	c.validateInput(bad)
	c.validateResize(bad)
	c.validateOutputs(bad)
	c.validateScale(bad)
	for _, r := range []struct {
		field string
		v     [2]float64
	}{{"clamp_m", c.ClampM}, {"range_m", c.RangeM}} {
		if r.v != [2]float64{} && !(r.v[0] >= 0 && r.v[1] > r.v[0] && !math.IsInf(r.v[1], 0)) {
			bad(r.field, "%v is not [low, high] in metres", r.v)
		}
	}
	if !(c.Sigma > 0 && c.Sigma < 10) {
		bad("sigma", "%v is no deviation of log depth", c.Sigma)
	}
	for field, v := range map[string]float64{"scale_sigma": c.ScaleSigma, "place_sigma": c.PlaceSigma} {
		if !(v >= 0 && v < 10) {
			bad(field, "%v is no deviation of a log-scale", v)
		}
	}
	if c.SHA256 != "" && (len(c.SHA256) != 64 || strings.Trim(c.SHA256, "0123456789abcdef") != "") {
		bad("sha256", "%q is not 64 hexadecimal digits", c.SHA256)
	}
	return errors.Join(errs...)
}

type complain func(field, format string, args ...any)

func (c *Contract) validateInput(bad complain) {
	in := c.Input
	if in.Name == "" {
		bad("input.name", "missing")
	}
	if len(in.Shape) != 4 || in.Shape[0] > 1 || in.Shape[1] != 3 {
		bad("input.shape", "%v is not [1, 3, height, width] (-1 where free)", in.Shape)
	} else if in.Shape[2] > maxSide || in.Shape[3] > maxSide {
		bad("input.shape", "%v is larger than %d pixels a side", in.Shape, maxSide)
	}
	oneOf(bad, "input.dtype", in.DType, Float32, Float16, Uint8)
	oneOf(bad, "input.channels", in.Channels, RGB, BGR)
	if !finite(in.Range[:]) || in.Range[0] == in.Range[1] {
		bad("input.range", "%v is not [low, high]", in.Range)
	}
	if !finite(in.Mean[:]) {
		bad("input.mean", "%v is not finite", in.Mean)
	}
	for _, s := range in.Std {
		if !finite([]float64{s}) || s == 0 {
			bad("input.std", "%v must be finite and not zero", in.Std)
			break
		}
	}
	for i, e := range c.Extra {
		field := fmt.Sprintf("extra_inputs[%d]", i)
		if e.Name == "" || e.Name == in.Name {
			bad(field+".name", "%q is missing or the image's", e.Name)
		}
		oneOf(bad, field+".kind", e.Kind, Constant, Intrinsics, Rays)
		oneOf(bad, field+".dtype", e.DType, Float32, Float16, Int64)
		if e.Kind == Constant && (len(e.Values) == 0 || elements(e.Shape) != int64(len(e.Values))) {
			bad(field, "%d values for the shape %v", len(e.Values), e.Shape)
		}
	}
}

// maxSide bounds the network's input: beyond it a contract is a mistake.
const maxSide = 8192

func (c *Contract) validateResize(bad complain) {
	r := c.Resize
	oneOf(bad, "resize.rule", r.Rule, FitAndPad, Stretch, ShortestSide, LongestSide, CanonicalFocal)
	oneOf(bad, "resize.interpolation", r.Interpolation, Bilinear, Bicubic, Area, Nearest)
	oneOf(bad, "resize.pad", r.Pad, Centre, Corner)
	if r.Multiple < 1 || r.Multiple > maxSide {
		bad("resize.multiple", "%d", r.Multiple)
	}
	if len(c.Input.Shape) != 4 {
		return
	}
	free := c.Input.Height() == 0 || c.Input.Width() == 0
	if r.TurnBox && (r.Rule != FitAndPad && r.Rule != Stretch || c.Input.Height() != 0 || c.Input.Width() != 0) {
		bad("resize.turn_box", "only an input of free height and width with fit-and-pad or stretch can be turned")
	}
	switch r.Rule {
	case FitAndPad, Stretch:
		if free && (r.Box[0] < 1 || r.Box[1] < 1 || r.Box[0] > maxSide || r.Box[1] > maxSide) {
			bad("resize.box", "%v: the input's size is free, so [height, width] must be given", r.Box)
		}
	case ShortestSide, LongestSide:
		if !free {
			bad("resize.rule", "%s needs an input of free size, this one is %dx%d; export it with dynamic axes or use fit-and-pad",
				r.Rule, c.Input.Height(), c.Input.Width())
		}
		if r.Size < 1 || r.Size > maxSide {
			bad("resize.size", "%d: %s needs it, in pixels", r.Size, r.Rule)
		}
	case CanonicalFocal:
		if !positive(r.Focal) {
			bad("resize.focal", "%v: %s needs it, in pixels", r.Focal, r.Rule)
		}
	}
}

func (c *Contract) validateOutputs(bad complain) {
	oneOf(bad, "kind", c.Kind, Depth, InverseDepth, LogDepth, Points)
	if c.Kind == Points && c.Outputs.Points.Name == "" {
		bad("outputs.points", "missing, but kind is points")
	}
	if c.Kind != Points && c.Outputs.Depth.Name == "" {
		bad("outputs.depth", "missing, but kind is %s", c.Kind)
	}
	for _, n := range c.Outputs.Named() {
		if n.Output.DType != "" {
			oneOf(bad, "outputs."+n.Key+".dtype", n.Output.DType, Float32, Float16)
		}
		if n.Output.Layout != "" {
			oneOf(bad, "outputs."+n.Key+".layout", n.Output.Layout, CHW, HWC)
		}
	}
}

func (c *Contract) validateScale(bad complain) {
	s := c.Scale
	oneOf(bad, "scale.rule", s.Rule, Metric, Canonical, FOV, Shift)
	if s.Rule == Canonical && !positive(s.Focal) {
		bad("scale.focal", "%v: canonical needs it, in pixels", s.Focal)
	}
	if s.Rule == Canonical && c.Resize.Rule == CanonicalFocal {
		bad("scale.rule", "canonical beside resize canonical-focal scales twice: take none")
	}
	if s.Rule == Shift && c.Kind != Points {
		bad("scale.rule", "shift is of points, kind is %s", c.Kind)
	}
	if !positive(s.Factor) {
		bad("scale.factor", "%v must be positive", s.Factor)
	}
}

func oneOf[T ~string](bad complain, field string, got T, words ...T) {
	if !slices.Contains(words, got) {
		bad(field, "%q is none of %v", got, words)
	}
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

func elements(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}
