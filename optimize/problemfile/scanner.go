package problemfile

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// maxLine bounds the length of a line: files of another kind end here instead
// of filling the memory.
const maxLine = 1 << 16

// scanner reads a text file line by line and the fields of each; every error it
// makes names the file and the line.
type scanner struct {
	name   string
	sc     *bufio.Scanner
	packed bool
	line   int
	rest   []byte // what is left of the line
	err    error
}

// newScanner reads from r; name stands in errors. Data packed with bzip2 are
// recognised by their first bytes.
func newScanner(name string, r io.Reader) *scanner {
	br := bufio.NewReaderSize(r, maxLine)
	head, _ := br.Peek(3)
	packed := string(head) == "BZh"
	if packed {
		br = bufio.NewReaderSize(bzip2.NewReader(br), maxLine)
	}
	sc := bufio.NewScanner(br)
	sc.Buffer(make([]byte, 0, maxLine), maxLine)
	return &scanner{name: name, sc: sc, packed: packed}
}

// next goes to the next line that is not blank; false at the end of the file or
// on an error of reading, which is in err.
func (s *scanner) next() bool {
	for s.sc.Scan() {
		s.line++
		s.rest = bytes.TrimSpace(s.sc.Bytes())
		if len(s.rest) > 0 {
			return true
		}
	}
	if err := s.sc.Err(); err != nil && s.err == nil {
		s.line++
		s.err = s.readError(err)
	}
	return false
}

func (s *scanner) readError(err error) error {
	switch {
	case errors.Is(err, bufio.ErrTooLong):
		return s.errorf("the line is longer than %d bytes: not a file of this kind", maxLine)
	case s.packed:
		return s.errorf("unpack bzip2: %w; is the file complete?", err)
	}
	return s.errorf("%w", err)
}

// field returns the next field of the line, empty at its end.
func (s *scanner) field() []byte {
	rest := s.rest
	i := 0
	for i < len(rest) && rest[i] != ' ' && rest[i] != '\t' {
		i++
	}
	f := rest[:i]
	s.rest = bytes.TrimLeft(rest[i:], " \t")
	return f
}

// float reads the next field as a finite number; after a mistake, which is kept
// in err, it returns 0.
func (s *scanner) float(what string) float64 {
	f := s.field()
	x, err := strconv.ParseFloat(string(f), 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		s.bad(f, what, "a finite number")
		return 0
	}
	return x
}

// integer reads the next field as a whole number in [from, to).
func (s *scanner) integer(what string, from, to int) int {
	f := s.field()
	x, err := strconv.Atoi(string(f))
	if err != nil || x < from || x >= to {
		s.bad(f, what, fmt.Sprintf("a whole number from %d to %d", from, to-1))
		return from
	}
	return x
}

func (s *scanner) bad(field []byte, what, want string) {
	if s.err != nil {
		return
	}
	if len(field) == 0 {
		s.err = s.errorf("the line ends before %s", what)
		return
	}
	s.err = s.errorf("%s is %q, want %s", what, clip(field), want)
}

// endOfLine makes it a mistake when fields are left.
func (s *scanner) endOfLine() {
	if len(s.rest) > 0 && s.err == nil {
		s.err = s.errorf("unexpected %q at the end of the line", clip(s.rest))
	}
}

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{s.name, s.line}, args...)...)
}

// clip keeps a message short when a field is not text at all.
func clip(b []byte) []byte { return b[:min(len(b), 40)] }
