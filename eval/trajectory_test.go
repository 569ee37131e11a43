package eval_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// randomWalk returns n poses of a camera that wanders, rateHz apart in time.
func randomWalk(rng *rand.Rand, n int, rateHz float64) slam.Trajectory {
	t := make(slam.Trajectory, n)
	pose := geom.IdentitySE3()
	for i := range t {
		t[i] = slam.StampedPose{Time: 100 + float64(i)/rateHz, Pose: pose}
		var xi geom.Tangent6
		for k := range xi {
			xi[k] = .05 * rng.NormFloat64()
		}
		xi[2] += .1
		pose = pose.Retract(xi)
	}
	return t
}

// perturbed returns t with seeded noise on every pose.
func perturbed(rng *rand.Rand, t slam.Trajectory, transM, rotRad float64) slam.Trajectory {
	out := make(slam.Trajectory, len(t))
	for i, p := range t {
		xi := geom.Tangent6{}
		for k := range 3 {
			xi[k], xi[k+3] = transM*rng.NormFloat64(), rotRad*rng.NormFloat64()
		}
		out[i] = slam.StampedPose{Time: p.Time, Pose: p.Pose.Retract(xi)}
	}
	return out
}

// moved returns t seen in another frame and scale: poses mapped by m.
func moved(t slam.Trajectory, m geom.Sim3) slam.Trajectory {
	out := make(slam.Trajectory, len(t))
	for i, p := range t {
		out[i] = slam.StampedPose{Time: p.Time, Pose: m.ApplyPose(p.Pose)}
	}
	return out
}

func mustPairs(t *testing.T, truth, estimate slam.Trajectory) []eval.Pair {
	t.Helper()
	pairs, err := eval.Associate(truth, estimate, eval.MaxTimeDiff)
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

func at(times ...float64) slam.Trajectory {
	t := make(slam.Trajectory, len(times))
	for i, s := range times {
		t[i] = slam.StampedPose{Time: s, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: s}}}
	}
	return t
}

