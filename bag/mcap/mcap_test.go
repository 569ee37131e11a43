package mcap_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/metricslam/metricslam/bag/mcap"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// file has two topics and several chunks; messages are logged out of order.
func file(t testing.TB) []byte {
	t.Helper()
	return fileOf(t, 30000)
}

// fileOf is a file whose messages are as long as said.
func fileOf(t testing.TB, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := mcap.NewWriter(&b, "ros2", "test")
	if err != nil {
		t.Fatal(err)
	}
	s := mcap.Schema{Name: "a/msg/B", Encoding: "ros2msg", Data: []byte("int32 x\n")}
	one, two := w.Channel("/one", "cdr", s), w.Channel("/two", "cdr", s)
	for i := range 100 {
		if err := w.Message(one, uint64(1000+i), payload(i, size)); err != nil {
			t.Fatal(err)
		}
		if err := w.Message(two, uint64(2000-i), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// payload fills chunks: it does not pack.
func payload(i, size int) []byte {
	out := make([]byte, size)
	x := uint32(i + 1)
	for k := range out {
		x = x*1664525 + 1013904223
		out[k] = byte(x >> 24)
	}
	return out
}

func open(data []byte) (*mcap.File, error) {
	return mcap.New(bytes.NewReader(data), int64(len(data)), "test.mcap")
}

func TestRoundTrip(t *testing.T) {
	f, err := open(file(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Channels) != 2 || f.Channels[1].Topic != "/two" || f.Schema(f.Channels[0]).Name != "a/msg/B" || len(f.Warnings) != 0 {
		t.Fatalf("topics %v, warnings %v", f.Channels, f.Warnings)
	}
	one, two := f.Messages(f.Channels[0].ID), f.Messages(f.Channels[1].ID)
	if len(one) != 100 || len(two) != 100 || two[0].TimeNs != 1901 {
		t.Fatalf("%d and %d messages, first at %d", len(one), len(two), two[0].TimeNs)
	}
	for i, m := range one {
		if got, err := f.Data(m); err != nil || !bytes.Equal(got, payload(i, 30000)) {
			t.Fatalf("message %d: %d bytes, error %v", i, len(got), err)
		}
	}
	if got, err := f.Data(two[0]); err != nil || got[0] != 99 {
		t.Errorf("the first of /two is %v, error %v", got, err)
	}
}

// A file that was cut short is read as far as it goes, and says so.
func TestCutShort(t *testing.T) {
	all := file(t)
	f, err := open(all[:len(all)/2])
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Messages(f.Channels[0].ID)); n < 20 || n > 60 || len(f.Warnings) == 0 {
		t.Errorf("%d messages of half a file, warnings %v", n, f.Warnings)
	}
	for _, m := range f.Messages(f.Channels[0].ID) {
		if _, err := f.Data(m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoMCAP(t *testing.T) {
	for _, data := range []string{"", "#ROSBAG V2.0\n", "\x89MCAP0\r\n", "\x89MCAP0\r\n\x01\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if _, err := open([]byte(data)); !errors.Is(err, mcap.ErrDamaged) {
			t.Errorf("%q: %v", data, err)
		}
	}
}

// No change of a byte makes the reader fail other than by an error.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("\x89MCAP0\r\n"), 0, byte(0))
	whole := fileOf(f, 20)
	for i := range 40 {
		f.Add(whole, i*len(whole)/40, byte(1<<(i%8)))
	}
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		defer fuzzbound.Check(t)()
		data = bytes.Clone(data)
		if at >= 0 && at < len(data) {
			data[at] ^= flip
		}
		m, err := open(data)
		if err != nil {
			return
		}
		defer m.Close()
		for _, c := range m.Channels {
			for i, x := range m.Messages(c.ID) {
				if _, err := m.Data(x); err == nil && i > 50 {
					break
				}
			}
		}
	})
}

func ExampleWriter() {
	var b bytes.Buffer
	w, _ := mcap.NewWriter(&b, "ros2", "example")
	topic := w.Channel("/n", "cdr", mcap.Schema{Name: "std_msgs/msg/Int32", Encoding: "ros2msg", Data: []byte("int32 data\n")})
	_ = w.Message(topic, 1, []byte{0, 1, 0, 0, 42, 0, 0, 0})
	_ = w.Close()
	f, _ := open(b.Bytes())
	data, _ := f.Data(f.Messages(topic)[0])
	fmt.Println(f.Channels[0].Topic, data[4])
	// Output: /n 42
}
