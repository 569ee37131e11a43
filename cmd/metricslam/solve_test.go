package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ringG2O is a square of four poses, one metre a side, whose last edge is 4 cm
// too long.
const ringG2O = `VERTEX_SE3:QUAT 0 0 0 0 0 0 0 1
VERTEX_SE3:QUAT 1 1 0 0 0 0 0.7071068 0.7071068
VERTEX_SE3:QUAT 2 1 1 0 0 0 1 0
VERTEX_SE3:QUAT 3 0 1 0 0 0 0.7071068 -0.7071068
EDGE_SE3:QUAT 0 1 1 0 0 0 0 0.7071068 0.7071068 100 0 0 0 0 0 100 0 0 0 0 100 0 0 0 100 0 0 100 0 100
EDGE_SE3:QUAT 1 2 1 0 0 0 0 0.7071068 0.7071068 100 0 0 0 0 0 100 0 0 0 0 100 0 0 0 100 0 0 100 0 100
EDGE_SE3:QUAT 2 3 1 0 0 0 0 0.7071068 0.7071068 100 0 0 0 0 0 100 0 0 0 0 100 0 0 0 100 0 0 100 0 100
EDGE_SE3:QUAT 3 0 1.04 0 0 0 0 0.7071068 0.7071068 100 0 0 0 0 0 100 0 0 0 0 100 0 0 0 100 0 0 100 0 100
`

// solveFile runs the solve command and returns what it printed.
func solveFile(t *testing.T, args ...string) (status int, stdout string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stdout
	os.Stdout = f
	status = run(context.Background(), append([]string{"solve"}, args...))
	os.Stdout = old
	f.Close()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, string(b)
}

func TestSolveCommand(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "ring.g2o"), filepath.Join(dir, "out.g2o")
	if err := os.WriteFile(in, []byte(ringG2O), 0o644); err != nil {
		t.Fatal(err)
	}
	status, text := solveFile(t, in, "-o", out, "--json")
	var rep solveReport
	if err := json.Unmarshal([]byte(text), &rep); err != nil || status != 0 {
		t.Fatalf("status %d, %q: %v", status, text, err)
	}
	// The 4 cm are shared; all on the last edge they cost 1/2 100 .04^2.
	if rep.CostStart < .079 || rep.CostStart > .081 || rep.CostEnd <= 0 || rep.CostEnd > .04 || rep.Iterations < 1 || rep.WallSec <= 0 {
		t.Errorf("report %+v", rep)
	}
	status, text = solveFile(t, out)
	if status != 0 {
		t.Fatal(text)
	}
	for _, word := range []string{"cost_start ", "cost_end ", "iterations ", "cpu_s ", "wall_s "} {
		if !strings.Contains(text, word) {
			t.Errorf("%q lacks %q", text, word)
		}
	}
	if status, _ := solveFile(t, filepath.Join(dir, "none.g2o")); status != 1 {
		t.Errorf("status %d for a missing file, want 1", status)
	}
	if status, _ := solveFile(t, in, "--robust", "-o", filepath.Join(dir, "no", "out.g2o")); status != 1 {
		t.Errorf("status %d for a missing folder, want 1", status)
	}
}
