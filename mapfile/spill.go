package mapfile

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// Spill is a file without a name that takes what would fill the memory. It is made
// for the first piece, and gone with the process, or when nothing refers to it any
// more. Several goroutines may use it.
type Spill struct {
	dir string

	mu sync.Mutex // of what follows
	f  *os.File
	// end is where the next piece goes. What is not needed any more stays: it is
	// a disk, and a run does not take back much.
	end int64
}

// Piece is some bytes in a spill.
type Piece struct {
	file *os.File
	at   int64
	size int32
	crc  uint32
}

// NewSpill returns an empty spill in a folder.
func NewSpill(dir string) *Spill { return &Spill{dir: dir} }

// Put writes a piece.
func (s *Spill) Put(data []byte) (Piece, error) {
	f, at, err := s.room(len(data))
	if err != nil {
		return Piece{}, err
	}
	if _, err := f.WriteAt(data, at); err != nil {
		return Piece{}, err
	}
	return Piece{f, at, int32(len(data)), checksum(data)}, nil
}

// room returns where n bytes may be written.
func (s *Spill) room(n int) (f *os.File, at int64, err error) {
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

// Size returns the number of bytes of a piece, 0 for none.
func (p Piece) Size() int { return int(p.size) }

// Read returns the bytes that were put.
func (p Piece) Read() ([]byte, error) {
	data := make([]byte, p.size)
	if p.size == 0 {
		return data, nil
	}
	if _, err := p.file.ReadAt(data, p.at); err != nil {
		return nil, fmt.Errorf("what was spilled to a file: %w", err)
	}
	if checksum(data) != p.crc {
		return nil, fmt.Errorf("what was spilled to a file: %w", ErrDamaged)
	}
	return data, nil
}
