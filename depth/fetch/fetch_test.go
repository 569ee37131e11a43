package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// library serves one file; the connection drops after cut bytes of an answer,
// as often as drops says.
type library struct {
	data     []byte
	etag     string
	cut      int
	drops    atomic.Int32
	busy     atomic.Int32 // so many answers of 503 first
	noRanges bool
	ranges   atomic.Int32 // answers that went on in the middle
	requests atomic.Int32
}

func (l *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.requests.Add(1)
	if r.URL.Path != "/net.onnx" {
		http.NotFound(w, r)
		return
	}
	if l.busy.Add(-1) >= 0 {
		w.WriteHeader(503)
		return
	}
	w.Header().Set("ETag", l.etag)
	if l.noRanges {
		r.Header.Del("Range")
	}
	if r.Header.Get("Range") != "" && (r.Header.Get("If-Range") == "" || r.Header.Get("If-Range") == l.etag) {
		l.ranges.Add(1)
	}
	if l.drops.Add(-1) >= 0 {
		w = &dropping{w, l.cut}
	}
	http.ServeContent(w, r, "net.onnx", time.Time{}, bytes.NewReader(l.data))
}

// dropping closes the connection after so many bytes.
type dropping struct {
	http.ResponseWriter
	left int
}

func (d *dropping) Write(p []byte) (int, error) {
	if len(p) > d.left {
		d.ResponseWriter.Write(p[:d.left])
		d.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	d.left -= len(p)
	return d.ResponseWriter.Write(p)
}

func serve(t *testing.T, l *library) string {
	t.Helper()
	if l.data == nil {
		l.data = make([]byte, 300_000)
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range l.data {
			l.data[i] = byte(rng.Uint32())
		}
	}
	if l.etag == "" {
		l.etag = `"one"`
	}
	s := httptest.NewServer(l)
	t.Cleanup(s.Close)
	return s.URL + "/net.onnx"
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

var quick = Options{Backoff: time.Millisecond}

func wantFile(t *testing.T, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("got %d bytes, %v, want %d", len(got), err, len(data))
	}
	left, _ := filepath.Glob(path + ".*")
	if left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestGet(t *testing.T) {
	l := &library{}
	url := serve(t, l)
	path := filepath.Join(t.TempDir(), "cache", "net.onnx")
	opt := quick
	opt.SHA256 = strings.ToUpper(sum(l.data))
	var last, total int64
	opt.Progress = func(d, n int64) { last, total = d, n }
	r, err := Get(context.Background(), url, path, opt)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, l.data)
	if r.Bytes != 300_000 || r.SHA256 != sum(l.data) || last != 300_000 || total != 300_000 {
		t.Errorf("got %+v, progress %d of %d", r, last, total)
	}
}

// TestDropped: the connection breaks several times; each time the rest alone is
// asked for. With a server that knows no ranges it starts again.
func TestDropped(t *testing.T) {
	for _, noRanges := range []bool{false, true} {
		l := &library{cut: 90_000, noRanges: noRanges}
		l.drops.Store(3)
		url := serve(t, l)
		path := filepath.Join(t.TempDir(), "net.onnx")
		if _, err := Get(context.Background(), url, path, quick); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, l.data)
		if n := l.ranges.Load(); !noRanges && n != 3 {
			t.Errorf("%d answers went on in the middle, want 3", n)
		}
	}
}

// TestDroppedForEver: a server that breaks off at the same byte each time, and
// knows no ranges, is given up.
func TestDroppedForEver(t *testing.T) {
	l := &library{cut: 90_000, noRanges: true}
	l.drops.Store(1000)
	url := serve(t, l)
	opt := quick
	opt.Attempts = 3
	if _, err := Get(context.Background(), url, filepath.Join(t.TempDir(), "net.onnx"), opt); err == nil || l.requests.Load() != 4 {
		t.Errorf("got %v after %d requests, want an error after 4: one that brought bytes, 3 that brought no more", err, l.requests.Load())
	}
}

