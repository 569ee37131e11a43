package depth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/kserve"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/slam"
)

// A live robot may go on for a moment with the depth of a frame shortly before,
// while its server is gone.
const (
	staleAge = 2.0 // seconds between the frames
	// staleSigma is the deviation of log depth that such a depth is given: the
	// camera has moved on.
	staleSigma = .3
)

// Remote is the depth of a network on a server. While the server fails, a live
// one answers with the last good depth, if that is of a frame at most 2 s away
// and of the same camera: with a deviation of .3 and "(last good)" in Source.
type Remote struct {
	*Model
	live bool

	mu   sync.Mutex
	last slam.DepthMap
	time float64
}

// RemoteOptions are for kserve+http and its like.
type RemoteOptions struct {
	kserve.Options
	// Live gives up soon and answers with the last good depth; otherwise the
	// client is patient, and what it answers does not depend on timing.
	Live bool
}

// isRemote reports whether a spec is an address of a served model.
func isRemote(spec string) bool { return strings.HasPrefix(spec, "kserve+") }

// openRemote connects to a served model and compares what it declares with the
// contract: the one that the option names, or the built-in one of its name.
func openRemote(spec string, opt Options) (*Remote, error) {
	addr, err := kserve.ParseAddress(spec)
	if err != nil {
		return nil, fmt.Errorf("--depth %w", err)
	}
	name := opt.Contract
	if name == "" {
		name = addr.Model
	}
	c, err := contract.ForModel(addr.Model, name)
	if err != nil {
		return nil, fmt.Errorf("--depth %s: %w; --contract names one", spec, err)
	}
	ro := opt.Remote
	if !ro.Live && ro.Attempts == 0 {
		ro.Attempts = 8 // some 15 s of waiting for a server that restarts
	}
	client, err := kserve.Dial(spec, ro.Options)
	if err != nil {
		return nil, fmt.Errorf("--depth %w", err)
	}
	m, err := client.Metadata(context.Background())
	if err == nil {
		err = differences(c, m)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("--depth %w", err), client.Close())
	}
	model := &Model{net: network.New(c, client), opt: opt, desc: client.String()}
	return &Remote{Model: model, live: ro.Live}, nil
}

// differences compares the names that a server declares with the contract. A
// server that declares none (it may) passes.
func differences(c *contract.Contract, m kserve.Metadata) error {
	var errs []error
	check := func(kind string, want []string, have []kserve.TensorMetadata) {
		names := make([]string, len(have))
		for i, t := range have {
			names[i] = t.Name
		}
		for _, w := range want {
			if len(names) > 0 && !slices.Contains(names, w) {
				errs = append(errs, fmt.Errorf("the served model %s has no %s %q, which contract %s names; it has %q", m.Name, kind, w, c.Name, names))
			}
		}
	}
	check("input", network.InputNames(c), m.Inputs)
	check("output", network.OutputNames(c), m.Outputs)
	return errors.Join(errs...)
}

// Depth asks the server; see Remote for what happens while it fails.
func (r *Remote) Depth(ctx context.Context, f *slam.Frame) (slam.DepthMap, error) {
	d, err := r.Model.Depth(ctx, f)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.last, r.time = d, f.Time
		return d, nil
	}
	if !r.live || ctx.Err() != nil || errors.Is(err, ErrNoDepth) || r.last.Empty() ||
		math.Abs(f.Time-r.time) > staleAge || !sameView(r.last, f) {
		return slam.DepthMap{}, err
	}
	stale := r.last // its pixels are shared and stay as they are
	stale.LogStd, stale.Sigma = nil, staleSigma
	stale.Source += " (last good)"
	return stale, nil
}

// sameView reports whether a depth map is of the camera of f, resized.
func sameView(d slam.DepthMap, f *slam.Frame) bool {
	c := f.Camera.Resized(d.W, d.H)
	return math.Abs(c.Fx/d.Camera.Fx-1) < .01 && math.Abs(c.Cx-d.Camera.Cx) < 1 && math.Abs(c.Cy-d.Camera.Cy) < 1
}

// remoteQuery reads ?timeout=2s&attempts=3&tensors=json&contract=NAME&ca=FILE
// behind an address, so that a spec alone can say it all.
func remoteQuery(spec string, opt Options) (string, Options, error) {
	base, query, ok := strings.Cut(spec, "?")
	if !ok {
		return spec, opt, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", opt, fmt.Errorf("--depth %s: %w", spec, err)
	}
	for key := range values {
		v := values.Get(key)
		switch key {
		case "timeout":
			opt.Remote.Timeout, err = time.ParseDuration(v)
		case "attempts":
			_, err = fmt.Sscanf(v, "%d", &opt.Remote.Attempts)
		case "tensors":
			if opt.Remote.JSON = v == "json"; v != "json" && v != "binary" {
				err = errors.New("json or binary")
			}
		case "contract":
			opt.Contract = v
		case "ca":
			opt.Remote.CAFile = v
		default:
			err = errors.New("there are timeout, attempts, tensors, contract and ca")
		}
		if err != nil {
			return "", opt, fmt.Errorf("--depth %s: %s=%s: %w", spec, key, v, err)
		}
	}
	return base, opt, nil
}
