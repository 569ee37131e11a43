package network

import (
	"context"
	"fmt"
	"sync"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Network is a runner fed by a contract. It may be used by several goroutines;
// images are computed one after another.
type Network struct {
	c       *contract.Contract
	runner  Runner
	outputs []string

	mu      sync.Mutex
	feeders [2]fed // of images as they are, and of turned ones
	reader  reader
}

// fed is a feeder and the camera that it was made for.
type fed struct {
	cam    geom.Camera
	feeder *feeder
}

// New returns the network of a contract; it owns the runner from then on.
func New(c *contract.Contract, r Runner) *Network {
	n := &Network{c: c, runner: r, outputs: OutputNames(c)}
	n.reader.c = c
	return n
}

// InputNames lists the inputs that a network of the contract is given.
func InputNames(c *contract.Contract) []string {
	names := []string{c.Input.Name}
	for _, e := range c.Extra {
		names = append(names, e.Name)
	}
	return names
}

// OutputNames lists the outputs that it is asked for.
func OutputNames(c *contract.Contract) []string {
	var names []string
	for _, o := range c.Outputs.Named() {
		if o.Key != "normal" {
			names = append(names, o.Output.Name)
		}
	}
	return names
}

// Contract returns the contract; it must not be changed.
func (n *Network) Contract() *contract.Contract { return n.c }

// Prediction is what a network tells of an image.
type Prediction struct {
	Depth slam.DepthMap
	// FOVRad is the horizontal field of view that the network itself believes
	// in, 0 where it gives none.
	FOVRad float64
	// Rejected counts the pixels of the depth map that are unknown, by reason.
	Rejected Rejected
	// Turned says by how many right angles the image lies turned clockwise,
	// where the network can tell and is sure of it: it was then read upright.
	Turned int

	upright bool // the network is sure that the image is not turned
}

// Rejected counts unknown pixels by reason; the first that holds counts.
type Rejected struct {
	NotFinite, NotPositive, OutOfRange, Masked, OutOfView int
}

// Predict computes the depth of an image: colour, or grey where there is no
// colour. The depth map covers the image with the network's own pixels; see
// Upsample for the image's. An image that lies on its side or stands on its
// head is turned upright and computed again, where the network tells (outputs:
// quarter_turns); the second look must confirm the first, since nearly all
// images are upright. The error says where a network gives tensors that the contract
// does not allow; pixels that cannot be depth are unknown (0).
func (n *Network) Predict(ctx context.Context, color slam.RGB, gray slam.Gray, cam geom.Camera) (Prediction, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	pred, err := n.predict(ctx, &n.feeders[0], color, gray, cam)
	if turned := pred.Turned; err == nil && turned != 0 {
		back := quarters - turned
		upright, again := n.predict(ctx, &n.feeders[1], turnRGB(color, back), turnGray(gray, back), turnCamera(cam, back))
		pred.Turned = 0
		if again == nil && upright.upright && upright.surer(pred) {
			pred, pred.Turned = upright, turned
			pred.Depth = turnDepth(upright.Depth, turned)
			pred.FOVRad = 0 // of the upright image's width
		}
	}
	if err != nil {
		return Prediction{}, fmt.Errorf("network %s: %w", n.c.Name, err)
	}
	pred.Depth.Source = n.c.Name
	return pred, nil
}

func (n *Network) predict(ctx context.Context, f *fed, color slam.RGB, gray slam.Gray, cam geom.Camera) (Prediction, error) {
	if f.feeder == nil || f.cam != cam {
		feeder, err := newFeeder(n.c, cam)
		if err != nil {
			return Prediction{}, err
		}
		f.feeder, f.cam = feeder, cam
	}
	inputs, err := f.feeder.fill(color, gray)
	if err != nil {
		return Prediction{}, err
	}
	outputs, err := n.runner.Run(ctx, inputs, n.outputs)
	if err != nil {
		return Prediction{}, err
	}
	return n.reader.read(outputs, f.feeder.plan)
}

// Close closes the runner.
func (n *Network) Close() error { return n.runner.Close() }
