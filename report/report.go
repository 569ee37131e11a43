package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/slam"
)

// Report is what is known of a run when it ends. The fields with a JSON name
// are report.json, documented in docs/results.md; the others feed report.html
// alone.
type Report struct {
	Version string `json:"version"`
	Source  string `json:"source"`
	Kind    string `json:"kind"`  // of the source: tum, kitti, ...
	Depth   string `json:"depth"` // as given: none, sensor, ...
	Seed    uint64 `json:"seed"`
	Status  Status `json:"status"`
	// Doubts say why the trajectory cannot be vouched for; empty where it can. They
	// are among the warnings too.
	Doubts []string `json:"doubts"`

	Frames      int     `json:"frames"`  // read, those skipped included
	Tracked     int     `json:"tracked"` // with a pose when they were read
	Posed       int     `json:"posed"`   // rows of trajectory.tum
	PosedShare  float64 `json:"posed_share"`
	Parts       int     `json:"parts"`   // connected maps; trajectory.tum is the largest
	Dropped     int     `json:"dropped"` // live frames that nobody had time for; not in frames
	Interrupted bool    `json:"interrupted"`

	LostSpans     []Span    `json:"lost_spans"`
	Interpolated  []Span    `json:"interpolated_spans"` // rows of trajectory.kitti that no measurement vouches for
	SkippedFrames []Skipped `json:"skipped_frames"`

	Keyframes int    `json:"keyframes"`
	Landmarks int    `json:"landmarks"`
	Loops     []Loop `json:"loops"`
	// FalseLoops counts loops whose measured pose is more than .3 m (a tenth of the
	// distance, where that is more) or 10 degrees off the truth, once the trajectory
	// has the scale of the truth; null without truth.
	FalseLoops *int `json:"false_loops"`

	Scale        float64       `json:"scale"`         // metres a unit of the depth source; 1 without one
	ScaleStd     *float64      `json:"scale_std"`     // deviation of the logarithm of the map's metres; null where no source tells them
	ScaleSources []ScaleSource `json:"scale_sources"` // by falling trust
	PathM        float64       `json:"path_m"`        // length of the estimated path

	ATESE3M  *float64               `json:"ate_se3_m"`  // RMSE; null without truth, or with truth for too few frames
	ATESim3M *float64               `json:"ate_sim3_m"` // RMSE; null without truth
	RPE1sM   *float64               `json:"rpe_1s_m"`   // RMSE; null without truth
	RPE1sDeg *float64               `json:"rpe_1s_deg"` // RMSE; null without truth
	Accuracy *eval.TrajectoryResult `json:"accuracy"`   // all of it; null without truth

	Timings    []Timing `json:"timings"`
	InputS     float64  `json:"input_s"` // duration of the input by its stamps
	WallS      float64  `json:"wall_s"`
	CPUS       float64  `json:"cpu_s"`
	FPS        float64  `json:"fps"` // frames read by wall time
	PeakMemory int64    `json:"peak_memory_bytes"`
	// DepthWorker tells how a live run's network kept up; null for recorded input.
	DepthWorker any `json:"depth_worker"`

	Mesh     *MeshSize `json:"mesh"` // null without one
	Files    []string  `json:"files"`
	Config   any       `json:"config"`
	Warnings []string  `json:"warnings"`

	Trajectory slam.Trajectory `json:"-"` // trajectory.tum
	Truth      slam.Trajectory `json:"-"`
	KeyTimes   []float64       `json:"-"` // stamps of the keyframes
	ScaleLog   []ScaleSample   `json:"-"`
	Tracks     []TrackSample   `json:"-"`
	Depths     []DepthImage    `json:"-"`
	Images     []Image         `json:"-"` // of the mesh
	Map        *page.Scene     `json:"-"` // nil: no map is shown
	ConfigText string          `json:"-"` // config.yaml
}

// Status is how far a run came.
type Status string

// The states of a run. One that was killed stays Running.
const (
	Running Status = "running"
	Done    Status = "done"
	Stopped Status = "stopped" // by a signal, with what it had
	Failed  Status = "failed"  // the last warning says why
)

// Span is a run of frames, both ends included.
type Span struct {
	FirstFrame int     `json:"first_frame"`
	LastFrame  int     `json:"last_frame"`
	StartS     float64 `json:"start_s"` // stamps
	EndS       float64 `json:"end_s"`
	Cause      string  `json:"cause,omitempty"` // what its first frame lacked
}

// Frames returns how many frames the span holds.
func (s Span) Frames() int { return s.LastFrame - s.FirstFrame + 1 }

