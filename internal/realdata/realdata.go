// Package realdata finds the real sequences that tests and measurements read.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Default is where the sequences lie relative to the module's root, unless
// METRICSLAM_DATA names another folder.
const Default = "../shared/data"

// Path returns the absolute path of a sequence or file below the data folder.
// Without it the test is skipped by name, and fails where CI=true.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{root(t)}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		msg := "needs real data: %v; set METRICSLAM_DATA to the folder that holds it"
		if os.Getenv("CI") == "true" {
			t.Fatalf(msg, err)
		}
		t.Skipf(msg, err)
	}
	return p
}

func root(t testing.TB) string {
	if dir := os.Getenv("METRICSLAM_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, Default)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatalf("no go.mod above the test's folder")
		}
		dir = parent
	}
}
