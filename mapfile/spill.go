package mapfile

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// Spill is a file without a name that takes what would fill the memory. It is
// gone with the process, or when nothing refers to it any more. Several goroutines
// may use it.
type Spill struct {
	f  *os.File
	mu sync.Mutex // of end
	// end is where the next piece goes. What is not needed any more stays: it is
	// a disk, and a run does not take back much.
	end int64
}

// Piece is some bytes in a spill.
type Piece struct {
	spill *Spill
	at    int64
	size  int32
	crc   uint32
}

// NewSpill makes an empty spill in a folder.
func NewSpill(dir string) (*Spill, error) {
	f, err := os.CreateTemp(dir, ".spill-*")
	if err != nil {
		return nil, fmt.Errorf("a file for what does not fit into memory: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Spill{f: f}, nil
}

// Put writes a piece.
func (s *Spill) Put(data []byte) (Piece, error) {
	s.mu.Lock()
	at := s.end
	s.end += int64(len(data))
	s.mu.Unlock()
	if _, err := s.f.WriteAt(data, at); err != nil {
		return Piece{}, err
	}
	return Piece{s, at, int32(len(data)), checksum(data)}, nil
}

// Size returns the number of bytes of a piece, 0 for none.
func (p Piece) Size() int { return int(p.size) }

// Read returns the bytes that were put.
func (p Piece) Read() ([]byte, error) {
	data := make([]byte, p.size)
	if p.size == 0 {
		return data, nil
	}
	if _, err := p.spill.f.ReadAt(data, p.at); err != nil {
		return nil, fmt.Errorf("what was spilled to a file: %w", err)
	}
	if checksum(data) != p.crc {
		return nil, fmt.Errorf("what was spilled to a file: %w", ErrDamaged)
	}
	return data, nil
}
