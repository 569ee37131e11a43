package eval_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/otherprograms"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

// evoErrors is what testdata/evo_errors.py prints.
type evoErrors map[string]json.RawMessage

func runEvo(t *testing.T, form, truth, estimate string) evoErrors {
	t.Helper()
	cmd := exec.Command(otherprograms.Python(t), filepath.Join("testdata", "evo_errors.py"),
		form, truth, estimate, fmt.Sprint(eval.MaxTimeDiff), fmt.Sprint(evoFrames))
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // evo writes its settings there
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("evo: %v\n%s", err, stderr.String())
	}
	errors := evoErrors{}
	if err := json.Unmarshal(out, &errors); err != nil {
		t.Fatal(err)
	}
	return errors
}

// check compares errors with evo's statistics of that name, to 1e-6.
func (e evoErrors) check(t *testing.T, key string, errors []float64) {
	t.Helper()
	var want eval.Stats
	if err := json.Unmarshal(e[key], &want); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	got := eval.NewStats(errors)
	for _, f := range []struct {
		name      string
		got, want float64
	}{
		{"rmse", got.RMSE, want.RMSE}, {"mean", got.Mean, want.Mean}, {"median", got.Median, want.Median},
		{"std", got.Std, want.Std}, {"min", got.Min, want.Min}, {"max", got.Max, want.Max},
	} {
		if math.Abs(f.got-f.want) > 1e-6 {
			t.Errorf("%s: %s %.9f, evo has %.9f", key, f.name, f.got, f.want)
		}
	}
}

func (e evoErrors) number(t *testing.T, key string) (x float64) {
	t.Helper()
	if err := json.Unmarshal(e[key], &x); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return x
}

// evoFrames is the longer delta that is compared.
const evoFrames = 10

// compareWithEvo checks the number of pairs, the scale and every error under
// every alignment.
func compareWithEvo(t *testing.T, evo evoErrors, pairs []eval.Pair) {
	t.Helper()
	if n := evo.number(t, "pairs"); len(pairs) != int(n) {
		t.Fatalf("%d pairs, evo has %g", len(pairs), n)
	}
	for name, a := range map[string]eval.Alignment{"none": eval.AlignNone, "se3": eval.AlignSE3, "sim3": eval.AlignSim3} {
		m, err := eval.Align(pairs, a)
		if err != nil {
			t.Fatal(err)
		}
		if a == eval.AlignSim3 && math.Abs(m.S-evo.number(t, "scale")) > 1e-6 {
			t.Errorf("scale %.9f, evo has %.9f", m.S, evo.number(t, "scale"))
		}
		aligned := eval.Apply(pairs, m)
		evo.check(t, "ape "+name, eval.ATE(aligned))
		for over, spans := range map[string][]eval.Span{
			"1 consecutive": eval.SpansByFrames(len(pairs), 1, false),
			"n consecutive": eval.SpansByFrames(len(pairs), evoFrames, false),
			"n all":         eval.SpansByFrames(len(pairs), evoFrames, true),
			"1 m all":       eval.SpansByPath(aligned, 1),
		} {
			trans, rot := eval.RPE(aligned, spans)
			key := "rpe " + name + " " + over
			evo.check(t, key+" trans", trans)
			if a != eval.AlignNone {
				continue // no alignment changes the angles
			}
			for i := range rot {
				rot[i] *= 180 / math.Pi
			}
			evo.check(t, key+" angle", rot)
		}
	}
}

// The truth of real sequences, moved, scaled, with noise, other stamps and
// poses missing, gives the same errors as evo has of the same files.
func TestAgreesWithEvoTUM(t *testing.T) {
	t.Parallel()
	otherprograms.Python(t)
	m := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: 1, Y: -.5, Z: 2}), T: geom.Vec3{X: 1, Y: 2, Z: -3}, S: .87}
	for seq, keep := range map[string]float64{"redkitchen": .9, "desk": .25} {
		t.Run(seq, func(t *testing.T) {
			t.Parallel()
			file := realdata.Path(t, "tum", seq, "groundtruth.txt")
			truth, err := export.ReadTUM(file)
			if err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(11, 12))
			var estimate slam.Trajectory
			for _, p := range perturbed(rng, moved(truth, m), .02, .01) {
				p.Time += .006 * (rng.Float64() - .5)
				if rng.Float64() < keep {
					estimate = append(estimate, p)
				}
			}
			path := filepath.Join(t.TempDir(), "estimate.tum")
			if err := export.WriteTUM(path, estimate); err != nil {
				t.Fatal(err)
			}
			if estimate, err = export.ReadTUM(path); err != nil {
				t.Fatal(err)
			}
			compareWithEvo(t, runEvo(t, "tum", file, path), mustPairs(t, truth, estimate))
		})
	}
}

func TestAgreesWithEvoKITTI(t *testing.T) {
	t.Parallel()
	otherprograms.Python(t)
	file := realdata.Path(t, "kitti_poses", "07.txt")
	truth, err := export.ReadKITTI(file)
	if err != nil {
		t.Fatal(err)
	}
	truth = truth[:300] // a turn and a stop, and no long wait for evo
	file = filepath.Join(t.TempDir(), "truth.kitti")
	if err := export.WriteKITTI(file, truth); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "estimate.kitti")
	if err := export.WriteKITTI(path, drifted(rand.New(rand.NewPCG(13, 14)), truth)); err != nil {
		t.Fatal(err)
	}
	estimate, err := export.ReadKITTI(path)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := eval.AssociateRows(truth, estimate)
	if err != nil {
		t.Fatal(err)
	}
	compareWithEvo(t, runEvo(t, "kitti", file, path), pairs)
}
