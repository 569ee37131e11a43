// Package spill keeps what would fill the memory in a file without a name.
package spill

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
)

// ErrDamaged says that a piece does not read as it was written.
var ErrDamaged = errors.New("spilled data are damaged")

// File is a file that no folder shows. It is made for the first piece, and gone
// with the process, or when nothing refers to it any more. Several goroutines may
// use it.
type File struct {
	dir string

	mu sync.Mutex // of what follows
	f  *os.File
	// end is where the next piece goes. What is not needed any more stays: it is
	// a disk, and a run does not take back much.
	end int64
}

// Piece is some bytes in a file.
type Piece struct {
	file *os.File
	at   int64
	size int32
	crc  uint32
}

// New returns an empty file in a folder.
func New(dir string) *File { return &File{dir: dir} }

// Put writes a piece.
func (s *File) Put(data []byte) (Piece, error) {
	f, at, err := s.room(len(data))
	if err != nil {
		return Piece{}, err
	}
	return write(f, at, data)
}

// room returns where n bytes may be written.
func (s *File) room(n int) (f *os.File, at int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.f == nil {
		if s.f, err = nameless(s.dir); err != nil {
			return nil, 0, fmt.Errorf("a file for what does not fit into memory: %w", err)
		}
	}
	at = s.end
	s.end += int64(n)
	return s.f, at, nil
}

// nameless opens a new file that the folder does not show.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".spill-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func write(f *os.File, at int64, data []byte) (Piece, error) {
	if _, err := f.WriteAt(data, at); err != nil {
		return Piece{}, fmt.Errorf("what does not fit into memory: %w", err)
	}
	return Piece{f, at, int32(len(data)), checksum(data)}, nil
}

// Size returns the number of bytes of a piece, 0 for none.
func (p Piece) Size() int { return int(p.size) }

// Replace writes as many bytes over a piece; it must not be read any more.
func (p Piece) Replace(data []byte) (Piece, error) {
	if len(data) != p.Size() {
		return Piece{}, fmt.Errorf("%d bytes in place of %d", len(data), p.Size())
	}
	return write(p.file, p.at, data)
}

// Read returns the bytes that were put.
func (p Piece) Read() ([]byte, error) {
	data := make([]byte, p.size)
	return data, p.ReadInto(data)
}

// ReadInto fills data, which has the piece's size, with its bytes.
func (p Piece) ReadInto(data []byte) error {
	if p.size == 0 {
		return nil
	}
	if _, err := p.file.ReadAt(data[:p.size], p.at); err != nil {
		return fmt.Errorf("what was spilled to a file: %w", err)
	}
	if checksum(data[:p.size]) != p.crc {
		return ErrDamaged
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
