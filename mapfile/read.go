package mapfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// File is a map file that is open for reading; its sections are read on demand.
// It may be used by several goroutines.
type File struct {
	Name    string
	Size    int64
	Version int
	r       io.ReaderAt
	closer  io.Closer
	entries []Entry
	at      map[key]int
	dec     *zstd.Decoder
}

type key struct {
	tag   string
	index int
}

// Open reads the table of a map file. Errors name the file, what is wrong with it
// and what to do.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w; `metricslam run SOURCE -o DIR` writes a map into DIR/map%s", path, fs.ErrNotExist, Suffix)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: %w but a folder; give the file, such as %s", path, ErrNotMap, filepath.Join(path, "map"+Suffix))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: %w but a device or pipe; give a regular file", path, ErrNotMap)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := New(f, info.Size(), path)
	if err != nil {
		f.Close()
		return nil, err
	}
	m.closer = f
	return m, nil
}

// New reads the table of a map file of size bytes; name is for errors.
func New(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, Size: size, r: r}
	if err := f.header(); err != nil {
		return nil, err
	}
	if err := f.table(); err != nil {
		return nil, err
	}
	// The limit of a section is the capacity it is given.
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, err
	}
	f.dec = dec
	return f, nil
}

// Close frees the file.
func (f *File) Close() error {
	f.dec.Close()
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Damaged is the error of a file whose checksums are right and whose content is
// not, or the other way round.
func (f *File) Damaged(format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w; take the file from a copy, or map again", f.Name, ErrDamaged, fmt.Errorf(format, args...))
}

// read returns n bytes at an offset, both within the file.
func (f *File) read(offset, n int64) ([]byte, error) {
	b := make([]byte, n)
	if _, err := f.r.ReadAt(b, offset); err != nil && !(errors.Is(err, io.EOF) && n == 0) {
		if errors.Is(err, io.EOF) {
			return nil, f.Damaged("it ends within %d bytes at %d: it has become shorter while it was read", n, offset)
		}
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return b, nil
}

func (f *File) header() error {
	if f.Size == 0 {
		return fmt.Errorf("%s: %w: the file is empty; map again, or take it from a copy", f.Name, ErrNotMap)
	}
	h, err := f.read(0, min(f.Size, headerLen))
	if err != nil {
		return err
	}
	n := min(len(h), len(magic))
	if string(h[:n]) != magic[:n] {
		return fmt.Errorf("%s: %w: it begins with %q, a map begins with %q; give a file written by run or map merge", f.Name, ErrNotMap, h[:n], magic)
	}
	if len(h) < headerLen {
		return f.Damaged("it is cut short: %d bytes are less than a header", f.Size)
	}
	if got, want := checksum(h[:12]), order.Uint32(h[12:]); got != want {
		return f.Damaged("the checksum of its header is %08x, want %08x", got, want)
	}
	f.Version = int(order.Uint32(h[8:]))
	switch {
	case f.Version > Version:
		return fmt.Errorf("%s: %w: it is of version %d, this program reads up to %d; use a newer metricslam", f.Name, ErrVersion, f.Version, Version)
	case f.Version < oldest:
		return fmt.Errorf("%s: %w: it is of version %d, this program reads from %d on; use an older metricslam, or map again", f.Name, ErrVersion, f.Version, oldest)
	}
	return nil
}

// table reads the footer and the table, and asks that the sections fill the file.
func (f *File) table() error {
	if f.Size < headerLen+footerLen {
		return f.Damaged("it is cut short: %d bytes", f.Size)
	}
	foot, err := f.read(f.Size-footerLen, footerLen)
	if err != nil {
		return err
	}
	if string(foot[20:]) != endMagic {
		return f.Damaged("it is cut short: its last bytes are not the end of a map")
	}
	if got, want := checksum(foot[:16]), order.Uint32(foot[16:]); got != want {
		return f.Damaged("the checksum of its footer is %08x, want %08x", got, want)
	}
	offset, count := int64(order.Uint64(foot)), int64(order.Uint32(foot[8:]))
	if offset < headerLen || offset > f.Size-footerLen || count*entryLen != f.Size-footerLen-offset {
		return f.Damaged("a table of %d sections at %d does not fit into %d bytes", count, offset, f.Size)
	}
	table, err := f.read(offset, count*entryLen)
	if err != nil {
		return err
	}
	if got, want := checksum(table), order.Uint32(foot[12:]); got != want {
		return f.Damaged("the checksum of its table is %08x, want %08x", got, want)
	}
	return f.parse(table, offset)
}

func (f *File) parse(table []byte, offset int64) error {
	f.at = make(map[key]int, len(table)/entryLen)
	next := int64(headerLen)
	for ; len(table) > 0; table = table[entryLen:] {
		e := parseEntry(table)
		if err := e.check(next, offset); err != nil {
			return f.Damaged("%w", err)
		}
		if _, twice := f.at[key{e.Tag, e.Index}]; twice {
			return f.Damaged("section %s %d is there twice", e.Tag, e.Index)
		}
		f.at[key{e.Tag, e.Index}] = len(f.entries)
		f.entries = append(f.entries, e)
		next += e.Size
	}
	if next != offset {
		return f.Damaged("%d bytes between its sections and its table belong to neither", offset-next)
	}
	return nil
}

// Entries lists the sections in the order of the file.
func (f *File) Entries() []Entry { return f.entries }

// Find returns the entry of a section.
func (f *File) Find(tag string, index int) (Entry, bool) {
	i, ok := f.at[key{tag, index}]
	if !ok {
		return Entry{}, false
	}
	return f.entries[i], true
}

// Stored reads a section as it lies in the file and checks it.
func (f *File) Stored(e Entry) ([]byte, error) {
	b, err := f.read(e.Offset, e.Size)
	if err != nil {
		return nil, err
	}
	if got := checksum(b); got != e.CRC {
		return nil, f.Damaged("the checksum of section %s %d is %08x, want %08x", e.Tag, e.Index, got, e.CRC)
	}
	return b, nil
}

// Read checks a section and unpacks it.
func (f *File) Read(e Entry) ([]byte, error) {
	b, err := f.Stored(e)
	if err != nil || e.Codec == Stored {
		return b, err
	}
	out, err := f.dec.DecodeAll(b, make([]byte, 0, e.Raw))
	if err == nil && int64(len(out)) != e.Raw {
		err = fmt.Errorf("%d bytes, want %d", len(out), e.Raw)
	}
	if err != nil {
		return nil, f.Damaged("section %s %d: %w", e.Tag, e.Index, err)
	}
	return out, nil
}

// Section reads the columns of the section with a tag and an index.
func (f *File) Section(tag string, index int) (*Decoder, error) {
	e, ok := f.Find(tag, index)
	if !ok {
		return nil, f.Damaged("section %s %d is missing", tag, index)
	}
	raw, err := f.Read(e)
	if err != nil {
		return nil, err
	}
	d, err := NewDecoder(raw)
	if err != nil {
		return nil, f.Damaged("section %s %d: %w", tag, index, err)
	}
	return d, nil
}
