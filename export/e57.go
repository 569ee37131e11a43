package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/slam"
)

// E57 (ASTM E2807): a header, a binary section with the points and an XML section
// that describes them. The whole file is cut into pages whose last four bytes are a
// CRC-32C of the others; offsets within the file count those bytes, lengths do not.
const (
	e57Page       = 1024
	e57PageData   = e57Page - 4
	e57HeaderLen  = 48
	e57SectionLen = 32 // header of a compressed vector
	e57IndexLen   = 32 // index packet with one entry
	e57Batch      = 3000
)

// WriteE57 writes the vertices of a mesh as a cloud of one scan. Positions are of
// single precision; colours are 8 bits wide.
func WriteE57(path string, m *slam.Mesh) error {
	if err := CheckMesh(m); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	section := e57Section(m)
	xml := e57XML(m, sha256.Sum256(section))
	xmlAt := e57HeaderLen + len(section)
	logical := make([]byte, 0, xmlAt+len(xml)+e57PageData)
	logical = append(logical, "ASTM-E57"...)
	logical = binary.LittleEndian.AppendUint32(logical, 1) // version 1.0
	logical = binary.LittleEndian.AppendUint32(logical, 0)
	pages := (xmlAt + len(xml) + e57PageData - 1) / e57PageData
	for _, v := range []int{pages * e57Page, e57Physical(xmlAt), len(xml), e57Page} {
		logical = binary.LittleEndian.AppendUint64(logical, uint64(v))
	}
	logical = append(append(logical, section...), xml...)
	logical = append(logical, make([]byte, pages*e57PageData-len(logical))...)
	return atomicfile.Write(path, func(w io.Writer) error {
		for ; len(logical) > 0; logical = logical[e57PageData:] {
			page := logical[:e57PageData]
			if _, err := w.Write(page); err != nil {
				return err
			}
			sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(page, crc32.MakeTable(crc32.Castagnoli)))
			if _, err := w.Write(sum); err != nil {
				return err
			}
		}
		return nil
	})
}

// e57Physical is the place in the file of a byte that is counted without
// checksums.
func e57Physical(logical int) int { return logical/e57PageData*e57Page + logical%e57PageData }

// e57Section is the compressed vector of all points: its header, data packets and
// an index.
func e57Section(m *slam.Mesh) []byte {
	var packets bytes.Buffer
	for from := 0; from < len(m.Vertices); from += e57Batch {
		e57Packet(&packets, m, from, min(from+e57Batch, len(m.Vertices)))
	}
	const data = e57HeaderLen + e57SectionLen
	out := make([]byte, e57SectionLen, e57SectionLen+packets.Len()+e57IndexLen)
	out[0] = 1 // compressed vector
	le := binary.LittleEndian
	le.PutUint64(out[8:], uint64(e57SectionLen+packets.Len()+e57IndexLen))
	le.PutUint64(out[16:], uint64(e57Physical(data)))
	le.PutUint64(out[24:], uint64(e57Physical(data+packets.Len())))
	out = append(out, packets.Bytes()...)
	index := make([]byte, e57IndexLen)
	le.PutUint16(index[2:], e57IndexLen-1)
	le.PutUint16(index[4:], 1)
	le.PutUint64(index[24:], uint64(e57Physical(data)))
	return append(out, index...)
}

// e57Packet appends a data packet with a range of points: a stream of bytes for each
// coordinate and colour.
func e57Packet(b *bytes.Buffer, m *slam.Mesh, from, to int) {
	streams := 3
	size := 4 * 3 * (to - from)
	if m.Colors != nil {
		streams = 6
		size += 3 * (to - from)
	}
	head := 6 + 2*streams
	total := (head + size + 3) / 4 * 4
	start := b.Len()
	le := binary.LittleEndian
	b.Write([]byte{1, 0})
	b.Write(le.AppendUint16(nil, uint16(total-1)))
	b.Write(le.AppendUint16(nil, uint16(streams)))
	for s := range streams {
		n := 4 * (to - from)
		if s >= 3 {
			n = to - from
		}
		b.Write(le.AppendUint16(nil, uint16(n)))
	}
	for c := range 3 {
		for _, v := range m.Vertices[from:to] {
			b.Write(le.AppendUint32(nil, math.Float32bits(v[c])))
		}
	}
	for c := 0; c < 3 && m.Colors != nil; c++ {
		for _, v := range m.Colors[from:to] {
			b.WriteByte(v[c])
		}
	}
	for b.Len()-start < total {
		b.WriteByte(0)
	}
}

// e57XML describes the file; its ids follow from the content, so that the same map
// gives the same bytes.
func e57XML(m *slam.Mesh, sum [sha256.Size]byte) []byte {
	var b bytes.Buffer
	guid := func(s []byte) string {
		return fmt.Sprintf("{%x-%x-%x-%x-%x}", s[:4], s[4:6], s[6:8], s[8:10], s[10:16])
	}
	lo, hi := box(m.Vertices)
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<e57Root type="Structure" xmlns="http://www.astm.org/COMMIT/E57/2010-e57-v1.0">
<formatName type="String"><![CDATA[ASTM E57 3D Imaging Data File]]></formatName>
<guid type="String"><![CDATA[%s]]></guid>
<versionMajor type="Integer">1</versionMajor>
<versionMinor type="Integer">0</versionMinor>
<e57LibraryVersion type="String"><![CDATA[metricslam]]></e57LibraryVersion>
<coordinateMetadata type="String"/>
<data3D type="Vector" allowHeterogeneousChildren="1">
<vectorChild type="Structure">
<guid type="String"><![CDATA[%s]]></guid>
<name type="String"><![CDATA[map]]></name>
<cartesianBounds type="Structure">
`, guid(sum[:16]), guid(sum[16:]))
	for c, axis := range []string{"x", "y", "z"} {
		fmt.Fprintf(&b, "<%sMinimum type=\"Float\">%.17g</%sMinimum>\n<%sMaximum type=\"Float\">%.17g</%sMaximum>\n", axis, lo[c], axis, axis, hi[c], axis)
	}
	b.WriteString("</cartesianBounds>\n")
	if m.Colors != nil {
		b.WriteString("<colorLimits type=\"Structure\">\n")
		for _, c := range []string{"Red", "Green", "Blue"} {
			fmt.Fprintf(&b, "<color%sMinimum type=\"Integer\">0</color%sMinimum>\n<color%sMaximum type=\"Integer\">255</color%sMaximum>\n", c, c, c, c)
		}
		b.WriteString("</colorLimits>\n")
	}
	fmt.Fprintf(&b, "<points type=\"CompressedVector\" fileOffset=\"%d\" recordCount=\"%d\">\n<prototype type=\"Structure\">\n", e57HeaderLen, len(m.Vertices))
	for _, axis := range []string{"X", "Y", "Z"} {
		fmt.Fprintf(&b, "<cartesian%s type=\"Float\" precision=\"single\"/>\n", axis)
	}
	for _, c := range []string{"Red", "Green", "Blue"} {
		if m.Colors != nil {
			fmt.Fprintf(&b, "<color%s type=\"Integer\" minimum=\"0\" maximum=\"255\"/>\n", c)
		}
	}
	b.WriteString("</prototype>\n<codecs type=\"Vector\" allowHeterogeneousChildren=\"1\"/>\n</points>\n</vectorChild>\n</data3D>\n<images2D type=\"Vector\" allowHeterogeneousChildren=\"1\"/>\n</e57Root>\n")
	return b.Bytes()
}
