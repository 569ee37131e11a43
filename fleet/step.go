package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/internal/subprocess"
	"github.com/metricslam/metricslam/join"
)

// step is one command of the program.
type step struct {
	name   string   // of its note, unique
	args   []string // of the program
	inputs []string // files that it reads
	source []string // what may name files or folders of a recording: their stamps count
	output string   // file that it writes
}

// Note says how a step ended. It lies in steps/NAME.json.
type Note struct {
	Name     string   `json:"name"`
	Args     []string `json:"args"`
	Key      string   `json:"key"` // of version, arguments and inputs
	Output   string   `json:"output"`
	SHA256   string   `json:"sha256"` // of the output
	Status   int      `json:"exit_status"`
	Failure  string   `json:"failure,omitempty"` // the last line that it printed
	WallS    float64  `json:"wall_s"`
	CPUS     float64  `json:"cpu_s"`
	MemoryMB float64  `json:"memory_mb"` // most resident
	// ReadMB are the files of other steps that it read, WrittenMB what it wrote for others.
	ReadMB    float64 `json:"read_mb"`
	WrittenMB float64 `json:"written_mb"`
	Retries   int     `json:"retries"` // times that it was killed before
}

// mostRetries is how often a step that was killed is tried again: by who needed memory. One
// that fails by itself would fail again.
const mostRetries = 2

// ok reports whether the step left what the next ones read.
func (n *Note) ok() bool { return n.Failure == "" }

// key is the digest of all that decides what a step writes.
func (f *Fleet) key(s step) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", f.Version, s.args)
	f.mu.Lock()
	for _, path := range s.inputs { // each is what an earlier step wrote
		fmt.Fprintln(h, f.sums[path])
	}
	f.mu.Unlock()
	for _, path := range s.source {
		if err := f.stamp(h, path); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// stamp writes the names, sizes and times of change of the files of a path, nothing
// where it names none. A recording is too large to be read for its digest.
func (f *Fleet) stamp(w io.Writer, path string) error {
	if f.StampURL != nil && strings.Contains(path, "://") {
		text, err := f.StampURL(path)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	}
	if _, err := os.Stat(path); err != nil {
		return nil // synthetic:room, a flag, a number
	}
	return filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Stat(name) // of what a link names
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
		return err
	})
}

// do runs a step, or reads how it ended before. An error means that the fleet cannot
// go on; a step that fails is noted.
func (f *Fleet) do(ctx context.Context, s step) (*Note, error) {
	key, err := f.key(s)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(f.Out, "steps", s.name+".json")
	if n, ok := readNote(path, key); ok {
		return n, nil
	}
	if err := os.MkdirAll(filepath.Dir(s.output), 0o755); err != nil {
		return nil, err
	}
	ended := subprocess.Run(ctx, f.Binary, s.args...)
	retries := 0
	for ; ended.Status < 0 && retries < mostRetries && ctx.Err() == nil; retries++ {
		ended = subprocess.Run(ctx, f.Binary, s.args...)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	n := &Note{Name: s.name, Args: s.args, Key: key, Output: s.output, Status: ended.Status, Failure: ended.Failure,
		WallS: ended.Usage.WallS, CPUS: ended.Usage.CPUS, MemoryMB: ended.Usage.MemoryMB, Retries: retries, ReadMB: sizeMB(s.inputs...), WrittenMB: sizeMB(s.output)}
	if n.ok() {
		switch ref, err := join.Refer(s.output); {
		case errors.Is(err, os.ErrNotExist):
			n.Failure = fmt.Sprintf("it wrote no %s", s.output)
		case err != nil:
			return nil, err
		default:
			n.SHA256 = ref.SHA256
		}
	}
	data, err := json.MarshalIndent(n, "", " ")
	if err != nil {
		return nil, err
	}
	return n, atomicfile.WriteBytes(path, data)
}

// sizeMB is the size of files, those that are not there left out.
func sizeMB(paths ...string) (mb float64) {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil {
			mb += float64(info.Size()) / 1e6
		}
	}
	return mb
}

// readNote reads how a step ended, where it need not be done again: its key is the same,
// and what it wrote is as it was. A step that failed is tried again.
func readNote(path, key string) (*Note, bool) {
	n := new(Note)
	data, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(data, n) != nil || n.Key != key || !n.ok() {
		return nil, false
	}
	ref, err := join.Refer(n.Output)
	return n, err == nil && ref.SHA256 == n.SHA256
}
