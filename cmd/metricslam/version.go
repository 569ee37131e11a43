package main

import (
	"fmt"
	"runtime/debug"
)

// version is set by the Makefile: the tag or commit.
var version string

// versionCmd prints what was built.
type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("metricslam", buildVersion())
	return nil
}

// buildVersion returns what the Makefile stamped, else what the Go tool
// recorded.
func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return s.Value
		}
	}
	return info.Main.Version
}
