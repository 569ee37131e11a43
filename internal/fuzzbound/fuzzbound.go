// Package fuzzbound holds readers to what an input of its size may cost.
package fuzzbound

import (
	"runtime/metrics"
	"testing"
)

// mostBytes is what reading a small hostile file may allocate in all.
const mostBytes = 256 << 20

// Check is called at the start of a fuzz function; what it returns is called at its end
// and fails the test where more was allocated than reading a small file may take.
func Check(t *testing.T) func() {
	before := allocated()
	return func() {
		if n := allocated() - before; n > mostBytes {
			t.Errorf("%d MB allocated", n>>20)
		}
	}
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
