package problemfile

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/internal/atomicfile"
)

// Problem is what a file holds: a *BAL or a *Graph.
type Problem interface {
	// Write writes it in the format it was read from.
	Write(w io.Writer) error
}

// ReadFile reads a problem; the format is told by the content. Errors name the
// file and the line.
func ReadFile(path string) (Problem, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read problem: %w", err)
	}
	defer f.Close()
	return Read(path, f)
}

// Read is ReadFile of a stream; name stands in errors.
func Read(name string, r io.Reader) (Problem, error) {
	s := newScanner(name, r)
	if !s.next() {
		if s.err != nil {
			return nil, s.err
		}
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	line := s.rest
	first := string(clip(s.field()))
	s.rest = line
	if _, err := strconv.Atoi(first); err == nil {
		return asProblem(readBAL(s))
	}
	switch first {
	case tagVertex, tagEdge, tagFix:
		return asProblem(readG2O(s))
	}
	return nil, s.errorf("%q starts neither a BAL file (three counts) nor a 3-D g2o file (%s)", first, tagVertex)
}

// asProblem keeps a nil pointer from becoming a non-nil interface.
func asProblem[P Problem](p P, err error) (Problem, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

// WriteFile writes a problem to path; there is no packing on the way out.
func WriteFile(path string, p Problem) error {
	if strings.HasSuffix(path, ".bz2") {
		return fmt.Errorf("write %s: solutions are written as plain text; choose a name without .bz2", path)
	}
	return atomicfile.Write(path, p.Write)
}
