package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/metricslam/metricslam/report"
)

// resultsFolder is the folder that a command writes into. It belongs to one
// process at a time, and what an earlier run left in it is never mixed with what
// this one writes.
type resultsFolder struct {
	path string
	lock *os.File // the folder itself
	log  *os.File // run.log
}

// ownedFiles are the results of a run, as docs/results.md lists them.
var ownedFiles = []string{
	"trajectory.tum", "trajectory.[0-9]*.tum", "trajectory.kitti", "keyframes.tum", "mesh.ply", "mesh.obj", "mesh.mtl", "mesh.glb",
	"cloud.ply", "map.mslam", "depth/[0-9]*.[0-9]*.png", "export", "config.yaml", "frames.csv", "report.json", "report.html",
	"run.log", ".*.tmp[0-9]*",
}

// worth are those that took a run to make: without them, an earlier run failed.
var worth = []string{"trajectory.tum", "map.mslam", "mesh.", "export"}

// openResults makes the folder and locks it. Where it holds results of an earlier
// run it is refused, unless they may be overwritten; nothing is removed yet.
func openResults(path string, overwrite bool) (*resultsFolder, error) {
	if path == "" {
		return nil, errors.New("-o: the folder has an empty name: a variable that is not set?")
	}
	fail := func(err error) (*resultsFolder, error) { return nil, fmt.Errorf("-o %s: %w", path, err) }
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fail(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	// The lock ends with the process, however that ends. A file system without
	// locks does without.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return fail(errors.New("another run is writing into this folder; wait for it, or choose another"))
	}
	r := &resultsFolder{path: path, lock: f}
	if old := r.worthKeeping(); len(old) > 0 && !overwrite {
		f.Close()
		return fail(fmt.Errorf("the folder holds the results of an earlier run (%s); give --overwrite to have them removed, or choose another folder", strings.Join(old, ", ")))
	}
	return r, nil
}

// owned returns the paths of an earlier run's results.
func (r *resultsFolder) owned() (paths []string) {
	for _, pattern := range ownedFiles {
		found, _ := filepath.Glob(filepath.Join(escapeGlob(r.path), pattern))
		paths = append(paths, found...)
	}
	return paths
}

// worthKeeping names the first results that took a run to make.
func (r *resultsFolder) worthKeeping() (names []string) {
	const shown = 3
	for _, p := range r.owned() {
		name := filepath.Base(p)
		if len(names) < shown && slices.ContainsFunc(worth, func(w string) bool { return strings.HasPrefix(name, w) }) {
			names = append(names, name)
		}
	}
	return names
}

// escapeGlob makes a path a pattern of itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// clear removes an earlier run's results, but for run.log and the file keep.
func (r *resultsFolder) clear(keep string) error {
	kept, _ := os.Stat(keep)
	for _, p := range r.owned() {
		info, err := os.Stat(p)
		if filepath.Base(p) == logName || err == nil && kept != nil && os.SameFile(info, kept) {
			continue
		}
		if err := os.RemoveAll(p); err != nil {
			return fmt.Errorf("-o %s: %w", r.path, err)
		}
	}
	os.Remove(filepath.Join(r.path, "depth")) // where nothing else lies in it
	return nil
}

const logName = "run.log"

// openLog starts run.log, which grows while the command runs; warnings are shown
// too.
func (r *resultsFolder) openLog(show io.Writer, quiet bool) (*slog.Logger, error) {
	f, err := os.Create(filepath.Join(r.path, logName))
	if err != nil {
		return nil, fmt.Errorf("-o %s: %w", r.path, err)
	}
	r.log = f
	level := slog.LevelWarn
	if quiet {
		level = slog.LevelError
	}
	return slog.New(slog.NewMultiHandler(
		slog.NewTextHandler(f, nil),
		slog.NewTextHandler(show, &slog.HandlerOptions{Level: level, ReplaceAttr: dropTime}),
	)), nil
}

func dropTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// begin leaves a report that says that the run goes on, or did when it was killed.
func (r *resultsFolder) begin(rep report.Report) error {
	rep.Status = report.Running
	return rep.WriteStatus(r.path)
}

// failed leaves a report that says why the run failed.
func (r *resultsFolder) failed(rep report.Report, err error) error {
	slog.New(slog.NewTextHandler(r.log, nil)).Error("failed", "reason", err)
	rep.Status, rep.Warnings = report.Failed, append(rep.Warnings, err.Error())
	return errors.Join(err, rep.WriteStatus(r.path))
}

// close ends the log and lets the folder go.
func (r *resultsFolder) close() {
	if r.log != nil {
		r.log.Close()
	}
	r.lock.Close()
}
