package usage

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// The test binary stands for a program that works for a while and takes memory.
func TestMain(m *testing.M) {
	if os.Getenv("USAGE_TEST") == "" {
		os.Exit(m.Run())
	}
	block := make([]byte, 100<<20)
	for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
		for i := range block {
			block[i]++
		}
	}
	os.Exit(int(block[0]-block[1]) + 4)
}

func TestRun(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "USAGE_TEST=1")
	u, err := Run(cmd)
	if err == nil || cmd.ProcessState.ExitCode() != 4 {
		t.Errorf("a program that ends with status 4: %v", err)
	}
	if u.WallS < .2 || u.CPUS <= 0 || u.MemoryMB < 100 {
		t.Errorf("200 ms of work in 100 MB took %+v", u)
	}
	if u, err := Run(exec.Command("/no/such/program")); err == nil || u.CPUS != 0 {
		t.Errorf("no program: %+v, %v", u, err)
	}
}
