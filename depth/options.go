package depth

// Options holds what the sources beyond their spec need; the zero value is
// usable.
type Options struct {
	// DepthScale is the number of units per metre of a depth folder's pictures;
	// 0 takes 1000 (millimetres) for integers and 1 (metres) for floats.
	DepthScale float64
	// Warn is told what the user should know but need not act on; nil discards.
	Warn func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	if o.Warn == nil {
		o.Warn = func(string, ...any) {}
	}
	return o
}
