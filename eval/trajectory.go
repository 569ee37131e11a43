package eval

import (
	"fmt"
	"math"
)

// Delta says over what the relative pose error is taken.
type Delta struct {
	Unit  DeltaUnit
	Value float64 // frames, seconds or metres
	All   bool    // for frames: a span from every pair, not one after the other
}

// DeltaUnit is the unit of a Delta.
type DeltaUnit string

// The units.
const (
	Frames  DeltaUnit = "frames"
	Seconds DeltaUnit = "s"
	Metres  DeltaUnit = "m"
)

// String returns the value and its unit.
func (d Delta) String() string {
	if d.Unit == Frames && d.Value == 1 {
		return "1 frame"
	}
	return fmt.Sprintf("%g %s", d.Value, d.Unit)
}

// spans returns the spans of d, with an error where d itself is wrong.
func (d Delta) spans(pairs []Pair) ([]Span, error) {
	if !(d.Value > 0) || math.IsInf(d.Value, 0) {
		return nil, fmt.Errorf("RPE: a delta of %g %s, want a positive one", d.Value, d.Unit)
	}
	switch d.Unit {
	case Frames:
		if d.Value != math.Trunc(d.Value) {
			return nil, fmt.Errorf("RPE: a delta of %g frames, want a whole number", d.Value)
		}
		return SpansByFrames(len(pairs), int(d.Value), d.All), nil
	case Seconds:
		return SpansByTime(pairs, d.Value), nil
	case Metres:
		return SpansByPath(pairs, d.Value), nil
	}
	return nil, fmt.Errorf("RPE: the unit %q, want frames, s or m", d.Unit)
}

// TrajectoryOptions says what Trajectory measures.
type TrajectoryOptions struct {
	Frames   int       // frames the estimator read; 0: every true pose stands for one
	Rows     bool      // times are row numbers, no seconds (KITTI)
	Deltas   []Delta   // of the relative pose error
	LengthsM []float64 // of KITTI's segments; nil: KITTILengths
}

// TrajectoryResult holds the errors of a trajectory. What the data cannot give
// is nil, and Warnings says why.
type TrajectoryResult struct {
	TruthPoses    int     `json:"truth_poses"`
	EstimatePoses int     `json:"estimate_poses"`
	Pairs         int     `json:"pairs"`
	Frames        int     `json:"frames"`
	Coverage      float64 `json:"coverage"`     // estimated poses over frames, or pairs over true poses
	PairedShare   float64 `json:"paired_share"` // pairs over estimated poses: what the errors stand for
	PathM         float64 `json:"path_m"`       // length of the true path between the first and last pair
	DurationS     float64 `json:"duration_s,omitempty"`

	ATENone Stats      `json:"ate_none"` // metres
	ATESE3  *Stats     `json:"ate_se3"`
	ATESim3 *Stats     `json:"ate_sim3"`
	Scale   float64    `json:"scale"` // truth = scale x estimate; 0 where unknown
	RPE     []RPEStats `json:"rpe"`

	KITTI         *KITTIDrift  `json:"kitti"`
	KITTIByLength []KITTIDrift `json:"kitti_by_length"`
	Warnings      []string     `json:"warnings"`
}

// MinPairedShare is the least share of the estimated poses that must have a true
// one for the errors to stand for the trajectory. Truth at a third of a camera's
// rate is common; of a tenth of a trajectory, an alignment of seven parameters
// makes the error small whatever the rest does.
const MinPairedShare = .25

// Representative reports whether the errors stand for the whole estimate.
func (r *TrajectoryResult) Representative() bool { return r.PairedShare >= MinPairedShare }

// Over says over how much of the estimate the errors are taken: " over 3 of 90
// frames", nothing where it is all of it.
func (r *TrajectoryResult) Over() string {
	if r.Pairs >= r.EstimatePoses {
		return ""
	}
	return fmt.Sprintf(" over %d of %d frames", r.Pairs, r.EstimatePoses)
}

// RPEStats is the relative pose error over one delta.
type RPEStats struct {
	Delta     string `json:"delta"`
	TransM    Stats  `json:"translation_m"`
	RotDeg    Stats  `json:"rotation_deg"`
	TransSim3 *Stats `json:"translation_sim3_m"` // after Sim3 alignment
}

