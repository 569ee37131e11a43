// Package mcap reads and writes MCAP, the container of recorded messages that
// Foxglove and ROS 2 use (https://mcap.dev/spec). Files are written in compressed
// chunks with an index, and read by it; one that was cut short is read as far as it
// goes.
package mcap

import (
	"encoding/binary"
	"errors"
)

// Magic stands at the head of every file.
const Magic = "\x89MCAP0\r\n"

// The opcodes of records.
const (
	opHeader       = 0x01
	opFooter       = 0x02
	opSchema       = 0x03
	opChannel      = 0x04
	opMessage      = 0x05
	opChunk        = 0x06
	opMessageIndex = 0x07
	opChunkIndex   = 0x08
	opStatistics   = 0x0B
	opSummaryEntry = 0x0E
	opDataEnd      = 0x0F
)

const recordHead = 9 // opcode and length

// Schema says how the data of a channel's messages is laid out.
type Schema struct {
	ID       int
	Name     string // "sensor_msgs/msg/Image"
	Encoding string // "ros2msg"
	Data     []byte
}

// Channel is a topic.
type Channel struct {
	ID       int
	SchemaID int
	Topic    string
	Encoding string // of its messages: "cdr"
}

var order = binary.LittleEndian

// ErrDamaged is the error of a file that does not follow the format.
var ErrDamaged = errors.New("not a sound MCAP file")

// fields takes the fields of a record one by one; bad is set where one runs over
// its end.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) take(n uint64) []byte {
	if f.bad || n > uint64(len(f.b)) {
		f.bad = true
		return nil
	}
	out := f.b[:n]
	f.b = f.b[n:]
	return out
}

func (f *fields) u16() int {
	if b := f.take(2); b != nil {
		return int(order.Uint16(b))
	}
	return 0
}

func (f *fields) u32() uint32 {
	if b := f.take(4); b != nil {
		return order.Uint32(b)
	}
	return 0
}

func (f *fields) u64() uint64 {
	if b := f.take(8); b != nil {
		return order.Uint64(b)
	}
	return 0
}

func (f *fields) text() string { return string(f.take(uint64(f.u32()))) }
