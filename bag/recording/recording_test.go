package recording_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/metricslam/metricslam/bag/recording"
	"github.com/metricslam/metricslam/bag/rosbag1"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// sqlite is a recording of rosbag2 with two messages of one topic.
func sqlite(t testing.TB, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, text := range []string{
		"PRAGMA page_size = 512",
		"CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL)",
		"CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)",
		"INSERT INTO topics VALUES(3, '/t', 'a/msg/B', 'cdr', '')",
		"INSERT INTO messages VALUES(1, 3, 20, x'0102'), (2, 3, 10, x'03')",
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
}

// A name with what has a meaning in an address is one of a file all the same, and the
// folder may be one in which nothing can be written.
func TestSQLite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a?b=c#d%20 é")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(t.TempDir(), "a.db3")
	sqlite(t, made)
	data, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.db3")
	if err := os.WriteFile(path, data, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	f, err := recording.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Topics) != 1 || f.Topics[0] != (recording.Topic{ID: 3, Name: "/t", Type: "a/msg/B", Encoding: "cdr"}) {
		t.Errorf("topics %+v", f.Topics)
	}
	all := f.Messages(3)
	if len(all) != 2 || all[0].TimeNs != 10 || all[1].TimeNs != 20 {
		t.Fatalf("messages %+v", all)
	}
	if data, err := f.Data(all[1]); err != nil || string(data) != "\x01\x02" {
		t.Errorf("%q, error %v", data, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%d files beside it, error %v", len(files)-1, err)
	}
}

// Whatever a file holds, reading it gives an error or messages.
func FuzzOpen(f *testing.F) {
	made := filepath.Join(f.TempDir(), "a.db3")
	sqlite(f, made)
	data, err := os.ReadFile(made)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(rosbag1.Magic))
	f.Add([]byte("\x89MCAP0\r\n"))
	path := filepath.Join(f.TempDir(), "fuzz")
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := recording.Open(path)
		if err != nil {
			return
		}
		defer r.Close()
		for _, topic := range r.Topics {
			for _, m := range r.Messages(topic.ID) {
				_, _ = r.Data(m)
			}
		}
	})
}
