// Package rosbag1 reads the bags of ROS 1 (format 2.0,
// http://wiki.ros.org/Bags/Format/2.0). One that was cut short, or whose recording
// was never ended (.bag.active), is read as far as it goes.
package rosbag1

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/metricslam/metricslam/bag/chunk"
)

// Magic stands at the head of every file.
const Magic = "#ROSBAG V2.0\n"

// OldMagic stands at the head of files before version 2.0, of 2010; they are not read.
const OldMagic = "#ROSBAG V1."

// The operations of records.
const (
	opMessage    = 0x02
	opBagHeader  = 0x03
	opIndex      = 0x04
	opChunk      = 0x05
	opConnection = 0x07
)

const (
	maxHeader     = 1 << 20 // bytes of a record's header: names and numbers
	maxConnection = 8 << 20 // of a connection: the definition of its messages
	indexRow      = 12      // bytes: time and offset
)

// ErrDamaged is the error of a file that does not follow the format.
var ErrDamaged = errors.New("not a sound bag of ROS 1")

// Connection is a topic as one node wrote it; a topic may have several.
type Connection struct {
	ID          int
	Topic, Type string // "sensor_msgs/Image"
}

// Message is where a message lies.
type Message struct {
	Connection int
	TimeNs     uint64 // when it was received
	chunk      int    // -1: in the file itself
	offset     uint64
}

// File is a file that is open for reading.
type File struct {
	Connections []Connection // by id
	Messages    []Message    // by time
	Warnings    []string     // what is wrong with it and was got over

	name        string
	r           io.ReaderAt
	size        uint64
	chunks      *chunk.Reader
	indexed     []bool // of each chunk: its messages are known
	connections map[int]Connection
}

// New reads where every message of a file of size bytes lies; name is for errors.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	chunks, err := chunk.NewReader(r)
	if err != nil {
		return nil, err
	}
	f := &File{name: name, r: r, size: uint64(size), chunks: chunks, connections: make(map[int]Connection)}
	if err := f.scan(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.unindexed()
	if len(f.connections) == 0 {
		return nil, fmt.Errorf("%s: %w: it has no topics", name, ErrDamaged)
	}
	f.Connections = slices.SortedFunc(maps.Values(f.connections), func(a, b Connection) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(f.Messages, func(a, b Message) int { return cmp.Compare(a.TimeNs, b.TimeNs) })
	return f, nil
}

// record is the head of a record and where its data lies.
type record struct {
	head   map[string][]byte
	offset uint64 // of the data
	size   uint64
}

func (r record) op() byte {
	if b := r.head["op"]; len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r record) u32(name string) (uint32, bool) {
	b := r.head[name]
	if len(b) != 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// recordAt reads the head of the record at an offset of b, which ends at size; io.EOF
// where it does not fit.
func recordAt(b io.ReaderAt, at, size uint64) (rec record, err error) {
	length := func() (n uint64) {
		var word [4]byte
		if err == nil {
			_, err = b.ReadAt(word[:], int64(at))
		}
		at += uint64(len(word))
		return uint64(binary.LittleEndian.Uint32(word[:]))
	}
	n := length()
	if err != nil || n > maxHeader || n > size-min(at, size) {
		return rec, io.EOF
	}
	head := make([]byte, n)
	if _, err = b.ReadAt(head, int64(at)); err != nil {
		return rec, io.EOF
	}
	at += n
	rec.head = fields(head)
	rec.size = length()
	if rec.offset = at; err != nil || rec.size > size-min(at, size) {
		return rec, io.EOF
	}
	return rec, nil
}

// fields cuts a header into its fields, each length, name, =, value; what does not
// follow that ends it.
func fields(b []byte) map[string][]byte {
	out := make(map[string][]byte)
	for len(b) >= 4 {
		n := binary.LittleEndian.Uint32(b)
		b = b[4:]
		if uint64(n) > uint64(len(b)) {
			break
		}
		field := b[:n]
		b = b[n:]
		for i, c := range field {
			if c == '=' {
				out[string(field[:i])] = field[i+1:]
				break
			}
		}
	}
	return out
}

// scan passes from record to record and over what lies in chunks. It stops at the
// end, or where the file is cut short.
func (f *File) scan() error {
	for at := uint64(len(Magic)); at < f.size; {
		rec, err := recordAt(f.r, at, f.size)
		if err != nil {
			f.warn("it ends within a record at byte %d: it was cut short, what came before is read", at)
			return nil
		}
		switch rec.op() {
		case opBagHeader:
			if e := rec.head["encryptor"]; len(e) > 0 {
				return fmt.Errorf("it is encrypted by %s: decrypt it by `rosbag decrypt`", e)
			}
		case opChunk:
			unpacked, _ := rec.u32("size")
			f.chunks.Add(chunk.Chunk{Offset: rec.offset, Packed: rec.size, Unpacked: uint64(unpacked), Compression: string(rec.head["compression"])})
			f.indexed = append(f.indexed, false)
		case opIndex:
			if err := f.index(rec); err != nil {
				return err
			}
		case opConnection:
			f.connection(f.r, rec)
		case opMessage:
			f.message(rec, -1, at)
		}
		at = rec.offset + rec.size
	}
	return nil
}

func (f *File) warn(format string, args ...any) {
	f.Warnings = append(f.Warnings, f.name+": "+fmt.Sprintf(format, args...))
}

// index takes in where the messages of a connection lie in the chunk before.
func (f *File) index(rec record) error {
	id, ok := rec.u32("conn")
	if !ok || len(f.indexed) == 0 {
		return nil
	}
	rows := make([]byte, rec.size)
	if _, err := f.r.ReadAt(rows, int64(rec.offset)); err != nil {
		return err
	}
	last := len(f.indexed) - 1
	f.indexed[last] = true
	for ; len(rows) >= indexRow; rows = rows[indexRow:] {
		f.Messages = append(f.Messages, Message{int(id), stamp(rows), last, uint64(binary.LittleEndian.Uint32(rows[8:]))})
	}
	return nil
}

// stamp reads seconds and nanoseconds.
func stamp(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b))*1e9 + uint64(binary.LittleEndian.Uint32(b[4:]))
}

