package mapfile

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a map file from front to back.
type Writer struct {
	w       io.Writer
	at      int64
	entries []Entry
	enc     *zstd.Encoder
	buf     []byte
}

// NewWriter writes the header.
func NewWriter(w io.Writer) (*Writer, error) {
	enc, err := newEncoder()
	if err != nil {
		return nil, err
	}
	h := order.AppendUint32([]byte(magic), Version)
	out := &Writer{w: w, enc: enc}
	return out, out.write(order.AppendUint32(h, checksum(h)))
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.at += int64(n)
	return err
}

// Add compresses a section and writes it. The same tag and index may not come
// twice.
func (w *Writer) Add(tag string, index int, raw []byte) error {
	w.buf = w.enc.EncodeAll(raw, w.buf[:0])
	e := Entry{Tag: tag, Index: index, Codec: Zstd, Raw: int64(len(raw))}
	data := w.buf
	if len(data) >= len(raw) || len(raw) > maxGrowth*len(data) {
		e.Codec, data = Stored, raw
	}
	return w.put(e, data)
}

// AddStored writes a section of another file as File.Stored returned it, under an
// index of this file.
func (w *Writer) AddStored(e Entry, index int, data []byte) error {
	e.Index = index
	return w.put(e, data)
}

func (w *Writer) put(e Entry, data []byte) error {
	if len(e.Tag) != 4 {
		return fmt.Errorf("mapfile: tag %q must have four characters", e.Tag)
	}
	e.Offset, e.Size, e.CRC = w.at, int64(len(data)), checksum(data)
	w.entries = append(w.entries, e)
	return w.write(data)
}

// Close writes the table and the footer; the underlying writer stays open.
func (w *Writer) Close() error {
	defer w.enc.Close()
	offset := w.at
	var table []byte
	for _, e := range w.entries {
		table = e.append(table)
	}
	foot := order.AppendUint64(nil, uint64(offset))
	foot = order.AppendUint32(foot, uint32(len(w.entries)))
	foot = order.AppendUint32(foot, checksum(table))
	foot = order.AppendUint32(foot, checksum(foot))
	return w.write(append(append(table, foot...), endMagic...))
}
