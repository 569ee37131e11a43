package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/subprocess"
	"github.com/metricslam/metricslam/report"
)

// Outcome is what came out of one run.
type Outcome struct {
	Run
	ExitStatus int                `json:"exit_status"`
	Failure    string             `json:"failure,omitempty"` // what it said; empty where it did well
	Figures    map[string]float64 `json:"figures"`           // by Figure.Key; those that are not known are missing
}

// Figure is a column of the table.
type Figure struct {
	Key, Title, Unit string
	Format           string
	// Better says which way is better: -1 less, 1 more, 0 neither.
	Better int
	// Slack is a difference that is no news, in the figure's unit.
	Slack float64
}

// Figures are all columns, in the order of the table.
func Figures() []Figure {
	return []Figure{
		{"posed_share", "posed", "%", "%.1f", 1, .005},
		{"ate_se3_m", "ATE SE3", "m", "%.3f", -1, .002},
		{"ate_sim3_m", "ATE Sim3", "m", "%.3f", -1, .001},
		{"rpe_1s_m", "RPE 1 s", "m", "%.3f", -1, .002},
		{"log_scale", "scale error", "%", "%+.1f", 0, .005},
		{"scale_deviations", "in deviations", "", "%+.2f", 0, .1},
		{"loops", "loops", "", "%.0f", 0, 0},
		{"false_loops", "false", "", "%.0f", -1, 0},
		{"t_rel_percent", "t_rel", "%", "%.2f", -1, .05},
		{"r_rel_deg_per_100m", "r_rel", "deg/100 m", "%.2f", -1, .05},
		{"mesh_f_score", "mesh F", "", "%.3f", 1, .005},
		{"mesh_chamfer_m", "Chamfer", "m", "%.3f", -1, .002},
		{"mesh_triangles", "triangles", "k", "%.0f", 0, 0},
		{"keyframes", "keyframes", "", "%.0f", 0, 0},
		{"speed", "speed", "x", "%.2f", 0, 0},
		{"cpu_s", "processor", "s", "%.1f", 0, 0},
		{"memory_mb", "memory", "MB", "%.0f", -1, 20},
	}
}

// shown is a value in the unit of its column.
func (f Figure) shown(v float64) float64 {
	switch {
	case f.Unit == "%" && (f.Key == "posed_share" || f.Key == "log_scale"):
		return 100 * v
	case f.Unit == "k":
		return v / 1000
	}
	return v
}

// measure reads the report of a run that took so much, and judges its drift and mesh.
func (o *Outcome) measure(ctx context.Context, r Runner, row Row, truths *truthMeshes, took subprocess.Usage) error {
	text, err := os.ReadFile(filepath.Join(o.Dir, "report.json"))
	if err != nil {
		return fmt.Errorf("it left no report: %w", err)
	}
	var rep report.Report
	if err := json.Unmarshal(text, &rep); err != nil {
		return fmt.Errorf("report.json: %w", err)
	}
	o.Figures = fromReport(&rep)
	o.Figures["cpu_s"], o.Figures["memory_mb"] = took.CPUS, took.MemoryMB
	if took.WallS > 0 {
		o.Figures["speed"] = rep.InputS / took.WallS
	}
	if row.DriftTruth != "" {
		if err := o.drift(row); err != nil {
			return err
		}
	}
	if row.Mesh {
		return o.mesh(ctx, r, row, truths)
	}
	return nil
}

// fromReport takes the figures that report.json holds.
func fromReport(rep *report.Report) map[string]float64 {
	f := map[string]float64{
		"posed_share": rep.PosedShare, "loops": float64(len(rep.Loops)), "keyframes": float64(rep.Keyframes),
	}
	set := func(key string, v *float64) {
		if v != nil {
			f[key] = *v
		}
	}
	set("ate_se3_m", rep.ATESE3M)
	set("ate_sim3_m", rep.ATESim3M)
	set("rpe_1s_m", rep.RPE1sM)
	if rep.FalseLoops != nil {
		f["false_loops"] = float64(*rep.FalseLoops)
	}
	if rep.Mesh != nil {
		f["mesh_triangles"] = float64(rep.Mesh.Triangles)
	}
	// Truth = scale x estimate: a map that is too large has a negative error of
	// the truth; the column shows that of the map.
	if a := rep.Accuracy; a != nil && a.Scale > 0 && rep.ScaleStd != nil {
		f["log_scale"] = -math.Log(a.Scale)
		if *rep.ScaleStd > 0 {
			f["scale_deviations"] = f["log_scale"] / *rep.ScaleStd
		}
	}
	return f
}

// drift measures KITTI's t_rel and r_rel.
func (o *Outcome) drift(row Row) error {
	truth, err := export.ReadKITTI(row.DriftTruth)
	if err != nil {
		return err
	}
	estimate, err := export.ReadKITTI(filepath.Join(o.Dir, "trajectory.kitti"))
	if err != nil {
		return err
	}
	n := min(len(truth), len(estimate))
	pairs, err := eval.AssociateRows(truth[:n], estimate[:n])
	if err != nil {
		return err
	}
	all, _, err := eval.KITTI(pairs, row.DriftLengthsM)
	if err != nil {
		return err
	}
	o.Figures["t_rel_percent"], o.Figures["r_rel_deg_per_100m"] = all.TRel, all.RRel
	return nil
}

// mesh judges the mesh against the true one.
func (o *Outcome) mesh(ctx context.Context, r Runner, row Row, truths *truthMeshes) error {
	truth, err := truths.of(ctx, row.MeshSource, o.Args)
	if err != nil {
		return err
	}
	ended := subprocess.Run(ctx, r.Binary, "eval", "mesh", "--align", "icp", "--json", "--truth", truth, "--estimate", filepath.Join(o.Dir, "mesh.ply"),
		"--truth-poses", filepath.Join(filepath.Dir(truth), "trajectory.tum"), "--poses", filepath.Join(o.Dir, "trajectory.tum"))
	if ended.Failure != "" {
		return fmt.Errorf("mesh: %s", ended.Failure)
	}
	var m eval.MeshResult
	if err := json.Unmarshal(ended.Output, &m); err != nil {
		return fmt.Errorf("mesh: %w", err)
	}
	o.Figures["mesh_f_score"], o.Figures["mesh_chamfer_m"] = m.FScore, m.ChamferM
	return nil
}
