// Package otherprograms finds the programs by which tests open what this one wrote,
// and write what it reads.
package otherprograms

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Python returns the interpreter of METRICSLAM_FORMATS, else the one that
// scripts/formats.sh makes. Without it the test is skipped by name, and fails where
// CI=true.
func Python(t testing.TB) string {
	t.Helper()
	path := os.Getenv("METRICSLAM_FORMATS")
	if path == "" {
		path = filepath.Join(root(t), ".cache", "formats", "bin", "python")
	}
	if _, err := os.Stat(path); err != nil {
		msg := "needs the readers of other programs: %v; run scripts/formats.sh or set METRICSLAM_FORMATS to a Python that has them"
		if os.Getenv("CI") == "true" {
			t.Fatalf(msg, err)
		}
		t.Skipf(msg, err)
	}
	return path
}

// Run runs a script by that Python, fails the test where it fails, and returns what
// it printed.
func Run(t testing.TB, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command(Python(t), append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir()) // some write settings there
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

func root(t testing.TB) string {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no go.mod above the test's folder (%v)", err)
	return ""
}
