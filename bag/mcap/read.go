package mcap

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/metricslam/metricslam/bag/chunk"
)

// File is a file that is open for reading.
type File struct {
	Name     string
	Channels []Channel // by id
	Warnings []string  // what is wrong with it and was got over

	r        io.ReaderAt
	close    func() error
	size     int64
	schemas  map[int]Schema
	channels map[int]Channel
	messages []Message // of all channels, without data, by time
	chunks   *chunk.Reader
	indexed  []bool // of each chunk: its messages are known
}

// Message is where a message lies.
type Message struct {
	Channel int
	TimeNs  uint64 // when it was logged
	chunk   int    // -1: in the file itself
	offset  uint64
}

// Open reads where every message of a file lies.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var m *File
		if m, err = New(f, info.Size(), path); err == nil {
			m.close = f.Close
			return m, nil
		}
	}
	f.Close()
	return nil, err
}

// New is Open of a file of size bytes; name is for errors.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	chunks, err := chunk.NewReader(r)
	if err != nil {
		return nil, err
	}
	f := &File{Name: name, r: r, size: size, chunks: chunks, schemas: make(map[int]Schema), channels: make(map[int]Channel)}
	head := make([]byte, len(Magic))
	if _, err := r.ReadAt(head, 0); err != nil || string(head) != Magic {
		return nil, fmt.Errorf("%s: %w: it begins with %q", name, ErrDamaged, head)
	}
	f.scan()
	if err := f.unindexed(); err != nil {
		return nil, err
	}
	for _, c := range f.channels {
		f.Channels = append(f.Channels, c)
	}
	slices.SortFunc(f.Channels, func(a, b Channel) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(f.messages, func(a, b Message) int { return cmp.Compare(a.TimeNs, b.TimeNs) })
	return f, nil
}

