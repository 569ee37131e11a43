// Package subprocess runs this program's own commands as processes of their own, and says
// how they ended and what they took.
package subprocess

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// StatusDoubtful is the exit status of a command whose results are there and not vouched
// for: no failure.
const StatusDoubtful = 3

// Ended is a process that has ended.
type Ended struct {
	Output  []byte // all that it printed
	Status  int    // -1 where it did not start or was killed
	Failure string // the last line that it printed, or why it did not start; "" where it did what it should
	Usage   Usage
}

// Usage is what a process took from its start to its end.
type Usage struct {
	WallS    float64
	CPUS     float64 // of all threads
	MemoryMB float64 // most resident; 0 where the system does not tell
}

// Run runs a program to its end. It is killed when ctx ends.
func Run(ctx context.Context, binary string, args ...string) Ended {
	var both bytes.Buffer
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Stdout, cmd.Stderr = &both, &both
	return run(cmd, &both)
}

func run(cmd *exec.Cmd, output *bytes.Buffer) Ended {
	start := time.Now()
	err := cmd.Run()
	e := Ended{Output: output.Bytes(), Usage: Usage{WallS: time.Since(start).Seconds()}}
	if p := cmd.ProcessState; p != nil {
		e.Usage.CPUS = (p.UserTime() + p.SystemTime()).Seconds()
		e.Usage.MemoryMB = peakMB(p)
	}
	if err == nil {
		return e
	}
	e.Status = -1
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		e.Status = exit.ExitCode()
	}
	if e.Status != StatusDoubtful {
		e.Failure = lastLine(e.Output, err)
	}
	return e
}

// lastLine is the last line of an output, and the error where there is none.
func lastLine(output []byte, err error) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}
