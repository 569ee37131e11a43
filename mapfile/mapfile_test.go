package mapfile_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/internal/fuzzbound"
	"github.com/metricslam/metricslam/mapfile"
)

// example is a file of three sections, one of which does not shrink.
func example(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := mapfile.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 300)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for i, raw := range [][]byte{exampleColumns(), noise, bytes.Repeat([]byte("slam"), 50)} {
		if err := w.Add("TEST", i, raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func exampleColumns() []byte {
	var e mapfile.Encoder
	e.Ints("whole", []int{0, -1, math.MaxInt64, math.MinInt64})
	e.Floats("real", []float64{0, -1.5, math.Inf(1), math.MaxFloat64})
	e.Floats32("single", []float32{3, -.1})
	e.Bytes("bytes", []byte{1, 2, 255})
	e.Strings("texts", []string{"", "grüße", "b"})
	e.Ints("none", nil)
	return e.Data()
}

// readAll opens a file and reads every section.
func readAll(data []byte) error {
	f, err := mapfile.New(bytes.NewReader(data), int64(len(data)), "a.mslam")
	if err != nil {
		return err
	}
	defer f.Close()
	for _, e := range f.Entries() {
		if _, err := f.Read(e); err != nil {
			return err
		}
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	data := example(t)
	f, err := mapfile.New(bytes.NewReader(data), int64(len(data)), "a.mslam")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.Section("TEST", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Ints("whole", 4); !slices.Equal(got, []int{0, -1, math.MaxInt64, math.MinInt64}) {
		t.Errorf("integers %v", got)
	}
	if got := d.Floats("real", -1); !slices.Equal(got, []float64{0, -1.5, math.Inf(1), math.MaxFloat64}) {
		t.Errorf("numbers %v", got)
	}
	if got := d.Floats32("single", 2); !slices.Equal(got, []float32{3, -.1}) {
		t.Errorf("single numbers %v", got)
	}
	if got := d.Bytes("bytes", 3); !bytes.Equal(got, []byte{1, 2, 255}) {
		t.Errorf("bytes %v", got)
	}
	if got := d.Strings("texts"); !slices.Equal(got, []string{"", "grüße", "b"}) {
		t.Errorf("texts %q", got)
	}
	if got := d.Ints("none", 0); len(got) != 0 || d.Err() != nil || !d.Has("none") || d.Has("other") {
		t.Errorf("%v, error %v", got, d.Err())
	}
	if e, _ := f.Find("TEST", 1); e.Codec != mapfile.Stored {
		t.Error("noise was compressed")
	}
	if e, _ := f.Find("TEST", 2); e.Codec != mapfile.Zstd || e.Size >= e.Raw {
		t.Errorf("a repeated word takes %d bytes of %d", e.Size, e.Raw)
	}
}

// Columns that are missing, of another kind or of another length are errors that
// stay.
func TestColumnErrors(t *testing.T) {
	for name, ask := range map[string]func(*mapfile.Decoder){
		"column \"other\" is missing": func(d *mapfile.Decoder) { d.Ints("other", 1) },
		"is of kind":                  func(d *mapfile.Decoder) { d.Floats("whole", 4) },
		"has 4 values, want 5":        func(d *mapfile.Decoder) { d.Ints("whole", 5) },
	} {
		d, err := mapfile.NewDecoder(exampleColumns())
		if err != nil {
			t.Fatal(err)
		}
		ask(d)
		if d.Err() == nil || !strings.Contains(d.Err().Error(), name) {
			t.Errorf("error %v, want %q", d.Err(), name)
		}
		if got := d.Ints("whole", 4); len(got) != 0 {
			t.Errorf("%v after an error", got)
		}
	}
}

// A file cut at any byte is refused by name.
func TestTruncated(t *testing.T) {
	data := example(t)
	for n := range data {
		err := readAll(data[:n])
		if err == nil || !strings.Contains(err.Error(), "a.mslam") {
			t.Fatalf("cut at %d of %d: error %v", n, len(data), err)
		}
		if n >= 16 && !errors.Is(err, mapfile.ErrDamaged) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

// Any bit that changes is noticed.
func TestBitFlips(t *testing.T) {
	data := example(t)
	for i := range data {
		for bit := range 8 {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << bit
			if err := readAll(bad); err == nil {
				t.Fatalf("bit %d of byte %d of %d changed unnoticed", bit, i, len(data))
			}
		}
	}
	if err := readAll(append(bytes.Clone(data), 0)); err == nil {
		t.Error("a byte too many went unnoticed")
	}
}

// version returns the example as if another version had written it.
func version(t *testing.T, v byte) []byte {
	data := example(t)
	data[8] = v
	sum := crc32.Checksum(data[:12], crc32.MakeTable(crc32.Castagnoli))
	data[12], data[13], data[14], data[15] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
	return data
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		data []byte
		is   error
		text string
	}{
		{"newer", version(t, mapfile.Version+1), mapfile.ErrVersion, "newer metricslam"},
		{"older", version(t, 0), mapfile.ErrVersion, "older metricslam"},
		{"empty", nil, mapfile.ErrNotMap, "empty"},
		{"text", []byte("# not a map at all, but long enough to be one"), mapfile.ErrNotMap, "begins with"},
		{"short", []byte("\x89MSLAM\r\n\x01"), mapfile.ErrDamaged, "cut short"},
	}
	for _, tt := range tests {
		path := filepath.Join(dir, tt.name)
		if err := os.WriteFile(path, tt.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := mapfile.Open(path)
		if !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %v with %q and the path", tt.name, err, tt.is, tt.text)
		}
	}
	if _, err := mapfile.Open(dir); !errors.Is(err, mapfile.ErrNotMap) || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: error %v", err)
	}
	if _, err := mapfile.Open(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
	if _, err := mapfile.Open(os.DevNull); !errors.Is(err, mapfile.ErrNotMap) {
		t.Errorf("a device: error %v", err)
	}
}

// Whatever the bytes, reading ends with an error or with the sections.
func FuzzNew(f *testing.F) {
	data := example(f)
	f.Add(data)
	f.Add(data[:40])
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		if err := readAll(data); err == nil && len(data) < 44 {
			t.Errorf("%d bytes are a map", len(data))
		}
	})
}

// Whatever a section holds, its columns are an error or as long as they say.
func FuzzDecoder(f *testing.F) {
	f.Add(exampleColumns())
	f.Fuzz(func(t *testing.T, raw []byte) {
		defer fuzzbound.Check(t)()
		d, err := mapfile.NewDecoder(raw)
		if err != nil {
			return
		}
		for _, n := range []int{-1, 4} {
			d.Ints("whole", n)
			d.Floats("real", n)
			d.Floats32("single", n)
			d.Bytes("bytes", n)
			d.Strings("texts")
		}
	})
}
