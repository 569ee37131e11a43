package onnx

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/internal/libc"
)

// Model is a network: a file, or its content.
type Model struct {
	Path string
	Data []byte
}

func (m Model) name() string {
	if m.Path != "" {
		return m.Path
	}
	return "the network inside the program"
}

// Options sets how a network is run; the zero value runs on the CPU.
type Options struct {
	Library string // path of the library, see FindLibrary
	// Provider is the execution provider, or several in order of preference
	// with commas between; empty is cpu. See Providers.
	Provider string
	// Threads is the number of threads of one run; 0 takes all cores but one,
	// which is left to the tracker.
	Threads int
	// Optimize is the graph optimisation: all (the default), extended, basic or
	// none.
	Optimize string
	// Warn is told when a provider cannot be had and the next one is taken.
	Warn func(format string, args ...any)
}

// Session is a network ready to run; one Run at a time.
type Session struct {
	model    string
	provider string
	desc     Description
	s        *ort.DynamicAdvancedSession
	opts     *ort.RunOptions

	names    []string // of inputs, in the order of the session
	outNames []string
	in       []boundTensor
	values   []ort.Value // of in
	out      []ort.Value
	outView  []network.Tensor
}

// Open loads a network; names of inputs and outputs are those that Run will be
// given.
func Open(m Model, inputs, outputs []string, opt Options) (*Session, error) {
	if opt.Warn == nil {
		opt.Warn = func(string, ...any) {}
	}
	if _, err := Init(opt.Library); err != nil {
		return nil, err
	}
	desc, err := Describe(m, opt.Library)
	if err != nil {
		return nil, err
	}
	if err := desc.has(inputs, outputs); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	s := &Session{model: m.name(), desc: desc, names: inputs, outNames: outputs}
	if s.s, s.provider, err = createSession(m, inputs, outputs, opt); err != nil {
		return nil, err
	}
	if s.opts, err = ort.NewRunOptions(); err != nil {
		s.s.Destroy()
		return nil, fmt.Errorf("%s: %w", m.name(), oneLine(err))
	}
	return s, nil
}

// sessionOptions translates the options; the caller destroys them.
func sessionOptions(opt Options) (*ort.SessionOptions, error) {
	so, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	threads := opt.Threads
	if threads <= 0 {
		threads = max(1, runtime.NumCPU()-1)
	}
	level, ok := map[string]ort.GraphOptimizationLevel{
		"": ort.GraphOptimizationLevelEnableAll, "all": ort.GraphOptimizationLevelEnableAll,
		"extended": ort.GraphOptimizationLevelEnableExtended, "basic": ort.GraphOptimizationLevelEnableBasic,
		"none": ort.GraphOptimizationLevelDisableAll,
	}[opt.Optimize]
	if !ok {
		so.Destroy()
		return nil, fmt.Errorf("graph optimisation %q: there are all, extended, basic and none", opt.Optimize)
	}
	err = errors.Join(
		so.SetIntraOpNumThreads(threads),
		so.SetInterOpNumThreads(1),
		so.SetGraphOptimizationLevel(level),
		// Threads that wait spin by default and would take a core from the tracker.
		so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		so.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
	)
	if err != nil {
		so.Destroy()
		return nil, err
	}
	return so, nil
}

// createSession tries the providers in order.
func createSession(m Model, inputs, outputs []string, opt Options) (*ort.DynamicAdvancedSession, string, error) {
	providers, err := parseProviders(opt.Provider)
	if err != nil {
		return nil, "", err
	}
	var errs []error
	for i, p := range providers {
		s, err := createWith(m, inputs, outputs, p, opt)
		if err == nil {
			return s, p, nil
		}
		errs = append(errs, err)
		if i+1 < len(providers) {
			opt.Warn("%v; %s is tried instead", err, providers[i+1])
		}
	}
	return nil, "", errors.Join(errs...)
}

func createWith(m Model, inputs, outputs []string, provider string, opt Options) (*ort.DynamicAdvancedSession, error) {
	so, err := sessionOptions(opt)
	if err != nil {
		return nil, err
	}
	defer so.Destroy()
	if err := appendProvider(so, provider); err != nil {
		return nil, err
	}
	var s *ort.DynamicAdvancedSession
	if m.Path != "" {
		s, err = ort.NewDynamicAdvancedSession(m.Path, inputs, outputs, so)
	} else {
		s, err = ort.NewDynamicAdvancedSessionWithONNXData(m.Data, inputs, outputs, so)
	}
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", m.name(), provider, oneLine(err))
	}
	return s, nil
}

// Provider returns the execution provider that the network runs on.
func (s *Session) Provider() string { return s.provider }

// Description returns the inputs and outputs that the file declares.
func (s *Session) Description() Description { return s.desc }

// Run implements network.Runner. When ctx ends the run is stopped.
func (s *Session) Run(ctx context.Context, inputs []network.Tensor, outputs []string) ([]network.Tensor, error) {
	if s.s == nil {
		return nil, fmt.Errorf("%s: is closed", s.model)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !slices.Equal(outputs, s.outNames) {
		return nil, fmt.Errorf("%s: outputs %v are asked for, the session was made for %v", s.model, outputs, s.outNames)
	}
	same, err := s.bind(inputs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.model, err)
	}
	if !same {
		s.freeOutputs()
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	return s.outView, nil
}

// run runs the session into the outputs of the last run, or into new ones where
// there are none or their shapes no longer fit.
func (s *Session) run(ctx context.Context) error {
	if ctx.Done() != nil {
		stopped := make(chan struct{})
		keep := context.AfterFunc(ctx, func() {
			s.opts.Terminate()
			close(stopped)
		})
		defer func() {
			if !keep() {
				<-stopped
				s.opts.UnsetTerminate()
			}
		}()
	}
	fresh := s.out == nil
	if fresh {
		if err := s.newOutputs(); err != nil {
			return fmt.Errorf("%s: %w", s.model, err)
		}
	}
	err := s.s.RunWithOptions(s.values, s.out, s.opts)
	if err != nil {
		s.freeOutputs()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %w", s.model, oneLine(err))
	}
	if fresh {
		return s.view()
	}
	return nil
}

// freeOutputs frees the outputs; those of a failed run may be nil pointers.
func (s *Session) freeOutputs() {
	for _, v := range s.out {
		if v != nil && !reflect.ValueOf(v).IsNil() {
			v.Destroy()
		}
	}
	s.out, s.outView = nil, nil
}

// Close frees the network. It may be called twice.
func (s *Session) Close() error {
	if s.s == nil {
		return nil
	}
	s.freeOutputs()
	for _, b := range s.in {
		if b.value != nil {
			b.value.Destroy()
		}
	}
	err := errors.Join(s.opts.Destroy(), s.s.Destroy())
	s.s, s.in, s.values = nil, nil, nil
	libc.GiveBack()
	return err
}
