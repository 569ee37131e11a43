package mapfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Version is what this build writes, and the newest it reads.
const Version = 1

// oldest is the oldest version that is still read.
const oldest = 1

// Suffix is how the name of a map file ends.
const Suffix = ".mslam"

// What can be wrong with a file; errors of this package wrap one of them and name
// the file.
var (
	ErrNotMap  = errors.New("not a metricslam map")
	ErrVersion = errors.New("map of another version")
	ErrDamaged = errors.New("damaged map")
)

const (
	// magic has a byte that is no ASCII and a line end, so that a transfer as
	// text shows at once.
	magic    = "\x89MSLAM\r\n"
	endMagic = "MSLAMEND"

	headerLen = 16 // magic, version u32, CRC u32 of the 12 bytes before
	entryLen  = 40
	footerLen = 28 // table offset u64, entries u32, CRC u32 of the table, CRC u32 of the 16 bytes before, endMagic

	// maxGrowth is the largest ratio of a section's size to what is stored of it;
	// the writer stores what would shrink further as it is. It bounds what a
	// reader allocates by the size of the file.
	maxGrowth = 256
)

// Codec is how a section is stored.
type Codec uint32

// The codecs of sections.
const (
	Stored Codec = iota
	Zstd
)

// Entry is a section in the table.
type Entry struct {
	Tag    string // four characters
	Index  int    // of several sections with one tag
	Codec  Codec
	Offset int64 // in the file
	Size   int64 // bytes in the file
	Raw    int64 // bytes once unpacked
	CRC    uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

var order = binary.LittleEndian

func (e Entry) append(b []byte) []byte {
	b = append(b, e.Tag...)
	b = order.AppendUint32(b, uint32(e.Index))
	b = order.AppendUint32(b, uint32(e.Codec))
	b = order.AppendUint64(b, uint64(e.Offset))
	b = order.AppendUint64(b, uint64(e.Size))
	b = order.AppendUint64(b, uint64(e.Raw))
	return order.AppendUint32(b, e.CRC)
}

func parseEntry(b []byte) Entry {
	return Entry{
		Tag: string(b[:4]), Index: int(order.Uint32(b[4:])), Codec: Codec(order.Uint32(b[8:])),
		Offset: int64(order.Uint64(b[12:])), Size: int64(order.Uint64(b[20:])), Raw: int64(order.Uint64(b[28:])), CRC: order.Uint32(b[36:]),
	}
}

// check asks that a section begins at want and ends before the table, and that it
// does not claim to unpack to more than its codec allows.
func (e Entry) check(want, table int64) error {
	switch {
	case e.Offset != want || e.Size < 0 || e.Size > table-want:
		return fmt.Errorf("section %s %d of %d bytes at %d does not fit between %d and %d", e.Tag, e.Index, e.Size, e.Offset, want, table)
	case e.Codec == Stored && e.Raw != e.Size, e.Codec == Zstd && (e.Raw < 0 || e.Raw > maxGrowth*e.Size):
		return fmt.Errorf("section %s %d claims %d bytes out of %d", e.Tag, e.Index, e.Raw, e.Size)
	case e.Codec > Zstd:
		return fmt.Errorf("section %s %d has the unknown codec %d", e.Tag, e.Index, e.Codec)
	}
	return nil
}