// connection takes in a topic; what it says of itself lies in the data of the record.
func (f *File) connection(r io.ReaderAt, rec record) {
	id, ok := rec.u32("conn")
	if !ok || rec.size > maxConnection {
		return
	}
	b := make([]byte, rec.size)
	if _, err := r.ReadAt(b, int64(rec.offset)); err != nil {
		return
	}
	c := Connection{int(id), string(rec.head["topic"]), string(fields(b)["type"])}
	f.connections[c.ID] = c
}

func (f *File) message(rec record, chunk int, at uint64) {
	id, ok := rec.u32("conn")
	if t := rec.head["time"]; ok && len(t) == 8 {
		f.Messages = append(f.Messages, Message{int(id), stamp(t), chunk, at})
	}
}

// unindexed unpacks the chunks without an index, and all where topics are missing that
// messages name: they stand in a chunk before its messages.
func (f *File) unindexed() {
	named := true
	for _, m := range f.Messages {
		_, ok := f.connections[m.Connection]
		named = named && ok
	}
	for i, indexed := range f.indexed {
		if indexed && named {
			continue
		}
		data, err := f.chunks.Bytes(i)
		if err != nil {
			f.warn("%v: left out", err)
			continue
		}
		b := bytes.NewReader(data)
		for at := uint64(0); at < uint64(len(data)); {
			rec, err := recordAt(b, at, uint64(len(data)))
			if err != nil {
				f.warn("a record of the chunk number %d is damaged: what follows in it is left out", i)
				break
			}
			switch rec.op() {
			case opConnection:
				f.connection(b, rec)
			case opMessage:
				if !indexed {
					f.message(rec, i, at)
				}
			}
			at = rec.offset + rec.size
		}
	}
}

// Data returns the content of a message.
func (f *File) Data(m Message) ([]byte, error) {
	r, size := f.r, f.size
	if m.chunk >= 0 {
		data, err := f.chunks.Bytes(m.chunk)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		r, size = bytes.NewReader(data), uint64(len(data))
	}
	rec, err := recordAt(r, m.offset, size)
	if err != nil || rec.op() != opMessage {
		return nil, fmt.Errorf("%s: %w: no message where the index has one", f.name, ErrDamaged)
	}
	out := make([]byte, rec.size)
	_, err = r.ReadAt(out, int64(rec.offset))
	return out, err
}

// Close frees the decoders; the file stays open.
func (f *File) Close() { f.chunks.Close() }
