package subprocess

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// The test binary stands for a program that works for a while, takes memory, says so and
// ends with the status that it is told.
func TestMain(m *testing.M) {
	status, err := strconv.Atoi(os.Getenv("SUBPROCESS_TEST"))
	if err != nil {
		os.Exit(m.Run())
	}
	block := make([]byte, 100<<20)
	for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
		for i := range block {
			block[i]++
		}
	}
	fmt.Println("first")
	fmt.Fprintln(os.Stderr, "last", block[0]-block[1])
	os.Exit(status)
}

func child(t *testing.T, status int) Ended {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var both bytes.Buffer
	cmd := exec.Command(binary)
	cmd.Stdout, cmd.Stderr = &both, &both
	cmd.Env = append(os.Environ(), fmt.Sprint("SUBPROCESS_TEST=", status))
	return run(cmd, &both)
}

func TestRun(t *testing.T) {
	for status, failure := range map[int]string{0: "", StatusDoubtful: "", 4: "last 0"} {
		e := child(t, status)
		if e.Status != status || e.Failure != failure || string(e.Output) != "first\nlast 0\n" {
			t.Errorf("status %d: %d, %q, %q", status, e.Status, e.Failure, e.Output)
		}
		if u := e.Usage; u.WallS < .2 || u.CPUS <= 0 || u.MemoryMB < 100 {
			t.Errorf("200 ms of work in 100 MB took %+v", u)
		}
	}
}

func TestRunNothing(t *testing.T) {
	e := Run(context.Background(), "/no/such/program")
	if e.Status != -1 || e.Failure == "" || e.Usage.CPUS != 0 {
		t.Errorf("no program: %+v", e)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if e := Run(ctx, "sleep", "10"); e.Status != -1 || e.Failure == "" {
		t.Errorf("ended before: %+v", e)
	}
}
