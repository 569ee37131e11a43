package depth

import (
	"context"
	"errors"
	"fmt"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/filter"
	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Model is the depth of a network, in this process or on a server.
type Model struct {
	net  *network.Network
	opt  Options
	desc string // where it runs, for people
}

// OpenModel loads a network file with its contract.
func OpenModel(path string, opt Options) (*Model, error) {
	opt = opt.withDefaults()
	c, err := contract.ForModel(path, opt.Contract)
	if err != nil {
		return nil, err
	}
	return openONNX(onnx.Model{Path: path}, c, opt)
}

// ErrNothingShips says that this program carries no network.
var ErrNothingShips = errors.New("no depth network ships with this program; name one with --model or --depth FILE.onnx (metricslam models list names known ones)")

// OpenShipped loads the network inside the program; ErrNothingShips where there
// is none.
func OpenShipped(opt Options) (*Model, error) {
	shipped, ok := models.Shipped()
	if !ok {
		return nil, ErrNothingShips
	}
	c, err := contract.Parse(shipped.Contract, shipped.Name+".yaml (inside the program)")
	if err != nil {
		return nil, err
	}
	return openONNX(onnx.Model{Data: shipped.ONNX}, c, opt.withDefaults())
}

func openONNX(m onnx.Model, c *contract.Contract, opt Options) (*Model, error) {
	s, err := onnx.Open(m, network.InputNames(c), network.OutputNames(c), onnx.Options{
		Library: opt.ONNXRuntime, Provider: opt.Provider, Threads: opt.Threads, Optimize: opt.Optimize, Warn: opt.Warn,
	})
	if err != nil {
		return nil, err
	}
	model := &Model{net: network.New(c, s), opt: opt, desc: "ONNX Runtime " + onnx.Version() + ", " + s.Provider()}
	if err := model.warm(c); err != nil {
		return nil, errors.Join(err, model.Close())
	}
	return model, nil
}

// warm runs a network once on a grey image, since the first run of a session is
// some three times slower; one whose size follows the image warms on the first
// frame.
func (m *Model) warm(c *contract.Contract) error {
	w, h := c.Input.Width(), c.Input.Height()
	if w == 0 && h == 0 {
		w, h = c.Resize.Box[1], c.Resize.Box[0]
	}
	if w == 0 || h == 0 {
		return nil
	}
	gray := slam.NewGray(w, h)
	for i := range gray.Pix {
		gray.Pix[i] = uint8(i)
	}
	cam := geom.Camera{W: w, H: h, Fx: float64(w), Fy: float64(w), Cx: float64(w-1) / 2, Cy: float64(h-1) / 2}
	if c.Resize.Rule == contract.CanonicalFocal {
		cam.Fx, cam.Fy = c.Resize.Focal, c.Resize.Focal
	}
	_, err := m.net.Predict(context.Background(), slam.RGB{}, gray, cam)
	if errors.Is(err, network.ErrUnusable) {
		return nil // an image of nothing may have no depth
	}
	return err
}

// Name returns the name of the contract.
func (m *Model) Name() string { return m.net.Contract().Name }

// Where says what runs the network, for people.
func (m *Model) Where() string { return m.desc }

// Contract returns how the network is fed; it must not be changed.
func (m *Model) Contract() *contract.Contract { return m.net.Contract() }

// Depth computes the depth of f with the network's own pixels. A network that
// gives no usable pixel has no depth for the frame (ErrNoDepth, with the reason).
func (m *Model) Depth(ctx context.Context, f *slam.Frame) (slam.DepthMap, error) {
	p, err := m.Predict(ctx, f)
	return p.Depth, err
}

// Predict is Depth with all that the network tells.
func (m *Model) Predict(ctx context.Context, f *slam.Frame) (network.Prediction, error) {
	p, err := m.net.Predict(ctx, f.Color, f.Gray, f.Camera)
	if errors.Is(err, network.ErrUnusable) {
		return p, fmt.Errorf("frame %d (%s): %w: %w", f.Index, f.Name, ErrNoDepth, err)
	}
	if err != nil {
		return p, fmt.Errorf("frame %d (%s): %w", f.Index, f.Name, err)
	}
	if m.opt.MaxRangeM > 0 {
		p.Depth = filter.Cap(p.Depth, m.opt.MaxRangeM)
	}
	if m.opt.DropEdges {
		p.Depth = filter.DropEdges(p.Depth, filter.EdgeRadius, filter.EdgeSpread)
	}
	return p, nil
}

// Close frees the network.
func (m *Model) Close() error { return m.net.Close() }
