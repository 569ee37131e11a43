// Package report writes what came out of a run: report.json for programs and
// report.html, one file without external parts, for people. It also draws
// trajectories as PNG and keeps the timings of the stages.
package report
