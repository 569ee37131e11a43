package contract

// The words of a contract. The first of each is what an empty field means,
// except where Validate asks for one.

// DType is the type of a tensor's values.
type DType string

// The types of tensors.
const (
	Float32 DType = "float32"
	Float16 DType = "float16"
	Uint8   DType = "uint8"
	Int64   DType = "int64"
)

// Channels is the order of colours.
type Channels string

// The orders of colours.
const (
	RGB Channels = "RGB"
	BGR Channels = "BGR"
)

// Layout is the order of axes of an output with three channels.
type Layout string

// The layouts.
const (
	CHW Layout = "CHW"
	HWC Layout = "HWC"
)

// Rule is how an image is brought to the input's size.
type Rule string

// The rules of resizing.
const (
	// FitAndPad keeps the ratio of the sides, fits the image into the input
	// and pads the rest.
	FitAndPad Rule = "fit-and-pad"
	// Stretch resizes to the input's size whatever the ratio.
	Stretch Rule = "stretch"
	// ShortestSide brings the shorter side to Size or a little above, and
	// LongestSide the longer one to Size or a little below, both sides rounded
	// to Multiple. The input must be free.
	ShortestSide Rule = "shortest-side"
	LongestSide  Rule = "longest-side"
	// CanonicalFocal resizes by Focal / f, so that every camera has the same
	// focal length (CSTM_image of Metric3D), then pads or cuts to the input.
	CanonicalFocal Rule = "canonical-focal"
)

// Interpolation is the kernel of resizing, as OpenCV defines it.
type Interpolation string

// The interpolations.
const (
	Bilinear Interpolation = "bilinear"
	Bicubic  Interpolation = "bicubic" // a = -.75
	Area     Interpolation = "area"    // mean over the pixel's area; bilinear when enlarging
	Nearest  Interpolation = "nearest"
)

// Pad is where the image lies in a larger input.
type Pad string

// The places.
const (
	Centre Pad = "centre" // half of the rest, rounded down, to the left and above
	Corner Pad = "corner" // at the top left
)

// Kind is what the depth output holds.
type Kind string

// The kinds of output.
const (
	Depth        Kind = "depth"
	InverseDepth Kind = "inverse-depth"
	LogDepth     Kind = "log-depth" // natural logarithm
	Points       Kind = "points"    // x, y, z; z is the depth
)

// ScaleRule is how the output becomes metres.
type ScaleRule string

// The scale rules. f is the focal length in pixels of the resized image.
const (
	// Metric leaves it: it is metres.
	Metric ScaleRule = "none"
	// Canonical multiplies depth by f / Focal (CSTM_label of Metric3D). Depth
	// Anything 3 is this with Focal 300.
	Canonical ScaleRule = "canonical"
	// FOV multiplies depth by f / W, W the width of the resized image: the
	// output is of a camera whose focal length is its width (Depth Pro).
	FOV ScaleRule = "fov"
	// Shift finds the shift along the axis that makes the points agree with
	// the camera, adds it, and multiplies by the output metric_scale (MoGe-2).
	Shift ScaleRule = "shift"
)

// ExtraKind is what an extra input holds.
type ExtraKind string

// The kinds of extra inputs.
const (
	Constant   ExtraKind = "constant"   // Values in Shape
	Intrinsics ExtraKind = "intrinsics" // 1x3x3, of the network's input
	Rays       ExtraKind = "rays"       // 1x3xHxW, unit vectors of the network's pixels
)