// Skipped is a frame that could not be used.
type Skipped struct {
	Frame  int    `json:"frame"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// MeshSize counts a mesh.
type MeshSize struct {
	Vertices  int     `json:"vertices"`
	Triangles int     `json:"triangles"`
	VoxelM    float64 `json:"voxel_m"`
}

// ScaleSample is the state of the scale at a time: the logarithm of metres a
// unit of the depth source, and its standard deviation.
type ScaleSample struct {
	Time     float64
	LogScale float64
	Sigma    float64
}

// ScaleSource is what one source says of the map's metres.
type ScaleSource struct {
	Name     string  `json:"name"`
	LogScale float64 `json:"log_scale"` // logarithm of the true length by this source over the map's: 0 where they agree
	Sigma    float64 `json:"sigma"`     // deviation of it
	N        int     `json:"n"`         // measurements behind it
	Used     bool    `json:"used"`      // in the estimate
	Conflict bool    `json:"conflict"`  // it contradicts what is used
}

// TrackSample is how well a frame was held.
type TrackSample struct {
	Time    float64
	Inliers int
}

// DepthImage is a depth map, with the image it belongs to where there is
// one.
type DepthImage struct {
	Caption string
	Color   slam.RGB
	Gray    slam.Gray // where Color is empty
	Depth   slam.DepthMap
}

// Image is a PNG with its caption.
type Image struct {
	Caption string
	PNG     []byte
}

// WriteStatus writes report.json alone, of a run that has no results yet, or none
// at all.
func (r *Report) WriteStatus(dir string) error {
	r.Complete()
	return atomicfile.Write(filepath.Join(dir, "report.json"), r.WriteJSON)
}

// Write completes the report and writes report.json and report.html into dir.
func (r *Report) Write(dir string) error {
	r.Complete()
	if err := atomicfile.Write(filepath.Join(dir, "report.json"), r.WriteJSON); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, "report.html"), r.writeHTML)
}

// WriteJSON writes report.json.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// Complete fills in what follows from other fields: the posed share, the speed,
// the path's length and the errors against the truth. Lists become empty rather
// than null, and numbers that are not finite, which JSON cannot hold, 0 with a
// warning. Write calls it; it may be called before.
func (r *Report) Complete() {
	if r.Frames > 0 {
		r.PosedShare = float64(r.Posed) / float64(r.Frames)
	}
	if r.WallS > 0 {
		r.FPS = float64(r.Frames) / r.WallS
	}
	r.PathM = r.Trajectory.Length()
	r.finite()
	r.LostSpans, r.Interpolated = listed(r.LostSpans), listed(r.Interpolated)
	r.SkippedFrames, r.Loops = listed(r.SkippedFrames), listed(r.Loops)
	r.Timings, r.Files = listed(r.Timings), listed(r.Files)
	r.ScaleSources = listed(r.ScaleSources)
	if err := r.measure(); err != nil {
		r.warn(err.Error())
	}
	r.judgeLoops()
	r.warnSkipped()
	for _, d := range r.Doubts {
		r.warn(d)
	}
	r.Warnings, r.Doubts = listed(r.Warnings), listed(r.Doubts)
}

// warnSkipped counts the skipped frames by their reasons, or together where those
// are many.
func (r *Report) warnSkipped() {
	const most = 3
	var reasons []Skipped // the first of each
	count := map[string]int{}
	for _, s := range r.SkippedFrames {
		if count[s.Reason]++; count[s.Reason] == 1 {
			reasons = append(reasons, s)
		}
	}
	if len(reasons) > most {
		first := reasons[0]
		r.warn(fmt.Sprintf("%d of %d frames were skipped, first frame %d: %s", len(r.SkippedFrames), r.Frames, first.Frame, first.Reason))
		return
	}
	for _, s := range reasons {
		r.warn(fmt.Sprintf("%d of %d frames were skipped, first frame %d: %s", count[s.Reason], r.Frames, s.Frame, s.Reason))
	}
}

// warn adds a warning that is not there yet.
func (r *Report) warn(text string) {
	if !slices.Contains(r.Warnings, text) {
		r.Warnings = append(r.Warnings, text)
	}
}

func (r *Report) finite() {
	if s := r.ScaleStd; s != nil && (math.IsNaN(*s) || math.IsInf(*s, 0)) {
		r.ScaleStd = nil
	}
	for _, f := range []struct {
		name string
		v    *float64
	}{{"scale", &r.Scale}, {"input_s", &r.InputS}, {"wall_s", &r.WallS}, {"cpu_s", &r.CPUS}, {"fps", &r.FPS}, {"path_m", &r.PathM}} {
		if math.IsNaN(*f.v) || math.IsInf(*f.v, 0) {
			r.warn(fmt.Sprintf("%s was %g and is reported as 0", f.name, *f.v))
			*f.v = 0
		}
	}
}

// listed returns an empty list for a missing one.
func listed[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

// measure compares the trajectory with the truth, where there is one.
func (r *Report) measure() error {
	if len(r.Truth) == 0 || len(r.Trajectory) == 0 {
		return nil
	}
	pairs, err := eval.Associate(r.Truth, r.Trajectory, eval.MaxTimeDiff)
	if err != nil {
		return err
	}
	second := eval.Delta{Unit: eval.Seconds, Value: 1}
	a, err := eval.Trajectory(pairs, len(r.Truth), len(r.Trajectory), eval.TrajectoryOptions{
		Frames: r.Frames, Deltas: []eval.Delta{{Unit: eval.Frames, Value: 1}, second},
	})
	if err != nil {
		return err
	}
	r.Accuracy = a
	for _, w := range a.Warnings {
		r.warn(w)
	}
	if !a.Representative() {
		return nil
	}
	if a.ATESE3 != nil {
		r.ATESE3M = &a.ATESE3.RMSE
	}
	if a.ATESim3 != nil {
		r.ATESim3M = &a.ATESim3.RMSE
	}
	if i := slices.IndexFunc(a.RPE, func(e eval.RPEStats) bool { return e.Delta == second.String() }); i >= 0 {
		r.RPE1sM, r.RPE1sDeg = &a.RPE[i].TransM.RMSE, &a.RPE[i].RotDeg.RMSE
	}
	return nil
}
