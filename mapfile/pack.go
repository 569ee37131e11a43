package mapfile

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// newEncoder returns a fast encoder. What it packs is mostly small differences,
// which seldom repeat: entropy coding does the most.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20))
}

// packers are shared: each call of theirs stands alone.
var packers = sync.OnceValues(func() (p struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}, err error) {
	if p.enc, err = newEncoder(); err != nil {
		return p, err
	}
	p.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
	return p, err
})

// Pack compresses bytes in memory as sections of a file are.
func Pack(raw []byte) ([]byte, error) {
	p, err := packers()
	if err != nil {
		return nil, err
	}
	out := p.enc.EncodeAll(raw, make([]byte, 0, len(raw)/2))
	return append(make([]byte, 0, len(out)), out...), nil
}

// Unpack returns the n bytes that Pack was given.
func Unpack(data []byte, n int) ([]byte, error) {
	p, err := packers()
	if err != nil {
		return nil, err
	}
	out, err := p.dec.DecodeAll(data, make([]byte, 0, n))
	if err == nil && len(out) != n {
		err = fmt.Errorf("%d bytes, want %d", len(out), n)
	}
	if err != nil {
		return nil, fmt.Errorf("mapfile: what was packed in memory: %w", err)
	}
	return out, nil
}
