package rosmsg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// encoder writes CDR, little-endian; numbers are aligned to their size, counted
// from behind the four bytes of the head.
type encoder struct{ b []byte }

const cdrHead = 4

func newEncoder(size int) *encoder {
	return &encoder{append(make([]byte, 0, size+64), 0, 1, 0, 0)}
}

func (e *encoder) align(n int) {
	for (len(e.b)-cdrHead)%n != 0 {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) u8(v ...uint8) { e.b = append(e.b, v...) }

func (e *encoder) flag(v bool) {
	if v {
		e.u8(1)
	} else {
		e.u8(0)
	}
}

func (e *encoder) u32(v ...uint32) {
	e.align(4)
	for _, x := range v {
		e.b = binary.LittleEndian.AppendUint32(e.b, x)
	}
}

func (e *encoder) f32(v ...float32) {
	for _, x := range v {
		e.u32(math.Float32bits(x))
	}
}

func (e *encoder) f64(v ...float64) {
	e.align(8)
	for _, x := range v {
		e.b = binary.LittleEndian.AppendUint64(e.b, math.Float64bits(x))
	}
}

func (e *encoder) text(s string) {
	e.u32(uint32(len(s) + 1))
	e.b = append(append(e.b, s...), 0)
}

func (e *encoder) bytes(v []byte) {
	e.u32(uint32(len(v)))
	e.b = append(e.b, v...)
}

// decoder reads CDR of either byte order, and the encoding of ROS 1; bad is set where a
// message ends early.
type decoder struct {
	b      []byte // of the message, without its head
	at     int
	order  binary.ByteOrder
	packed bool // ROS 1: nothing is aligned, texts end without a zero, headers count
	bad    bool
}

var errShort = errors.New("the message ends within a field: it is damaged, or of another type")

func newDecoder(enc Encoding, b []byte) (*decoder, error) {
	switch enc {
	case ROS1:
		return &decoder{b: b, order: binary.LittleEndian, packed: true}, nil
	case CDR:
	default:
		return nil, fmt.Errorf("messages encoded as %q are not read, only as %q and %q", enc, CDR, ROS1)
	}
	if len(b) < cdrHead || b[0] != 0 || b[1] > 1 {
		return nil, errors.New("not a CDR message (plain CDR is read, parameter lists and XCDR2 are not)")
	}
	d := &decoder{b: b[cdrHead:], order: binary.BigEndian}
	if b[1] == 1 {
		d.order = binary.LittleEndian
	}
	return d, nil
}

func (d *decoder) take(n, align int) []byte {
	if !d.packed {
		d.at += (align - d.at%align) % align
	}
	if d.bad || n < 0 || n > len(d.b)-d.at {
		d.bad = true
		return nil
	}
	out := d.b[d.at : d.at+n]
	d.at += n
	return out
}

func (d *decoder) u8() uint8 {
	if b := d.take(1, 1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u32() uint32 {
	if b := d.take(4, 4); b != nil {
		return d.order.Uint32(b)
	}
	return 0
}

func (d *decoder) f64(n int) []float64 {
	b := d.take(8*n, 8)
	if b == nil {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Float64frombits(d.order.Uint64(b[8*i:]))
	}
	return out
}

// f64s is a sequence; none of a hostile length is made room for.
func (d *decoder) f64s() []float64 {
	n := d.u32()
	if n == 0 || n > uint32(len(d.b)/8) {
		d.bad = d.bad || n != 0
		return nil
	}
	return d.f64(int(n))
}

func (d *decoder) text() string {
	n := d.u32()
	if n > uint32(len(d.b)) {
		d.bad = true
		return ""
	}
	b := d.take(int(n), 1)
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return string(b)
}

func (d *decoder) bytes() []byte {
	n := d.u32()
	if n > uint32(len(d.b)) {
		d.bad = true
		return nil
	}
	return d.take(int(n), 1)
}

func (d *decoder) err() error {
	if d.bad {
		return errShort
	}
	return nil
}
