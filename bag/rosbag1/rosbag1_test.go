package rosbag1_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/bag/rosbag1"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// record appends a record with a header of fields, each name=value.
func record(b []byte, data string, fields ...string) []byte {
	var head []byte
	for _, f := range fields {
		head = append(binary.LittleEndian.AppendUint32(head, uint32(len(f))), f...)
	}
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(head))), head...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(data))), data...)
}

// small is a bag with a chunk of one topic and two messages, of which an index may
// tell.
func small(indexed bool) []byte {
	const conn, one, two = "conn=\x00\x00\x00\x00", "time=\x01\x00\x00\x00\x02\x00\x00\x00", "time=\x02\x00\x00\x00\x00\x00\x00\x00"
	topic := record(nil, "", "type=a/B")
	chunk := record(nil, string(topic[4:len(topic)-4]), "op=\x07", conn, "topic=/t")
	at := []int{len(chunk), 0}
	chunk = record(chunk, "second", "op=\x02", conn, two)
	at[1] = len(chunk)
	chunk = record(chunk, "first", "op=\x02", conn, one)
	size := string(binary.LittleEndian.AppendUint32([]byte("size="), uint32(len(chunk))))
	b := record([]byte(rosbag1.Magic), strings.Repeat(" ", 40), "op=\x03", "index_pos=\x00\x00\x00\x00\x00\x00\x00\x00")
	b = record(b, string(chunk), "op=\x05", "compression=none", size)
	if indexed {
		rows := two[5:] + string(binary.LittleEndian.AppendUint32(nil, uint32(at[0]))) + one[5:] + string(binary.LittleEndian.AppendUint32(nil, uint32(at[1])))
		b = record(b, rows, "op=\x04", "ver=\x01\x00\x00\x00", conn, "count=\x02\x00\x00\x00")
	}
	return b
}

func open(b []byte) (*rosbag1.File, error) {
	return rosbag1.New(bytes.NewReader(b), int64(len(b)), "test.bag")
}

func TestRead(t *testing.T) {
	for _, indexed := range []bool{true, false} {
		f, err := open(small(indexed))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if len(f.Connections) != 1 || f.Connections[0].Topic != "/t" || f.Connections[0].Type != "a/B" || len(f.Messages) != 2 || f.Messages[0].TimeNs != 1_000_000_002 {
			t.Fatalf("indexed %v: %+v, %+v", indexed, f.Connections, f.Messages)
		}
		for i, want := range []string{"first", "second"} {
			if data, err := f.Data(f.Messages[i]); err != nil || string(data) != want {
				t.Errorf("indexed %v: message %d is %q, error %v", indexed, i, data, err)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	encrypted := record([]byte(rosbag1.Magic), "", "op=\x03", "encryptor=rosbag/AesCbcEncryptor")
	if _, err := open(encrypted); err == nil || !strings.Contains(err.Error(), "encrypted") {
		t.Errorf("error %v", err)
	}
	b := small(true)
	if f, err := open(b[:len(b)-5]); err != nil || len(f.Warnings) == 0 || len(f.Messages) != 2 {
		t.Errorf("cut short: error %v", err)
	}
	if _, err := open(b[:len(b)/3]); err == nil || !strings.Contains(err.Error(), "no topics") {
		t.Errorf("error %v", err)
	}
}

// Whatever a bag holds, reading it gives an error or messages.
func FuzzNew(f *testing.F) {
	f.Add(small(true))
	f.Add(small(false))
	f.Add(record([]byte(rosbag1.Magic), "BZh91AY&SY", "op=\x05", "compression=bz2", "size=\xff\xff\xff\x3f"))
	f.Add(record([]byte(rosbag1.Magic), "\x04\x22\x4d\x18\x64\x40\xa7", "op=\x05", "compression=lz4", "size=\xff\xff\xff\x3f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		b, err := open(data)
		if err != nil {
			return
		}
		defer b.Close()
		for _, m := range b.Messages {
			if out, err := b.Data(m); err == nil && len(out) > len(data) && len(b.Messages) > 100 {
				break
			}
		}
	})
}
