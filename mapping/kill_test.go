package mapping

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// saveForever names the file that TestKilled's process writes again and again.
const saveForever = "METRICSLAM_TEST_SAVE_FOREVER"

// A process that is killed at any moment of saving leaves the last good map.
func TestKilled(t *testing.T) {
	if path := os.Getenv(saveForever); path != "" {
		store := NewStore()
		for n := 1; ; n = n%5 + 1 {
			if err := store.Save(path, fullState(t, n+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "map.mslam")
	r := rand.New(rand.NewPCG(6, 6))
	for round := range 12 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), saveForever+"="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, path)
		time.Sleep(time.Duration(r.IntN(40_000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil { // SIGKILL
			t.Fatal(err)
		}
		cmd.Wait() // says that it was killed
		l, err := Load(context.Background(), path)
		if err != nil {
			t.Fatalf("after kill %d: %v", round, err)
		}
		if n := len(l.State.Keyframes); n < 2 || n > 6 {
			t.Errorf("after kill %d: %d keyframes", round, n)
		}
		l.File.Close()
	}
}

func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nothing was saved")
}
