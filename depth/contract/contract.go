// Package contract describes how a metric depth network is fed and read: a
// model is an ONNX file and a contract. The program carries those of the known
// networks; a user adds NAME.yaml beside NAME.onnx.
//
// Docs of every field, with examples: docs/depth.md.
package contract

// Contract is all that must be known of a network to get metres from an image.
type Contract struct {
	Name    string   `yaml:"name"`
	About   string   `yaml:"about,omitempty"`   // one sentence: what it is and where it is from
	Licence string   `yaml:"licence,omitempty"` // of the weights
	Files   []string `yaml:"files,omitempty"`   // file names that tell the network, besides NAME.onnx
	URL     string   `yaml:"url,omitempty"`     // where models pull gets the file
	SHA256  string   `yaml:"sha256,omitempty"`  // of that file

	Input   Input   `yaml:"input"`
	Extra   []Extra `yaml:"extra_inputs,omitempty"`
	Resize  Resize  `yaml:"resize"`
	Outputs Outputs `yaml:"outputs"`
	Kind    Kind    `yaml:"kind"`
	Scale   Scale   `yaml:"scale"`

	// ClampM holds the depth within two bounds [m]; zero for no bound.
	ClampM [2]float64 `yaml:"clamp_m,omitempty,flow"`
	// RangeM makes what lies outside it unknown [m]; zero for no bound.
	RangeM [2]float64 `yaml:"range_m,omitempty,flow"`
	// Sigma is the deviation of log depth where the network gives none, ScaleSigma
	// that of the log-scale all pixels of an image share, and PlaceSigma that of
	// the log-scale all images of one place by one camera share beside it: how
	// far the network is off, on average, in a place that it does not know.
	Sigma      float64 `yaml:"sigma,omitempty"`
	ScaleSigma float64 `yaml:"scale_sigma,omitempty"`
	PlaceSigma float64 `yaml:"place_sigma,omitempty"`
}

// Input is the tensor that takes the image: v = (low + (high-low) pixel/255 -
// mean) / std per channel.
type Input struct {
	Name     string     `yaml:"name"`
	Shape    []int64    `yaml:"shape,flow"` // 1, 3, height, width; -1 where free
	DType    DType      `yaml:"dtype,omitempty"`
	Channels Channels   `yaml:"channels,omitempty"`
	Range    [2]float64 `yaml:"range,omitempty,flow"` // [low, high] of a pixel value of 0 and 255
	Mean     [3]float64 `yaml:"mean,omitempty,flow"`  // in the unit of Range, in the order of Channels
	Std      [3]float64 `yaml:"std,omitempty,flow"`
}

// Extra is an input besides the image: a constant, or the camera.
type Extra struct {
	Name   string    `yaml:"name"`
	Kind   ExtraKind `yaml:"kind"`
	DType  DType     `yaml:"dtype,omitempty"`
	Shape  []int64   `yaml:"shape,omitempty,flow"` // of a constant
	Values []float64 `yaml:"values,omitempty,flow"`
}

// Resize says how an image is brought to the input's size.
type Resize struct {
	Rule          Rule          `yaml:"rule"`
	Interpolation Interpolation `yaml:"interpolation,omitempty"`
	// Size is the shorter or longer side of those rules, in pixels.
	Size int `yaml:"size,omitempty"`
	// Box is height and width where the input's own are free.
	Box [2]int `yaml:"box,omitempty,flow"`
	// TurnBox exchanges the two for images that are higher than wide.
	TurnBox bool `yaml:"turn_box,omitempty"`
	// Multiple is what both sides of a free input must be a multiple of.
	Multiple int `yaml:"multiple,omitempty"`
	// Focal is the focal length of the rule canonical-focal, in pixels.
	Focal    float64    `yaml:"focal,omitempty"`
	Pad      Pad        `yaml:"pad,omitempty"`
	PadValue [3]float64 `yaml:"pad_value,omitempty,flow"` // pixel values 0-255, in the order of Channels
}

// Outputs names the tensors that the network gives. One of Depth and Points is
// there; the rest is optional.
type Outputs struct {
	Depth       Output  `yaml:"depth,omitempty"`
	Points      Output  `yaml:"points,omitempty"`       // x, y, z in camera coordinates
	LogVariance Output  `yaml:"log_variance,omitempty"` // natural log of the variance of log depth
	Confidence  Masking `yaml:"confidence,omitempty"`
	Mask        Masking `yaml:"mask,omitempty"`         // where depth is defined
	Sky         Masking `yaml:"sky,omitempty"`          // where it is not
	Normal      Output  `yaml:"normal,omitempty"`       // checked, not used
	FOV         Output  `yaml:"fov,omitempty"`          // horizontal field of view, degrees
	Intrinsics  Output  `yaml:"intrinsics,omitempty"`   // 3x3, of the network's input
	MetricScale Output  `yaml:"metric_scale,omitempty"` // factor to metres
	// QuarterTurns are four logits: that the image was turned clockwise by 0,
	// 1, 2 or 3 right angles.
	QuarterTurns Output `yaml:"quarter_turns,omitempty"`
}

// Output is a tensor of the network.
type Output struct {
	Name   string  `yaml:"name"`
	Shape  []int64 `yaml:"shape,omitempty,flow"`
	DType  DType   `yaml:"dtype,omitempty"`
	Layout Layout  `yaml:"layout,omitempty"` // of three-channel outputs
}

// Masking is an output that makes pixels unknown: those below Min, and those
// above Max where that is not zero.
type Masking struct {
	Output `yaml:",inline"`
	Min    float64 `yaml:"min,omitempty"`
	Max    float64 `yaml:"max,omitempty"`
}

// Scale says how the output becomes metres.
type Scale struct {
	Rule ScaleRule `yaml:"rule"`
	// Focal is the canonical focal length in pixels.
	Focal float64 `yaml:"focal,omitempty"`
	// Factor multiplies the result; 0 means 1.
	Factor float64 `yaml:"factor,omitempty"`
}

// Height returns the input's height, 0 where free; Width likewise.
func (in Input) Height() int { return fixed(in.Shape[2]) }

// Width returns the input's width, 0 where free.
func (in Input) Width() int { return fixed(in.Shape[3]) }

func fixed(d int64) int { return int(max(d, 0)) }

// Named lists the outputs that the contract names, with the key of each.
func (o Outputs) Named() []NamedOutput {
	all := []NamedOutput{
		{"depth", o.Depth}, {"points", o.Points}, {"log_variance", o.LogVariance},
		{"confidence", o.Confidence.Output}, {"mask", o.Mask.Output}, {"sky", o.Sky.Output},
		{"normal", o.Normal}, {"fov", o.FOV}, {"intrinsics", o.Intrinsics}, {"metric_scale", o.MetricScale},
		{"quarter_turns", o.QuarterTurns},
	}
	var named []NamedOutput
	for _, n := range all {
		if n.Output.Name != "" {
			named = append(named, n)
		}
	}
	return named
}

// NamedOutput is an output and its key in the contract.
type NamedOutput struct {
	Key    string
	Output Output
}