func TestAssociate(t *testing.T) {
	tests := []struct {
		name            string
		truth, estimate slam.Trajectory
		want            [][2]float64 // times of truth and estimate
	}{
		{"same", at(0, 1, 2), at(0, 1, 2), [][2]float64{{0, 0}, {1, 1}, {2, 2}}},
		{"nearest", at(0, .01, .5, .51, 1), at(.008, .506), [][2]float64{{.01, .008}, {.51, .506}}},
		{"beyond the ends", at(0, 1), at(-.01, 1.015), [][2]float64{{0, -.01}, {1, 1.015}}},
		{"too far", at(0, 1, 2), at(.03, .99, 2.5), [][2]float64{{1, .99}}},
		{"estimate denser: truth leads", at(.5), at(.48, .495, .51), [][2]float64{{.5, .495}}},
		{"equally near: the earlier", at(.25, .265625), at(.2578125), [][2]float64{{.25, .2578125}}},
		{"exactly at the limit", at(0, 1), at(.02), [][2]float64{{0, .02}}},
		{"two take the same, as evo has it", at(0, 1, 2), at(.99, 1.01), [][2]float64{{1, .99}, {1, 1.01}}},
		{"one pose each", at(1), at(1), [][2]float64{{1, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pairs := mustPairs(t, tt.truth, tt.estimate)
			if len(pairs) != len(tt.want) {
				t.Fatalf("%d pairs, want %d", len(pairs), len(tt.want))
			}
			for i, p := range pairs {
				if got := [2]float64{p.Truth.Time, p.Estimate.Time}; got != tt.want[i] {
					t.Errorf("pair %d: times %v, want %v", i, got, tt.want[i])
				}
			}
		})
	}
}

func TestAssociateRefuses(t *testing.T) {
	nan := at(0, 1)
	nan[1].Pose.R[2][2] = math.NaN()
	tests := []struct {
		name            string
		truth, estimate slam.Trajectory
		want            string
	}{
		{"empty truth", nil, at(1), "true trajectory is empty"},
		{"empty estimate", at(1), nil, "estimated trajectory is empty"},
		{"no overlap", at(0, 1), at(100, 101), "truth covers 0.000 to 1.000 s, the estimate 100.000 to 101.000 s"},
		{"NaN pose", nan, at(0, 1), "true trajectory has a pose 1 that is not finite"},
		{"NaN time", at(0, 1), at(math.NaN()), "estimated trajectory has a pose 0"},
		{"duplicate", at(0, 1), at(0, 0), "pose 1 whose time"},
		{"unsorted", at(1, 0), at(0, 1), "pose 1 whose time"},
	}
	for _, tt := range tests {
		_, err := eval.Associate(tt.truth, tt.estimate, eval.MaxTimeDiff)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	id := geom.IdentitySE3()
	if _, err := eval.AssociateRows([]geom.SE3{id, id}, []geom.SE3{id}); err == nil {
		t.Error("rows of different number: no error")
	}
}

// A similarity applied to the truth is found and undone exactly.
func TestATEUndoesAlignment(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	truth := randomWalk(rng, 200, 30)
	m := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: .3, Y: -2, Z: 1}), T: geom.Vec3{X: 3, Y: -4, Z: 5}, S: .8}
	pairs := mustPairs(t, truth, moved(truth, m))
	r, err := eval.Trajectory(pairs, len(truth), len(truth), eval.TrajectoryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.ATESim3.Max > 1e-9 || math.Abs(r.Scale-1/.8) > 1e-9 {
		t.Errorf("Sim3: max error %g, scale %g, want 0 and 1.25", r.ATESim3.Max, r.Scale)
	}
	if r.ATESE3.RMSE < .1 || r.ATENone.RMSE < 1 {
		t.Errorf("SE3 %g and no alignment %g must see the change", r.ATESE3.RMSE, r.ATENone.RMSE)
	}
	m.S = 1
	pairs = mustPairs(t, truth, moved(truth, m))
	if r, err = eval.Trajectory(pairs, 400, len(truth), eval.TrajectoryOptions{}); err != nil {
		t.Fatal(err)
	}
	if r.ATESE3.Max > 1e-9 || r.Coverage != .5 {
		t.Errorf("SE3: max error %g, coverage %g, want 0 and .5", r.ATESE3.Max, r.Coverage)
	}
}

// Noise of known deviation gives the expected RMSE: sqrt(3) sigma.
func TestATENoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	truth := randomWalk(rng, 4000, 30)
	pairs := mustPairs(t, truth, perturbed(rng, truth, .01, .01))
	s := eval.NewStats(eval.ATE(pairs))
	if want := .01 * math.Sqrt(3); math.Abs(s.RMSE-want) > .03*want {
		t.Errorf("RMSE %g, want %g within 3 %%", s.RMSE, want)
	}
}

func TestStats(t *testing.T) {
	got := eval.NewStats([]float64{3, 1, 4, 2})
	want := eval.Stats{N: 4, RMSE: math.Sqrt(7.5), Mean: 2.5, Median: 2.5, Std: math.Sqrt(1.25), Min: 1, Max: 4}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := eval.NewStats([]float64{5, 1, 3}).Median; got != 3 {
		t.Errorf("median %g, want 3", got)
	}
	if got := eval.NewStats(nil); got != (eval.Stats{}) {
		t.Errorf("no errors: %v, want zeros", got)
	}
}

