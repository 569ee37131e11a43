package images

import (
	"github.com/metricslam/metricslam/internal/spill"
	"github.com/metricslam/metricslam/mapfile"
)

// scratch is a file without a name, or memory where it has no folder.
type scratch struct {
	file *spill.File // nil: memory
}

func newScratch(folder string) scratch {
	if folder == "" {
		return scratch{}
	}
	return scratch{spill.New(folder)}
}

func (s *scratch) onDisk() bool { return s.file != nil }

// move puts a piece that lies in memory into the file. It stays in memory where a
// folder takes no file or a disk is full.
func (s *scratch) move(p piece) piece {
	if s.file != nil && p.data != nil {
		if at, err := s.file.Put(p.data); err == nil {
			return piece{at: at}
		}
	}
	return p
}

// pack compresses data and keeps it.
func (s *scratch) pack(data []byte) (piece, error) {
	packed, err := mapfile.Pack(data)
	if err != nil {
		return piece{}, err
	}
	return s.move(piece{data: packed}), nil
}

// piece is some bytes, in memory or in a scratch file.
type piece struct {
	data []byte
	at   spill.Piece
}

func (p piece) empty() bool { return p.data == nil && p.at.Size() == 0 }

func (p piece) read() ([]byte, error) {
	if p.data != nil {
		return p.data, nil
	}
	return p.at.Read()
}

// unpack reads and decompresses n bytes.
func (p piece) unpack(n int) ([]byte, error) {
	data, err := p.read()
	if err != nil {
		return nil, err
	}
	return mapfile.Unpack(data, n)
}
