// Package usage runs other programs and says what they took.
package usage

import (
	"os/exec"
	"time"
)

// Usage is what a process took from its start to its end.
type Usage struct {
	WallS    float64
	CPUS     float64 // of all threads
	MemoryMB float64 // most resident; 0 where the system does not tell
}

// Run runs a command to its end.
func Run(cmd *exec.Cmd) (Usage, error) {
	start := time.Now()
	err := cmd.Run()
	u := Usage{WallS: time.Since(start).Seconds()}
	if p := cmd.ProcessState; p != nil {
		u.CPUS = (p.UserTime() + p.SystemTime()).Seconds()
		u.MemoryMB = peakMB(p)
	}
	return u, err
}