func TestSpans(t *testing.T) {
	frames := func(n, delta int, all bool) []eval.Span { return eval.SpansByFrames(n, delta, all) }
	check := func(name string, got, want []eval.Span) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
			return
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", name, got, want)
				return
			}
		}
	}
	check("consecutive", frames(6, 2, false), []eval.Span{{0, 2}, {2, 4}})
	check("all", frames(5, 3, true), []eval.Span{{0, 3}, {1, 4}})
	check("too long", frames(3, 3, true), nil)
	check("no delta", frames(3, 0, true), nil)

	// Frames at 10 Hz with a hole from .5 to 1.5 s.
	var times []float64
	for i := range 30 {
		if i < 6 || i > 14 {
			times = append(times, float64(i)/10)
		}
	}
	pairs := mustPairs(t, at(times...), at(times...))
	// Starts at 0 to .4 s have nothing near 1 to 1.4 s; .5 has 1.5, and 1.5 to
	// 1.9 have 2.5 to 2.9.
	check("time", eval.SpansByTime(pairs, 1), []eval.Span{{5, 6}, {6, 16}, {7, 17}, {8, 18}, {9, 19}, {10, 20}})
	check("path", eval.SpansByPath(mustPairs(t, at(0, 1, 2, 2.5, 4), at(0, 1, 2, 2.5, 4)), 2), []eval.Span{{0, 2}, {2, 4}})
}

// Translation error e per step along z, and a rotation of a per step.
func TestRPEKnown(t *testing.T) {
	var truth, estimate slam.Trajectory
	a := .02
	pose := geom.IdentitySE3()
	for i := range 50 {
		s := float64(i)
		truth = append(truth, slam.StampedPose{Time: s, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: s}}})
		estimate = append(estimate, slam.StampedPose{Time: s, Pose: pose})
		pose = pose.Mul(geom.SE3{R: geom.ExpSO3(geom.Vec3{Z: a}), T: geom.Vec3{Z: 1.1}})
	}
	pairs := mustPairs(t, truth, estimate)
	trans, rot := eval.RPE(pairs, eval.SpansByFrames(len(pairs), 5, true))
	for i := range trans {
		if math.Abs(trans[i]-.5) > 1e-9 || math.Abs(rot[i]-5*a) > 1e-9 {
			t.Fatalf("span %d: %g m, %g rad, want .5, %g", i, trans[i], rot[i], 5*a)
		}
	}
	smaller := eval.Apply(pairs, geom.Sim3{R: geom.Identity3(), S: 1 / 1.1})
	if trans, _ = eval.RPE(smaller, []eval.Span{{0, 1}}); trans[0] > 1e-12 {
		t.Errorf("scaled: %g, want 0", trans[0])
	}
}

func TestTrajectoryDegenerate(t *testing.T) {
	still := at(0, 1, 2, 3)
	for i := range still {
		still[i].Pose.T = geom.Vec3{}
	}
	tests := []struct {
		name string
		traj slam.Trajectory
	}{{"one pose", at(1)}, {"two poses", at(1, 2)}, {"no motion", still}, {"a straight line", at(0, 1, 2, 3)}}
	for _, tt := range tests {
		pairs := mustPairs(t, tt.traj, tt.traj)
		opt := eval.TrajectoryOptions{Deltas: []eval.Delta{{Unit: eval.Seconds, Value: 100}}}
		r, err := eval.Trajectory(pairs, len(tt.traj), len(tt.traj), opt)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if r.ATENone.RMSE != 0 || r.ATESim3 != nil || r.Scale != 0 || r.KITTI != nil || len(r.RPE) != 0 {
			t.Errorf("%s: got %+v", tt.name, r)
		}
		if len(r.Warnings) < 2 {
			t.Errorf("%s: warnings %q, want one for each metric left out", tt.name, r.Warnings)
		}
	}
}