// TestResume: a second call, as after a restart of the program, goes on; if the
// file has changed meanwhile it starts again.
func TestResume(t *testing.T) {
	for _, changed := range []bool{false, true} {
		l := &library{cut: 100_000}
		l.drops.Store(1)
		url := serve(t, l)
		path := filepath.Join(t.TempDir(), "net.onnx")
		ctx, cancel := context.WithCancel(context.Background())
		opt := quick
		opt.Progress = func(d, _ int64) {
			if d >= 60_000 {
				cancel()
			}
		}
		if _, err := Get(ctx, url, path, opt); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want the cancellation", err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a part has the name of the whole")
		}
		l.drops.Store(0)
		if changed {
			l.data, l.etag = append([]byte("new"), l.data...), `"two"`
		}
		if _, err := Get(context.Background(), url, path, quick); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, l.data)
		if n := l.ranges.Load(); (n == 1) == changed {
			t.Errorf("changed %v: %d answers went on in the middle", changed, n)
		}
	}
}

func TestWrongChecksum(t *testing.T) {
	l := &library{}
	url := serve(t, l)
	path := filepath.Join(t.TempDir(), "net.onnx")
	opt := quick
	opt.SHA256 = sum([]byte("something else"))
	_, err := Get(context.Background(), url, path, opt)
	if !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), sum(l.data)) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
	// A part of another file, which happens to be there, is found out too.
	os.WriteFile(path+".part", []byte("rubbish"), 0o644)
	opt.SHA256 = sum(l.data)
	if _, err = Get(context.Background(), url, path, opt); !errors.Is(err, ErrChecksum) {
		t.Errorf("a foreign part: got %v", err)
	}
	if _, err = Get(context.Background(), url, path, opt); err != nil {
		t.Errorf("the next time: got %v", err)
	}
	wantFile(t, path, l.data)
}

// TestDiskFull writes to a device that is always full.
func TestDiskFull(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full")
	}
	l := &library{}
	url := serve(t, l)
	path := filepath.Join(t.TempDir(), "net.onnx")
	if err := os.Symlink("/dev/full", path+".part"); err != nil {
		t.Fatal(err)
	}
	_, err := Get(context.Background(), url, path, quick)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "make room") {
		t.Errorf("got %v", err)
	}
	if n := l.requests.Load(); n != 1 {
		t.Errorf("%d requests for a full disk", n)
	}
}

func TestServerErrors(t *testing.T) {
	l := &library{}
	url := serve(t, l)
	dir := t.TempDir()
	l.busy.Store(2)
	if _, err := Get(context.Background(), url, filepath.Join(dir, "net.onnx"), quick); err != nil {
		t.Errorf("busy twice: got %v", err)
	}
	l.busy.Store(100)
	l.requests.Store(0)
	if _, err := Get(context.Background(), url, filepath.Join(dir, "b.onnx"), Options{Attempts: 2, Backoff: time.Millisecond}); err == nil || l.requests.Load() != 2 {
		t.Errorf("always busy: got %v after %d requests", err, l.requests.Load())
	}
	l.requests.Store(0)
	if _, err := Get(context.Background(), strings.Replace(url, "net", "other", 1), filepath.Join(dir, "c.onnx"), quick); err == nil || !strings.Contains(err.Error(), "404") || l.requests.Load() != 1 {
		t.Errorf("not there: got %v after %d requests", err, l.requests.Load())
	}
	for _, bad := range []string{"http://127.0.0.1:1/net.onnx", ":", "ftp://127.0.0.1/x"} {
		if _, err := Get(context.Background(), bad, filepath.Join(dir, "d.onnx"), Options{Attempts: 1}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o644)
	if _, err := Get(context.Background(), url, filepath.Join(file, "net.onnx"), quick); err == nil {
		t.Error("a folder that is a file passed")
	}
}

// TestTooLongPart: a part longer than the file is dropped.
func TestTooLongPart(t *testing.T) {
	l := &library{data: []byte("short")}
	url := serve(t, l)
	path := filepath.Join(t.TempDir(), "net.onnx")
	os.WriteFile(path+".part", make([]byte, 100), 0o644)
	os.WriteFile(path+".part.tag", []byte(l.etag), 0o644)
	if _, err := Get(context.Background(), url, path, quick); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, l.data)
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{151_000_000: "151.0 MB", 1_340_000_000: "1.34 GB", 2500: "2 kB"} {
		if got := Size(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
