package datasets

import (
	"bytes"
	"encoding/binary"
)

// soundTIFF reports whether the entries of the TIFF structure of a photograph's EXIF
// hold no more values than the data has bytes. The decoder takes memory for as many as
// an entry says: a damaged one says billions. Data without such a structure are sound.
func soundTIFF(data []byte) bool {
	little, big := bytes.Index(data, []byte("II*\x00")), bytes.Index(data, []byte("MM\x00*"))
	start, order := little, binary.ByteOrder(binary.LittleEndian)
	if little < 0 || big >= 0 && big < little {
		start, order = big, binary.BigEndian
	}
	if start < 0 || len(data)-start < 8 {
		return true
	}
	t := data[start:]
	const (
		entryBytes = 12
		mostDirs   = 16 // of a photograph: its own, its thumbnail's, EXIF, GPS, interoperability
	)
	next := []uint32{order.Uint32(t[4:])}
	for n := 0; len(next) > 0 && n < mostDirs; n++ {
		at := int(next[0])
		next = next[1:]
		if at <= 0 || at+2 > len(t) {
			continue
		}
		end := at + 2 + entryBytes*int(order.Uint16(t[at:]))
		for e := at + 2; e+entryBytes <= min(end, len(t)); e += entryBytes {
			if int64(order.Uint32(t[e+4:])) > int64(len(t)) {
				return false
			}
			switch order.Uint16(t[e:]) {
			case 0x8769, 0x8825, 0xa005: // EXIF, GPS, interoperability
				next = append(next, order.Uint32(t[e+8:]))
			}
		}
		if end+4 <= len(t) {
			next = append(next, order.Uint32(t[end:]))
		}
	}
	return true
}