// Close frees the file.
func (f *File) Close() error {
	f.chunks.Close()
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Schema returns how the messages of a channel are laid out, empty where the file
// does not say.
func (f *File) Schema(c Channel) Schema { return f.schemas[c.SchemaID] }

// All returns where the messages of all channels lie, by time.
func (f *File) All() []Message { return f.messages }

// Messages returns where the messages of a channel lie, by time.
func (f *File) Messages(channel int) (out []Message) {
	for _, m := range f.messages {
		if m.Channel == channel {
			out = append(out, m)
		}
	}
	return out
}

// scan passes from record to record and over what lies in chunks. It stops at the
// end, or where the file is cut short.
func (f *File) scan() {
	for at := int64(len(Magic)); ; {
		var head [recordHead]byte
		if _, err := f.r.ReadAt(head[:], at); err != nil {
			f.cut(at)
			return
		}
		n := order.Uint64(head[1:])
		at += recordHead
		if n > uint64(f.size-at) {
			f.cut(at)
			return
		}
		switch op := head[0]; op {
		case opFooter:
			return
		case opChunk:
			f.noteChunk(at, n)
		case opSchema, opChannel, opMessage, opMessageIndex:
			b := make([]byte, n)
			if _, err := f.r.ReadAt(b, at); err != nil {
				f.cut(at)
				return
			}
			f.record(op, b, -1, uint64(at-recordHead))
		}
		at += int64(n)
	}
}

func (f *File) cut(at int64) {
	f.Warnings = append(f.Warnings, fmt.Sprintf("%s ends at byte %d within a record: it was cut short, what came before is read", f.Name, at))
}

// record takes a record in, of the file itself or of a chunk.
func (f *File) record(op byte, b []byte, chunk int, offset uint64) {
	r := fields{b: b}
	switch op {
	case opSchema:
		s := Schema{ID: r.u16(), Name: r.text(), Encoding: r.text()}
		s.Data = bytes.Clone(r.take(uint64(r.u32()))) // the chunk's memory is used again
		if !r.bad {
			f.schemas[s.ID] = s
		}
	case opChannel:
		c := Channel{ID: r.u16(), SchemaID: r.u16(), Topic: r.text(), Encoding: r.text()}
		if !r.bad {
			f.channels[c.ID] = c
		}
	case opMessage:
		m := Message{Channel: r.u16(), chunk: chunk, offset: offset}
		r.u32()
		m.TimeNs = r.u64()
		if !r.bad {
			f.messages = append(f.messages, m)
		}
	case opMessageIndex:
		last := len(f.indexed) - 1
		if last < 0 {
			return
		}
		id := r.u16()
		rows := fields{b: r.take(uint64(r.u32()))}
		f.indexed[last] = true
		for len(rows.b) >= 16 {
			f.messages = append(f.messages, Message{Channel: id, TimeNs: rows.u64(), chunk: last, offset: rows.u64()})
		}
	}
}

// noteChunk notes where a chunk lies.
func (f *File) noteChunk(at int64, n uint64) {
	const fixed = 8 + 8 + 8 + 4 + 4
	head := make([]byte, min(n, fixed+64))
	if _, err := f.r.ReadAt(head, at); err != nil {
		return
	}
	r := fields{b: head}
	r.take(16)
	c := chunk.Chunk{Unpacked: r.u64()}
	r.u32()
	c.Compression = r.text()
	c.Packed = r.u64()
	c.Offset = uint64(at) + uint64(len(head)-len(r.b))
	if r.bad || c.Packed > n {
		f.Warnings = append(f.Warnings, fmt.Sprintf("%s: the chunk at byte %d is damaged and left out", f.Name, at))
		return
	}
	f.chunks.Add(c)
	f.indexed = append(f.indexed, false)
}

// unindexed unpacks the chunks without an index, and all where the summary with the
// channels is missing.
func (f *File) unindexed() error {
	named := true
	for _, m := range f.messages {
		_, ok := f.channels[m.Channel]
		named = named && ok
	}
	for i, indexed := range f.indexed {
		if indexed && named {
			continue
		}
		data, err := f.chunks.Bytes(i)
		if err != nil {
			f.Warnings = append(f.Warnings, fmt.Sprintf("%s: %v: it is left out", f.Name, err))
			continue
		}
		for at := uint64(0); at+recordHead <= uint64(len(data)); {
			n := order.Uint64(data[at+1:])
			if n > uint64(len(data))-at-recordHead {
				break
			}
			if op := data[at]; !indexed || op != opMessage {
				f.record(op, data[at+recordHead:at+recordHead+n], i, at)
			}
			at += recordHead + n
		}
	}
	if len(f.channels) == 0 {
		return fmt.Errorf("%s: %w: it has no topics", f.Name, ErrDamaged)
	}
	return nil
}

// Data returns the content of a message; it holds until the next call.
func (f *File) Data(m Message) ([]byte, error) {
	const head = 2 + 4 + 8 + 8
	var record []byte
	if m.chunk < 0 {
		var h [recordHead]byte
		if _, err := f.r.ReadAt(h[:], int64(m.offset)); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		record = make([]byte, order.Uint64(h[1:])) // scan saw that it fits
		if _, err := f.r.ReadAt(record, int64(m.offset)+recordHead); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	} else {
		data, err := f.chunks.Bytes(m.chunk)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if m.offset > uint64(len(data)) {
			return nil, fmt.Errorf("%s: %w: a message past the end of its chunk", f.Name, ErrDamaged)
		}
		r := fields{b: data[m.offset:]}
		op := r.take(1)
		if record = r.take(r.u64()); r.bad || op[0] != opMessage {
			return nil, fmt.Errorf("%s: %w: no message where the index has one", f.Name, ErrDamaged)
		}
	}
	if len(record) < head {
		return nil, fmt.Errorf("%s: %w: a message of %d bytes", f.Name, ErrDamaged, len(record))
	}
	return record[head:], nil
}
