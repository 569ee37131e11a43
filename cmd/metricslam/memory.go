package main

import (
	"os"
	"runtime/debug"

	"github.com/metricslam/metricslam/internal/libc"
)

// A map's keyframes live to the end: a collector that waits until they have
// doubled takes twice the memory for nothing.
const (
	gcPercent   = 50
	memoryLimit = 5 << 28 // bytes of Go's heap above which it collects more often: 1.25 GiB
)

// boundMemory sets the collector, unless the environment does, and what the libraries
// take beside it.
func boundMemory() {
	libc.OneHeap()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
