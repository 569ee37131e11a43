package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets/synthetic"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/slam"
)

// A joint map of true poses that lies elsewhere, twice as large, has no error in Sim(3);
// the source itself is the truth.
func TestEvalJoined(t *testing.T) {
	src, err := synthetic.New("synthetic:room:8", synthetic.Options{Seed: 1, MaxFrames: 90})
	if err != nil {
		t.Fatal(err)
	}
	truth := src.Truth()
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	move := geom.SE3{R: geom.ExpSO3(geom.Vec3{Z: 1}), T: geom.Vec3{X: 3}}
	joined := func(name string, poses slam.Trajectory) join.JoinedMap {
		m := join.JoinedMap{Name: name}
		for i, p := range poses {
			q := move.Mul(p.Pose)
			r := geom.QuatFromMat3(q.R)
			m.Keyframes = append(m.Keyframes, join.JoinedKeyframe{ID: i, Time: p.Time,
				Pose: join.Pose{Q: [4]float64{r.X, r.Y, r.Z, r.W}, T: [3]float64{2 * q.T.X, 2 * q.T.Y, 2 * q.T.Z}}})
		}
		return m
	}
	j := &join.Joined{Kind: "joined", Version: join.Version, Components: []join.Component{{Recordings: 2}},
		Maps:  []join.JoinedMap{joined("a", truth[:60]), joined("b", truth[40:])},
		Links: []join.JoinedLink{{A: 0, B: 1, KeyframeA: 45, KeyframeB: 5, State: join.Believed}}}
	path := filepath.Join(t.TempDir(), "joined.json")
	if err := j.Write(path); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := capture(t, "eval", "joined", path, "--truth", "synthetic:room:8", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var s join.Score
	if err := json.Unmarshal([]byte(stdout), &s); err != nil {
		t.Fatal(err)
	}
	if s.Sim3M > 1e-6 || math.Abs(s.Scale-.5) > 1e-6 || s.Keyframes != len(truth)+20 || s.Links != 1 || s.False != 0 || len(s.Alone) != 2 {
		t.Errorf("score %+v", s)
	}
	for _, given := range []string{t.TempDir(), "synthetic:moon", path + ".tum"} {
		if status, _, stderr := capture(t, "eval", "joined", path, "--truth", given); status == 0 || !strings.Contains(stderr, "--truth") {
			t.Errorf("--truth %s: status %d, %q", given, status, stderr)
		}
	}
}
