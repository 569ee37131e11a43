package mapfile

import (
	"fmt"
	"math"
)

// kind is what a column's values are.
type kind uint8

const (
	kindBytes   kind = iota // bytes
	kindInt                 // 64-bit integers, two's complement
	kindFloat               // IEEE 754 of 64 bits
	kindFloat32             // of 32 bits
)

func (k kind) width() int {
	switch k {
	case kindBytes:
		return 1
	case kindFloat32:
		return 4
	default:
		return 8
	}
}

// Encoder makes a section of named columns. Each is: length of the name u8, name,
// kind u8, number of values u32, and the values, their first bytes first, then
// their second ones and so on: bytes of like weight compress well side by side.
type Encoder struct{ buf []byte }

// Data returns the section.
func (e *Encoder) Data() []byte { return e.buf }

func (e *Encoder) head(name string, k kind, n int) []byte {
	if len(name) == 0 || len(name) > math.MaxUint8 || n > math.MaxUint32 {
		panic(fmt.Sprintf("mapfile: column %q of %d values", name, n)) // names and sizes come from the program
	}
	e.buf = append(append(e.buf, uint8(len(name))), name...)
	e.buf = order.AppendUint32(append(e.buf, uint8(k)), uint32(n))
	at := len(e.buf)
	e.buf = append(e.buf, make([]byte, n*k.width())...)
	return e.buf[at:]
}

// Bytes adds a column of bytes.
func (e *Encoder) Bytes(name string, v []byte) { copy(e.head(name, kindBytes, len(v)), v) }

// Ints adds a column of integers.
func (e *Encoder) Ints(name string, v []int) {
	out := e.head(name, kindInt, len(v))
	for i, x := range v {
		spread(out, i, len(v), uint64(int64(x)), 8)
	}
}

// Floats adds a column of numbers.
func (e *Encoder) Floats(name string, v []float64) {
	out := e.head(name, kindFloat, len(v))
	for i, x := range v {
		spread(out, i, len(v), math.Float64bits(x), 8)
	}
}

// Floats32 adds a column of numbers in single precision.
func (e *Encoder) Floats32(name string, v []float32) {
	out := e.head(name, kindFloat32, len(v))
	for i, x := range v {
		spread(out, i, len(v), uint64(math.Float32bits(x)), 4)
	}
}

// Strings adds a column of texts.
func (e *Encoder) Strings(name string, v []string) {
	lengths := make([]int, len(v))
	var all []byte
	for i, s := range v {
		lengths[i] = len(s)
		all = append(all, s...)
	}
	e.Ints(name+".len", lengths)
	e.Bytes(name, all)
}

// spread writes the bytes of value i of n into their planes.
func spread(out []byte, i, n int, v uint64, width int) {
	for p := range width {
		out[p*n+i] = byte(v >> (8 * p))
	}
}

func gather(in []byte, i, n, width int) (v uint64) {
	for p := range width {
		v |= uint64(in[p*n+i]) << (8 * p)
	}
	return v
}

// Decoder gives the columns of a section by name. The first thing that is wrong
// stays in Err, and what is asked for afterwards is empty.
type Decoder struct {
	columns map[string]column
	err     error
}

type column struct {
	kind kind
	n    int
	data []byte
}

// NewDecoder splits a section into its columns. No length is believed before the
// section is long enough for it.
func NewDecoder(raw []byte) (*Decoder, error) {
	d := &Decoder{columns: make(map[string]column)}
	for len(raw) > 0 {
		nameLen := int(raw[0])
		if len(raw) < 1+nameLen+5 {
			return nil, fmt.Errorf("a column's head ends early")
		}
		name := string(raw[1 : 1+nameLen])
		c := column{kind: kind(raw[1+nameLen]), n: int(order.Uint32(raw[2+nameLen:]))}
		raw = raw[6+nameLen:]
		if c.kind > kindFloat32 {
			return nil, fmt.Errorf("column %q is of the unknown kind %d", name, c.kind)
		}
		if c.n > len(raw)/c.kind.width() {
			return nil, fmt.Errorf("column %q claims %d values, %d bytes are left", name, c.n, len(raw))
		}
		size := c.n * c.kind.width()
		c.data, raw = raw[:size], raw[size:]
		d.columns[name] = c
	}
	return d, nil
}

// Err returns what was wrong first.
func (d *Decoder) Err() error { return d.err }

// Fail notes that something is wrong with the section.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

// Has reports whether a column is there.
func (d *Decoder) Has(name string) bool { _, ok := d.columns[name]; return ok }

// column returns a column of n values, any number where n is negative.
func (d *Decoder) column(name string, k kind, n int) column {
	c, ok := d.columns[name]
	switch {
	case d.err != nil:
	case !ok:
		d.Fail("column %q is missing", name)
	case c.kind != k:
		d.Fail("column %q is of kind %d, want %d", name, c.kind, k)
	case n >= 0 && c.n != n:
		d.Fail("column %q has %d values, want %d", name, c.n, n)
	default:
		return c
	}
	return column{}
}

// Bytes returns a column of n bytes, of any number where n is negative. It must
// not be changed.
func (d *Decoder) Bytes(name string, n int) []byte { return d.column(name, kindBytes, n).data }

// Ints returns a column of n integers, of any number where n is negative.
func (d *Decoder) Ints(name string, n int) []int {
	c := d.column(name, kindInt, n)
	out := make([]int, c.n)
	for i := range out {
		out[i] = int(int64(gather(c.data, i, c.n, 8)))
	}
	return out
}

// Floats returns a column of n numbers, of any number where n is negative.
func (d *Decoder) Floats(name string, n int) []float64 {
	c := d.column(name, kindFloat, n)
	out := make([]float64, c.n)
	for i := range out {
		out[i] = math.Float64frombits(gather(c.data, i, c.n, 8))
	}
	return out
}

// Floats32 returns a column of n numbers in single precision.
func (d *Decoder) Floats32(name string, n int) []float32 {
	c := d.column(name, kindFloat32, n)
	out := make([]float32, c.n)
	for i := range out {
		out[i] = math.Float32frombits(uint32(gather(c.data, i, c.n, 4)))
	}
	return out
}

// Strings returns a column of texts.
func (d *Decoder) Strings(name string) []string {
	lengths := d.Ints(name+".len", -1)
	all := d.Bytes(name, -1)
	out := make([]string, 0, len(lengths))
	for _, n := range lengths {
		if n < 0 || n > len(all) {
			d.Fail("column %q holds a text of %d bytes, %d are left", name, n, len(all))
			return nil
		}
		out, all = append(out, string(all[:n])), all[n:]
	}
	return out
}
