package depth

// Options holds what the sources need beyond their spec; the zero value is
// usable.
type Options struct {
	// DepthScale is the number of units per metre of a depth folder's images;
	// 0 takes 1000 (millimetres) for integers and 1 (metres) for floats.
	DepthScale float64

	// Contract names the contract of a model, built-in or a file; empty finds
	// it by the model's name.
	Contract string
	// ONNXRuntime is the library or its folder; empty searches.
	ONNXRuntime string
	// Provider is the execution provider, or several in order of preference;
	// empty is cpu.
	Provider string
	// Threads of a run; 0 takes all cores but one, which is the tracker's.
	Threads int
	// Optimize is the graph optimisation: all, extended, basic or none; empty is
	// all.
	Optimize string
	// MaxRangeM makes a network's depth beyond it unknown; 0 for the contract's
	// range alone.
	MaxRangeM float64
	// DropEdges makes a network's depth unknown along depth edges.
	DropEdges bool

	// Remote is for networks on a server.
	Remote RemoteOptions

	// Warn is told what the user should know but need not act on; nil discards.
	Warn func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	if o.Warn == nil {
		o.Warn = func(string, ...any) {}
	}
	return o
}
