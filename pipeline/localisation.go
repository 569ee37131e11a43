package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// Localisation is what came of localising a source in a map; its fields with a
// JSON name are report.json, documented in docs/map.md.
type Localisation struct {
	Version string `json:"version"`
	Map     string `json:"map"`
	Source  string `json:"source"`
	Kind    string `json:"kind"` // of the source

	Frames         int              `json:"frames"`    // read
	Localised      int              `json:"localised"` // with a pose; rows of all trajectories
	LocalisedShare float64          `json:"localised_share"`
	Recognised     int              `json:"recognised"` // frames that were found by their place alone
	LostSpans      []report.Span    `json:"lost_spans"` // frames without a pose
	SkippedFrames  []report.Skipped `json:"skipped_frames"`
	Interrupted    bool             `json:"interrupted"`
	PathM          float64          `json:"path_m"` // of trajectory.tum

	ATESE3M  *float64               `json:"ate_se3_m"`  // RMSE of trajectory.tum; null without truth
	ATESim3M *float64               `json:"ate_sim3_m"` // RMSE; null without truth
	Accuracy *eval.TrajectoryResult `json:"accuracy"`   // all of it; null without truth

	Timings    []report.Timing `json:"timings"`
	WallS      float64         `json:"wall_s"`
	CPUS       float64         `json:"cpu_s"`
	FPS        float64         `json:"fps"` // frames read by wall time
	PeakMemory int64           `json:"peak_memory_bytes"`
	Files      []string        `json:"files"`
	Config     any             `json:"config"`
	Warnings   []string        `json:"warnings"`
	Doubts     []string        `json:"doubts"` // why the poses cannot be vouched for; they are warnings, too

	stages report.Stages
	rows   []localised
}

// localised is what is known of a frame.
type localised struct {
	frame   int
	time    float64
	pose    geom.SE3 // T_wc, where ok
	ok      bool
	part    int
	inliers int
	rmsPx   float64 // of the landmarks; 0 for a frame that was found by its place alone
}

func newLocalisation(job LocaliseJob) *Localisation {
	info := job.Source.Info()
	return &Localisation{
		Source: info.Name, Kind: info.Kind, Config: job.Config,
		LostSpans: []report.Span{}, SkippedFrames: []report.Skipped{}, Doubts: []string{},
	}
}

func (l *Localisation) add(row localised) {
	l.Frames++
	l.rows = append(l.rows, row)
	if row.ok {
		l.Localised++
		return
	}
	if n := len(l.LostSpans); n > 0 && len(l.rows) > 1 && !l.rows[len(l.rows)-2].ok {
		l.LostSpans[n-1].LastFrame, l.LostSpans[n-1].EndS = row.frame, row.time
		return
	}
	l.LostSpans = append(l.LostSpans, report.Span{FirstFrame: row.frame, LastFrame: row.frame, StartS: row.time, EndS: row.time})
}

// Trajectories returns the localised frames by the part of the map they lie in,
// the most frames first.
func (l *Localisation) Trajectories() []slam.Trajectory {
	byPart := make(map[int]slam.Trajectory)
	var parts []int
	for _, r := range l.rows {
		if !r.ok {
			continue
		}
		if _, ok := byPart[r.part]; !ok {
			parts = append(parts, r.part)
		}
		byPart[r.part] = append(byPart[r.part], slam.StampedPose{Time: r.time, Pose: r.pose})
	}
	slices.SortStableFunc(parts, func(a, b int) int { return cmp.Compare(len(byPart[b]), len(byPart[a])) })
	out := make([]slam.Trajectory, len(parts))
	for i, p := range parts {
		out[i] = byPart[p]
	}
	return out
}

// complete fills in what follows from the frames, and the errors against the
// truth, where there is one.
func (l *Localisation) complete(truth slam.Trajectory) {
	l.LocalisedShare = float64(l.Localised) / float64(l.Frames)
	if l.WallS > 0 {
		l.FPS = float64(l.Frames) / l.WallS
	}
	l.Timings = l.stages.Timings()
	if n := len(l.SkippedFrames); n > 0 {
		first := l.SkippedFrames[0]
		l.Warnings = append(l.Warnings, fmt.Sprintf("%d frames were skipped, first frame %d: %s", n, first.Frame, first.Reason))
	}
	all := l.Trajectories()
	if len(all) == 0 {
		return
	}
	l.PathM = all[0].Length()
	if len(truth) == 0 {
		return
	}
	if err := l.measure(truth, all[0]); err != nil {
		l.Warnings = append(l.Warnings, err.Error())
	}
}

func (l *Localisation) measure(truth, estimate slam.Trajectory) error {
	pairs, err := eval.Associate(truth, estimate, eval.MaxTimeDiff)
	if err != nil {
		return err
	}
	r, err := eval.Trajectory(pairs, len(truth), len(estimate), eval.TrajectoryOptions{
		Frames: l.Frames, Deltas: []eval.Delta{{Unit: eval.Frames, Value: 1}},
	})
	if err != nil {
		return err
	}
	l.Accuracy = r
	l.Warnings = append(l.Warnings, r.Warnings...)
	if !r.Representative() {
		return nil
	}
	if r.ATESE3 != nil {
		l.ATESE3M = &r.ATESE3.RMSE
	}
	if r.ATESim3 != nil {
		l.ATESim3M = &r.ATESim3.RMSE
	}
	return nil
}

// Write leaves trajectory.tum (trajectory.N.tum for further parts of the map),
// frames.csv and report.json in a folder.
func (l *Localisation) Write(dir string) error {
	all := l.Trajectories()
	if len(all) == 0 {
		all = []slam.Trajectory{nil} // an empty file says that nothing was localised
	}
	l.Files = nil
	for i, t := range all {
		name := "trajectory.tum"
		if i > 0 {
			name = fmt.Sprintf("trajectory.%d.tum", i)
		}
		if err := export.WriteTUM(filepath.Join(dir, name), t); err != nil {
			return err
		}
		l.Files = append(l.Files, name)
	}
	if err := atomicfile.Write(filepath.Join(dir, "frames.csv"), l.writeFrames); err != nil {
		return err
	}
	l.Files = append(l.Files, "frames.csv", "report.json", "run.log")
	return atomicfile.Write(filepath.Join(dir, "report.json"), l.WriteJSON)
}

func (l *Localisation) writeFrames(w io.Writer) error {
	if _, err := io.WriteString(w, "frame,time,localised,part,inliers,rms_px\n"); err != nil {
		return err
	}
	for _, r := range l.rows {
		ok := 0
		if r.ok {
			ok = 1
		}
		if _, err := fmt.Fprintf(w, "%d,%.6f,%d,%d,%d,%.3f\n", r.frame, r.time, ok, r.part, r.inliers, r.rmsPx); err != nil {
			return err
		}
	}
	return nil
}

// WriteJSON writes report.json.
func (l *Localisation) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(l)
}

// Summary is one line that says how it went.
func (l *Localisation) Summary() string {
	s := fmt.Sprintf("%d of %d frames localised", l.Localised, l.Frames)
	if l.ATESE3M != nil {
		s += fmt.Sprintf(", ATE %.3f m%s", *l.ATESE3M, l.Accuracy.Over())
	} else if l.Accuracy != nil && !l.Accuracy.Representative() {
		s += ", no ATE: truth" + l.Accuracy.Over()
	}
	if len(l.Doubts) > 0 {
		s += ", not to be trusted: " + strings.Join(l.Doubts, "; ")
	}
	return s + fmt.Sprintf(", %.1f ms a frame", 1000*l.WallS/float64(l.Frames))
}
