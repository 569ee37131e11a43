// Package chunk unpacks the compressed stretches of a recording.
package chunk

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

const (
	maxBytes = 1 << 30 // that a chunk may unpack to
	// firstRoom bounds what is made room for on the word of a file that may be damaged.
	firstRoom = 4 << 20
)

// ErrDamaged is the error of a chunk that does not hold what it says.
var ErrDamaged = errors.New("damaged chunk")

// Chunk says where the packed data of a chunk lies.
type Chunk struct {
	Offset, Packed, Unpacked uint64
	Compression              string // zstd, lz4 (frames), bz2; "" and none: as it is

	fault error // why it cannot be unpacked
}

// Reader unpacks the chunks of a file and keeps the last one.
type Reader struct {
	chunks   []Chunk
	r        io.ReaderAt
	dec      *zstd.Decoder
	open     int // the chunk that lies unpacked, -1 for none
	unpacked bytes.Buffer
}

// NewReader returns a reader of the chunks of r, of which it does not know any yet.
func NewReader(r io.ReaderAt) (*Reader, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBytes))
	return &Reader{r: r, dec: dec, open: -1}, err
}

// Add takes note of a chunk and returns its number.
func (r *Reader) Add(c Chunk) int {
	r.chunks = append(r.chunks, c)
	return len(r.chunks) - 1
}

// Bytes returns what is in a chunk; it holds until the next call. A chunk that could
// not be unpacked is not tried again for each of its messages.
func (r *Reader) Bytes(i int) ([]byte, error) {
	c := &r.chunks[i]
	switch {
	case r.open == i:
		return r.unpacked.Bytes(), nil
	case c.fault != nil:
		return nil, c.fault
	}
	r.open = -1
	if err := r.unpack(*c); err != nil {
		c.fault = fmt.Errorf("the chunk at byte %d: %w", c.Offset, err)
		return nil, c.fault
	}
	r.open = i
	return r.unpacked.Bytes(), nil
}

// unpack unpacks no more than the chunk says, whatever its packed data holds.
func (r *Reader) unpack(c Chunk) error {
	if c.Unpacked > maxBytes {
		return fmt.Errorf("%w: %d bytes", ErrDamaged, c.Unpacked)
	}
	packed := io.Reader(io.NewSectionReader(r.r, int64(c.Offset), int64(c.Packed)))
	switch c.Compression {
	case "", "none":
	case "zstd":
		if err := r.dec.Reset(packed); err != nil {
			return err
		}
		packed = r.dec
	case "lz4":
		packed = lz4.NewReader(packed)
	case "bz2":
		packed = bzip2.NewReader(packed)
	default:
		return fmt.Errorf("compression %q is not known", c.Compression)
	}
	r.unpacked.Reset()
	r.unpacked.Grow(int(min(c.Unpacked, firstRoom)))
	n, err := r.unpacked.ReadFrom(io.LimitReader(packed, int64(c.Unpacked)+1))
	if err == nil && uint64(n) != c.Unpacked {
		err = fmt.Errorf("%w: %d bytes (or more), not %d", ErrDamaged, n, c.Unpacked)
	}
	return err
}

// Close frees the decoders.
func (r *Reader) Close() { r.dec.Close() }
