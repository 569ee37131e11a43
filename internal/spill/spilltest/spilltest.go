// Package spilltest lets tests spoil the nameless files of package spill.
package spilltest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Open opens the nameless file that this process has in a folder. The test is
// skipped where the system does not show open files.
func Open(t testing.TB, folder string) *os.File {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no list of open files: %v", err)
	}
	for _, e := range all {
		name := filepath.Join("/proc/self/fd", e.Name())
		if at, err := os.Readlink(name); err == nil && strings.HasPrefix(at, filepath.Join(folder, ".spill-")) {
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}
	}
	t.Fatal(fmt.Errorf("no spilled file in %s", folder))
	return nil
}