// Trajectory measures the pairs of a true trajectory of truthPoses and an
// estimate of estimatePoses. Too few poses for a metric are a warning; wrong
// options are an error.
func Trajectory(pairs []Pair, truthPoses, estimatePoses int, opt TrajectoryOptions) (*TrajectoryResult, error) {
	if len(pairs) == 0 {
		return nil, fmt.Errorf("measure trajectory: no pair of poses")
	}
	first, last := pairs[0], pairs[len(pairs)-1]
	r := &TrajectoryResult{
		TruthPoses: truthPoses, EstimatePoses: estimatePoses, Pairs: len(pairs), Frames: opt.Frames,
		PathM:    last.PathM - first.PathM,
		Warnings: []string{},
	}
	if estimatePoses > 0 {
		r.PairedShare = float64(len(pairs)) / float64(estimatePoses)
	}
	if !r.Representative() {
		r.warn(fmt.Errorf("only %d of %d estimated poses (%.1f %%) have a true one, less than %.0f %%: the errors stand for these few alone", r.Pairs, estimatePoses, 100*r.PairedShare, 100*MinPairedShare))
	}
	if w := conventionWarning(pairs); w != "" {
		r.Warnings = append(r.Warnings, w)
	}
	if !opt.Rows {
		r.DurationS = last.Truth.Time - first.Truth.Time
	}
	if r.Frames > 0 {
		r.Coverage = float64(estimatePoses) / float64(r.Frames)
	} else {
		r.Frames = truthPoses
		r.Coverage = float64(len(pairs)) / float64(truthPoses)
	}
	scaled := r.absolute(pairs)
	if w := unitWarning(r.Scale); w != "" {
		r.Warnings = append(r.Warnings, w)
	}
	if err := r.relative(pairs, scaled, opt); err != nil {
		return nil, err
	}
	return r, r.kitti(pairs, opt.LengthsM)
}

// unitWarning says that the scale between truth and estimate is one between units of
// length, to the tenth that an estimate in metres is right to.
func unitWarning(scale float64) string {
	for _, u := range []struct {
		factor float64
		name   string
	}{{1000, "millimetres"}, {100, "centimetres"}, {.01, "centimetres"}, {.001, "millimetres"}} {
		if math.Abs(scale/u.factor-1) > .1 {
			continue
		}
		if u.factor > 1 {
			return fmt.Sprintf("lengths of the truth are %.4g times the estimate's: it seems to be in %s, and errors are then in these", scale, u.name)
		}
		return fmt.Sprintf("lengths of the estimate are %.4g times the truth's: one of the two seems to be in %s", 1/scale, u.name)
	}
	return ""
}

func (r *TrajectoryResult) warn(err error) { r.Warnings = append(r.Warnings, err.Error()) }

// absolute fills in the absolute errors and returns the pairs aligned by Sim3,
// nil where that fails.
func (r *TrajectoryResult) absolute(pairs []Pair) (scaled []Pair) {
	r.ATENone = NewStats(ATE(pairs))
	if t, err := Align(pairs, AlignSE3); err != nil {
		r.warn(err)
	} else {
		s := NewStats(ATE(Apply(pairs, t)))
		r.ATESE3 = &s
	}
	t, err := Align(pairs, AlignSim3)
	if err != nil {
		r.warn(err)
		return nil
	}
	scaled = Apply(pairs, t)
	s := NewStats(ATE(scaled))
	r.ATESim3, r.Scale = &s, t.S
	return scaled
}

// relative fills in the relative errors of the estimate as it is, and of the
// scaled one where there is one.
func (r *TrajectoryResult) relative(pairs, scaled []Pair, opt TrajectoryOptions) error {
	r.RPE = []RPEStats{}
	for _, d := range opt.Deltas {
		if opt.Rows && d.Unit == Seconds {
			return fmt.Errorf("RPE: a delta of %v, but the trajectory has no times; give one in frames or metres", d)
		}
		spans, err := d.spans(pairs)
		if err != nil {
			return err
		}
		if len(spans) == 0 {
			r.warn(fmt.Errorf("RPE: no two poses are %v apart", d))
			continue
		}
		trans, rot := RPE(pairs, spans)
		for i := range rot {
			rot[i] *= 180 / math.Pi
		}
		s := RPEStats{Delta: d.String(), TransM: NewStats(trans), RotDeg: NewStats(rot)}
		if scaled != nil {
			spans, _ := d.spans(scaled) // metres are another number of frames there
			trans, _ := RPE(scaled, spans)
			stats := NewStats(trans)
			s.TransSim3 = &stats
		}
		r.RPE = append(r.RPE, s)
	}
	return nil
}

// kitti fills in the drift. Of KITTI's own lengths a short path may hold none,
// which is no fault; lengths that the caller chose must hold one.
func (r *TrajectoryResult) kitti(pairs []Pair, lengthsM []float64) error {
	lengths := lengthsM
	if lengths == nil {
		lengths = KITTILengths()
	}
	all, by, err := KITTI(pairs, lengths)
	if err != nil && lengthsM != nil {
		return err
	}
	if err == nil {
		r.KITTI, r.KITTIByLength = &all, by
	}
	return nil
}
