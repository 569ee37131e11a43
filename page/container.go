package page

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/bits"

	"github.com/klauspost/compress/gzip"
)

// container gathers what goes to the browser in one piece:
//
//	length of the header  uint32, little-endian
//	header                JSON: "meta", what the page reads as it is, and "columns"
//	columns               bytes, one after the other
//
// web/container.js reads it.
type container struct {
	meta    map[string]any
	columns map[string]column
	data    []byte
	fast    bool // packed in haste
}

// column says how the bytes of a column are read. Its values are rows of Width.
type column struct {
	Kind   string `json:"kind"` // "f32", "bytes", "ints", "deltas"
	Offset int    `json:"offset"`
	Length int    `json:"length"` // bytes
	Width  int    `json:"width"`
	Planes int    `json:"planes,omitempty"` // of ints and deltas: bytes a value
}

func newContainer() *container {
	return &container{meta: make(map[string]any), columns: make(map[string]column)}
}

// add appends bytes as a column.
func (c *container) add(name string, col column, data []byte) {
	col.Offset, col.Length = len(c.data), len(data)
	c.columns[name] = col
	c.data = append(c.data, data...)
}

// floats adds a column of float32.
func (c *container) floats(name string, width int, values []float32) {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	c.add(name, column{Kind: "f32", Width: width}, data)
}

// bytes adds a column of bytes.
func (c *container) bytes(name string, data []byte) {
	c.add(name, column{Kind: "bytes", Width: 1}, data)
}

// ints adds a column of integers in as many bytes as the largest needs: first the
// lowest byte of all values, then the second of all, and so on, which packs well.
// Negative values are folded between the positive ones.
func (c *container) ints(name string, width int, values []int32) {
	c.planes(name, column{Kind: "ints", Width: width}, values)
}

// deltas adds a column of integers as differences to the row before.
func (c *container) deltas(name string, width int, values []int32) {
	d := make([]int32, len(values))
	for i, v := range values {
		if i >= width {
			v -= values[i-width]
		}
		d[i] = v
	}
	c.planes(name, column{Kind: "deltas", Width: width}, d)
}

func (c *container) planes(name string, col column, values []int32) {
	var all uint32
	for _, v := range values {
		all |= fold(v)
	}
	n := len(values)
	col.Planes = max(1, (bits.Len32(all)+7)/8)
	data := make([]byte, col.Planes*n)
	for i, v := range values {
		for p, u := 0, fold(v); p < col.Planes; p++ {
			data[p*n+i] = byte(u >> (8 * p))
		}
	}
	c.add(name, col, data)
}

// fold numbers 0, -1, 1, -2, 2, ... from 0 on.
func fold(v int32) uint32 { return uint32(v<<1) ^ uint32(v>>31) }

// pack returns the container, compressed.
func (c *container) pack() ([]byte, error) {
	header, err := json.Marshal(map[string]any{"meta": c.meta, "columns": c.columns})
	if err != nil {
		return nil, err
	}
	level := gzip.BestCompression
	if c.fast {
		level = gzip.BestSpeed
	}
	return squeeze(level, binary.LittleEndian.AppendUint32(nil, uint32(len(header))), header, c.data)
}

// squeeze compresses parts as one.
func squeeze(level int, parts ...[]byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if _, err := z.Write(p); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
