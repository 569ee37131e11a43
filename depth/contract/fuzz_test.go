package contract

import (
	"github.com/metricslam/metricslam/internal/fuzzbound"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a contract file holds, reading it gives an error or a contract that is
// valid.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("builtin/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no contracts", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		c, err := Parse(data, "test")
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	})
}
