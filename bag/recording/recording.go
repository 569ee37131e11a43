// Package recording reads what robots record, whatever holds it: MCAP, the bags of
// ROS 1, and the SQLite files of rosbag2.
package recording

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/metricslam/metricslam/bag/mcap"
	"github.com/metricslam/metricslam/bag/rosbag1"
)

// Topic is a topic of a recording; the same name may stand for several.
type Topic struct {
	ID   int
	Name string
	Type string // as ROS 2 has it: "sensor_msgs/msg/Image"
	// Encoding of its messages, as MCAP calls it: "cdr", "ros1".
	Encoding string
}

// Message is where a message lies.
type Message struct {
	Topic  int
	TimeNs uint64 // when it was recorded
	at     int    // its number in the container
}

// File is a recording that is open for reading.
type File struct {
	Topics   []Topic
	Warnings []string // what is wrong with it and was got over

	messages []Message // of all topics, by time
	data     func(at int) ([]byte, error)
	close    func() error
}

// Is reports whether the first bytes of a file are those of a recording.
func Is(head []byte) bool {
	for _, magic := range []string{mcap.Magic, rosbag1.Magic, rosbag1.OldMagic, sqliteMagic} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// Open reads where every message of a file lies. What holds them is told by the first
// bytes, whatever the file is called.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		f.Close()
		return nil, fmt.Errorf("%s: not a recording: %w", path, err)
	}
	out, err := open(f, path, head[:n])
	if err != nil {
		f.Close()
	}
	return out, err
}

func open(f *os.File, path string, head []byte) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(sqliteMagic)):
		f.Close()
		return openSQLite(path)
	case bytes.HasPrefix(head, []byte(rosbag1.Magic)):
		return openROS1(f, info.Size(), path)
	case bytes.HasPrefix(head, []byte(rosbag1.OldMagic)):
		return nil, fmt.Errorf("%s is a bag of ROS 1 before its version 2.0 of 2010: bring it up to date by `rosbag fix`", path)
	}
	return openMCAP(f, info.Size(), path)
}

func openMCAP(f *os.File, size int64, path string) (*File, error) {
	m, err := mcap.New(f, size, path)
	if err != nil {
		return nil, err
	}
	out := &File{Warnings: m.Warnings}
	for _, c := range m.Channels {
		out.Topics = append(out.Topics, Topic{c.ID, c.Topic, ros2Type(m.Schema(c).Name), c.Encoding})
	}
	all := m.All()
	for i, x := range all {
		out.messages = append(out.messages, Message{x.Channel, x.TimeNs, i})
	}
	out.data = func(at int) ([]byte, error) { return m.Data(all[at]) }
	out.close = func() error {
		m.Close()
		return f.Close()
	}
	return out, nil
}

func openROS1(f *os.File, size int64, path string) (*File, error) {
	b, err := rosbag1.New(f, size, path)
	if err != nil {
		return nil, err
	}
	out := &File{Warnings: b.Warnings}
	for _, c := range b.Connections {
		out.Topics = append(out.Topics, Topic{c.ID, c.Topic, ros2Type(c.Type), "ros1"})
	}
	for i, x := range b.Messages {
		out.messages = append(out.messages, Message{x.Connection, x.TimeNs, i})
	}
	out.data = func(at int) ([]byte, error) { return b.Data(b.Messages[at]) }
	out.close = func() error {
		b.Close()
		return f.Close()
	}
	return out, nil
}

// ros2Type names a type as ROS 2 does: "sensor_msgs/Image" is "sensor_msgs/msg/Image".
func ros2Type(name string) string {
	if pkg, kind, ok := strings.Cut(name, "/"); ok && !strings.Contains(kind, "/") {
		return pkg + "/msg/" + kind
	}
	return name
}

// Messages returns where the messages of a topic lie, by time.
func (f *File) Messages(topic int) (out []Message) {
	for _, m := range f.messages {
		if m.Topic == topic {
			out = append(out, m)
		}
	}
	return out
}

// Data returns the content of a message; it holds until the next call.
func (f *File) Data(m Message) ([]byte, error) { return f.data(m.at) }

// Close closes the file.
func (f *File) Close() error { return f.close() }