func TestTrajectoryOptions(t *testing.T) {
	pairs := mustPairs(t, at(0, 1, 2), at(0, 1, 2))
	tests := []struct {
		name string
		opt  eval.TrajectoryOptions
	}{
		{"zero delta", eval.TrajectoryOptions{Deltas: []eval.Delta{{Unit: eval.Frames}}}},
		{"half a frame", eval.TrajectoryOptions{Deltas: []eval.Delta{{Unit: eval.Frames, Value: 1.5}}}},
		{"NaN", eval.TrajectoryOptions{Deltas: []eval.Delta{{Unit: eval.Metres, Value: math.NaN()}}}},
		{"unit", eval.TrajectoryOptions{Deltas: []eval.Delta{{Unit: "feet", Value: 1}}}},
		{"seconds of rows", eval.TrajectoryOptions{Rows: true, Deltas: []eval.Delta{{Unit: eval.Seconds, Value: 1}}}},
		{"negative length", eval.TrajectoryOptions{LengthsM: []float64{-1}}},
		{"length beyond the path", eval.TrajectoryOptions{LengthsM: []float64{1000}}},
	}
	for _, tt := range tests {
		if _, err := eval.Trajectory(pairs, 3, 3, tt.opt); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
	if _, err := eval.Trajectory(nil, 3, 3, eval.TrajectoryOptions{}); err == nil {
		t.Error("no pairs: no error")
	}
}

// Association agrees with looking at every pair of stamps, over rates and
// jitters of all kinds.
func TestAssociateAgainstNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	stamps := func(n int, rateHz float64) slam.Trajectory {
		var times []float64
		for i := range n {
			if rng.Float64() < .8 || i == 0 {
				times = append(times, (float64(i)+.4*rng.Float64())/rateHz)
			}
		}
		return at(times...)
	}
	for range 200 {
		truth, estimate := stamps(1+rng.IntN(60), 5+rng.Float64()*60), stamps(1+rng.IntN(60), 5+rng.Float64()*60)
		lead, other := truth, estimate
		if len(estimate) <= len(truth) {
			lead, other = estimate, truth
		}
		var want [][2]float64 // of lead and other
		for _, p := range lead {
			best := 0
			for j := range other {
				if math.Abs(other[j].Time-p.Time) < math.Abs(other[best].Time-p.Time) {
					best = j
				}
			}
			if math.Abs(other[best].Time-p.Time) <= eval.MaxTimeDiff {
				want = append(want, [2]float64{p.Time, other[best].Time})
			}
		}
		pairs, err := eval.Associate(truth, estimate, eval.MaxTimeDiff)
		if (err != nil) != (len(want) == 0) || len(pairs) != len(want) {
			t.Fatalf("%d pairs, %v, want %d", len(pairs), err, len(want))
		}
		for i, p := range pairs {
			got := [2]float64{p.Estimate.Time, p.Truth.Time}
			if len(estimate) > len(truth) {
				got = [2]float64{p.Truth.Time, p.Estimate.Time}
			}
			if got != want[i] {
				t.Fatalf("pair %d: %v, want %v", i, got, want[i])
			}
		}
	}
}

// At a fixed rate the spans over a second are those over as many frames, and
// spans over time and path agree with looking at every pair.
func TestSpansAgainstNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 24))
	truth := randomWalk(rng, 120, 30)
	pairs := mustPairs(t, truth, truth)
	got, want := eval.SpansByTime(pairs, 1), eval.SpansByFrames(len(pairs), 30, true)
	if len(got) != len(want) {
		t.Fatalf("%d spans, want %d", len(got), len(want))
	}
	for i, s := range want {
		if got[i] != s {
			t.Fatalf("span %v, want %v", got[i], s)
		}
	}
	path := []float64{0}
	for i := 1; i < len(pairs); i++ {
		path = append(path, path[i-1]+truth[i].Pose.T.Sub(truth[i-1].Pose.T).Norm())
	}
	var naive []eval.Span
	for i := range path[:len(path)-1] {
		best := i + 1
		for j := i + 1; j < len(path); j++ {
			if math.Abs(path[j]-path[i]-2) < math.Abs(path[best]-path[i]-2) {
				best = j
			}
		}
		if math.Abs(path[best]-path[i]-2) <= .2 {
			naive = append(naive, eval.Span{From: i, To: best})
		}
	}
	byPath := eval.SpansByPath(pairs, 2)
	if len(byPath) != len(naive) {
		t.Fatalf("%d spans by path, want %d", len(byPath), len(naive))
	}
	for i := range naive {
		if byPath[i] != naive[i] {
			t.Errorf("span %v, want %v", byPath[i], naive[i])
		}
	}
}
