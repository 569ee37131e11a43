package recording

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

const sqliteMagic = "SQLite format 3\x00"

// openSQLite opens a file of rosbag2's storage sqlite3, which was its default up to
// ROS 2 Humble.
func openSQLite(path string) (*File, error) {
	db, err := sql.Open("sqlite", sqliteURI(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out := &File{close: db.Close}
	ids, err := out.list(db)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: not a recording of rosbag2, or damaged: %w", path, err)
	}
	read, err := db.Prepare("SELECT data FROM messages WHERE id = ?")
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out.data = func(at int) (data []byte, err error) {
		if err := read.QueryRow(ids[at]).Scan(&data); err != nil {
			return nil, fmt.Errorf("%s: message %d: %w", path, ids[at], err)
		}
		return data, nil
	}
	out.close = func() error { return errors.Join(read.Close(), db.Close()) }
	return out, nil
}

// sqliteURI opens a file for reading alone, in folders too where nothing may be
// written. What a recorder that was killed left in a log beside the file is read with
// it.
func sqliteURI(path string) string {
	options := "mode=ro"
	if _, err := os.Stat(path + "-wal"); err != nil {
		options += "&immutable=1"
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: options}).String()
}

// list notes the topics and messages, and returns the ids of those.
func (f *File) list(db *sql.DB) (ids []int64, err error) {
	rows, err := db.Query("SELECT id, name, type, serialization_format FROM topics ORDER BY id")
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var t Topic
		if err := rows.Scan(&t.ID, &t.Name, &t.Type, &t.Encoding); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		f.Topics = append(f.Topics, t)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	rows, err = db.Query("SELECT id, topic_id, timestamp FROM messages ORDER BY timestamp, id")
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		m := Message{at: len(ids)}
		var id, stamp int64
		if err := rows.Scan(&id, &m.Topic, &stamp); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		m.TimeNs = uint64(stamp)
		f.messages, ids = append(f.messages, m), append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		f.Warnings = append(f.Warnings, "the recording is damaged, what could be read of it is taken: "+err.Error())
	}
	return ids, nil
}
