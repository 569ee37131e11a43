package mcap

import (
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// chunkBytes is how much is gathered before a chunk is packed: a reader unpacks as
// much to get at one message.
const chunkBytes = 1 << 20

// Writer writes a file message by message. It is used by one goroutine.
type Writer struct {
	w        io.Writer
	at       uint64 // bytes written
	enc      *zstd.Encoder
	schemas  []Schema
	channels []Channel
	counts   []uint64 // of messages, by channel
	chunk    pending
	index    []chunkIndex
	start    uint64 // of all messages
	end      uint64
	err      error
}

type pending struct {
	data       []byte
	start, end uint64
	messages   map[int][]entry // by channel
}

// entry is the time of a message and where it lies in its chunk.
type entry struct{ time, offset uint64 }

// chunkIndex is what the summary says of a chunk.
type chunkIndex struct {
	start, end       uint64
	offset, length   uint64
	indexes          map[int]uint64 // where the message index of a channel lies
	indexLength      uint64
	packed, unpacked uint64
	compression      string
}

// NewWriter starts a file; profile is that of the messages, "ros2".
func NewWriter(w io.Writer, profile, library string) (*Writer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	m := &Writer{w: w, enc: enc}
	m.write([]byte(Magic))
	m.record(opHeader, appendText(appendText(nil, profile), library))
	return m, m.err
}

// Channel adds a topic and returns its number for Message.
func (m *Writer) Channel(topic, encoding string, s Schema) int {
	i := slices.IndexFunc(m.schemas, func(o Schema) bool { return o.Name == s.Name && o.Encoding == s.Encoding })
	if i < 0 {
		i = len(m.schemas)
		s.ID = i + 1 // 0 means none
		m.schemas = append(m.schemas, s)
		m.chunk.data = appendRecord(m.chunk.data, opSchema, s.encode())
	}
	c := Channel{ID: len(m.channels), SchemaID: i + 1, Topic: topic, Encoding: encoding}
	m.channels, m.counts = append(m.channels, c), append(m.counts, 0)
	m.chunk.data = appendRecord(m.chunk.data, opChannel, c.encode())
	return c.ID
}

// Message appends a message; times are nanoseconds.
func (m *Writer) Message(channel int, timeNs uint64, data []byte) error {
	c := &m.chunk
	if c.messages == nil {
		c.messages, c.start, c.end = make(map[int][]entry), timeNs, timeNs
	}
	if m.total() == 0 {
		m.start, m.end = timeNs, timeNs
	}
	c.messages[channel] = append(c.messages[channel], entry{timeNs, uint64(len(c.data))})
	c.start, c.end = min(c.start, timeNs), max(c.end, timeNs)
	m.start, m.end = min(m.start, timeNs), max(m.end, timeNs)
	head := order.AppendUint16(nil, uint16(channel))
	head = order.AppendUint32(head, uint32(m.counts[channel]))
	head = order.AppendUint64(order.AppendUint64(head, timeNs), timeNs)
	c.data = append(c.data, opMessage)
	c.data = order.AppendUint64(c.data, uint64(len(head)+len(data)))
	c.data = append(append(c.data, head...), data...)
	m.counts[channel]++
	if len(c.data) >= chunkBytes {
		m.flush()
	}
	return m.err
}

func (m *Writer) total() (n uint64) {
	for _, c := range m.counts {
		n += c
	}
	return n
}

// flush packs the chunk, and writes it with the index of its messages.
func (m *Writer) flush() {
	c := m.chunk
	if len(c.data) == 0 {
		return
	}
	packed := m.enc.EncodeAll(c.data, nil)
	b := order.AppendUint64(order.AppendUint64(nil, c.start), c.end)
	b = order.AppendUint64(b, uint64(len(c.data)))
	b = order.AppendUint32(b, crc32.ChecksumIEEE(c.data))
	b = appendText(b, "zstd")
	b = append(order.AppendUint64(b, uint64(len(packed))), packed...)
	x := chunkIndex{
		start: c.start, end: c.end, offset: m.at, length: uint64(recordHead + len(b)), indexes: make(map[int]uint64),
		packed: uint64(len(packed)), unpacked: uint64(len(c.data)), compression: "zstd",
	}
	m.record(opChunk, b)
	begin := m.at
	for id := range m.channels {
		if len(c.messages[id]) == 0 {
			continue
		}
		x.indexes[id] = m.at
		var rows []byte
		for _, e := range c.messages[id] {
			rows = order.AppendUint64(order.AppendUint64(rows, e.time), e.offset)
		}
		b := order.AppendUint16(nil, uint16(id))
		m.record(opMessageIndex, append(order.AppendUint32(b, uint32(len(rows))), rows...))
	}
	x.indexLength = m.at - begin
	m.index = append(m.index, x)
	m.chunk = pending{data: c.data[:0]}
}

// Close writes the last chunk, the summary and the footer. The underlying writer
// stays open.
func (m *Writer) Close() error {
	m.flush()
	m.record(opDataEnd, make([]byte, 4)) // without a checksum of the whole
	summary := m.at
	var groups []byte
	group := func(op byte, write func()) {
		from := m.at
		if write(); m.at > from {
			b := append([]byte{}, op)
			groups = appendRecord(groups, opSummaryEntry, order.AppendUint64(order.AppendUint64(b, from), m.at-from))
		}
	}
	crc := crc32.NewIEEE()
	under := m.w
	m.w = io.MultiWriter(under, crc)
	group(opSchema, func() {
		for _, s := range m.schemas {
			m.record(opSchema, s.encode())
		}
	})
	group(opChannel, func() {
		for _, c := range m.channels {
			m.record(opChannel, c.encode())
		}
	})
	group(opStatistics, func() { m.record(opStatistics, m.statistics()) })
	group(opChunkIndex, func() {
		for _, x := range m.index {
			m.record(opChunkIndex, x.encode(len(m.channels)))
		}
	})
	offsets := m.at
	m.write(groups)
	foot := append([]byte{opFooter}, order.AppendUint64(nil, 20)...)
	foot = order.AppendUint64(order.AppendUint64(foot, summary), offsets)
	m.write(foot)
	m.w = under
	m.write(order.AppendUint32(nil, crc.Sum32()))
	m.write([]byte(Magic))
	if err := m.enc.Close(); m.err == nil {
		m.err = err
	}
	return m.err
}

func (m *Writer) statistics() []byte {
	b := order.AppendUint64(nil, m.total())
	b = order.AppendUint16(b, uint16(len(m.schemas)))
	for _, n := range []int{len(m.channels), 0, 0, len(m.index)} {
		b = order.AppendUint32(b, uint32(n))
	}
	b = order.AppendUint64(order.AppendUint64(b, m.start), m.end)
	b = order.AppendUint32(b, uint32(10*len(m.counts)))
	for id, n := range m.counts {
		b = order.AppendUint64(order.AppendUint16(b, uint16(id)), n)
	}
	return b
}

func (x *chunkIndex) encode(channels int) []byte {
	b := order.AppendUint64(order.AppendUint64(nil, x.start), x.end)
	b = order.AppendUint64(order.AppendUint64(b, x.offset), x.length)
	b = order.AppendUint32(b, uint32(10*len(x.indexes)))
	for id := range channels {
		if at, ok := x.indexes[id]; ok {
			b = order.AppendUint64(order.AppendUint16(b, uint16(id)), at)
		}
	}
	b = appendText(order.AppendUint64(b, x.indexLength), x.compression)
	return order.AppendUint64(order.AppendUint64(b, x.packed), x.unpacked)
}

func (s *Schema) encode() []byte {
	b := appendText(appendText(order.AppendUint16(nil, uint16(s.ID)), s.Name), s.Encoding)
	return append(order.AppendUint32(b, uint32(len(s.Data))), s.Data...)
}

func (c *Channel) encode() []byte {
	b := order.AppendUint16(order.AppendUint16(nil, uint16(c.ID)), uint16(c.SchemaID))
	return order.AppendUint32(appendText(appendText(b, c.Topic), c.Encoding), 0) // no metadata
}

func appendText(b []byte, s string) []byte {
	return append(order.AppendUint32(b, uint32(len(s))), s...)
}

func appendRecord(b []byte, op byte, content []byte) []byte {
	return append(order.AppendUint64(append(b, op), uint64(len(content))), content...)
}

func (m *Writer) record(op byte, content []byte) { m.write(appendRecord(nil, op, content)) }

func (m *Writer) write(b []byte) {
	if m.err != nil {
		return
	}
	n, err := m.w.Write(b)
	m.at += uint64(n)
	if err != nil {
		m.err = fmt.Errorf("write MCAP: %w", err)
	}
}
