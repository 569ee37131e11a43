package storage

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// startS3 starts Versity's gateway, a server of the S3 protocol, over a folder with the
// bucket "test". It returns its address and that folder.
func startS3(t *testing.T) (address, root string) {
	t.Helper()
	programs, _ := filepath.Glob("../.cache/versitygw-*/versitygw")
	if len(programs) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs versitygw: run scripts/versitygw.sh")
		}
		t.Skip("needs versitygw: run scripts/versitygw.sh")
	}
	root = t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "test"), 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	listener.Close()
	cmd := exec.Command(programs[len(programs)-1], "--access", "key", "--secret", "secret", "--port", address, "posix", "--sidecar", t.TempDir(), root)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return address, root
}

func bucketURL(address string) string {
	return "s3://test?region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape("http://"+address)
}

func TestS3(t *testing.T) {
	address, _ := startS3(t)
	checkRoundTrip(t, bucketURL(address))
}

// cutter stands before the server and breaks transfers off in their middle.
type cutter struct {
	next http.Handler
	cuts atomic.Int32 // that are left
}

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/film.mp4") && c.cuts.Add(-1) >= 0 {
		c.next.ServeHTTP(&shortened{w, 1000}, r)
		panic(http.ErrAbortHandler)
	}
	c.next.ServeHTTP(w, r)
}

// shortened writes no more than so many bytes.
type shortened struct {
	http.ResponseWriter
	left int
}

func (s *shortened) Write(p []byte) (int, error) {
	if len(p) > s.left {
		n, _ := s.ResponseWriter.Write(p[:s.left])
		s.left = 0
		return n, io.ErrShortWrite
	}
	s.left -= len(p)
	return s.ResponseWriter.Write(p)
}

// A transfer that breaks off twice is tried again; one that always does gives an error and
// leaves nothing under its name.
func TestS3BrokenTransfer(t *testing.T) {
	address, _ := startS3(t)
	proxy := &cutter{next: &httputil.ReverseProxy{ErrorLog: nil, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.Out.Host = r.In.Host // which is signed
	}}}
	server := httptest.NewServer(proxy)
	defer server.Close()
	base, options, _ := strings.Cut(bucketURL(strings.TrimPrefix(server.URL, "http://")), "?")
	film := base + "/film.mp4?" + options
	want := strings.Repeat("frame", 100_000)
	if err := Push(t.Context(), filepath.Join(makeFolder(t, map[string]string{"film.mp4": want}), "film.mp4"), film); err != nil {
		t.Fatal(err)
	}
	proxy.cuts.Store(2)
	dir := t.TempDir()
	path, err := Fetch(t.Context(), film, dir)
	if err != nil || proxy.cuts.Load() > 0 {
		t.Fatalf("%v, %d cuts left", err, proxy.cuts.Load())
	}
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("%d of %d bytes", len(got), len(want))
	}
	proxy.cuts.Store(1 << 30)
	os.Remove(path)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := Fetch(ctx, film, dir); err == nil {
		t.Error("a transfer that always breaks off has no error")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v lies there after a broken transfer", left)
	}
}

// Spoiled in the bucket, behind the server's back: refused by its digest.
func TestS3Spoiled(t *testing.T) {
	address, root := startS3(t)
	base, options, _ := strings.Cut(bucketURL(address), "?")
	at := fmt.Sprintf("%s/a.bin?%s", base, options)
	if err := Push(t.Context(), filepath.Join(makeFolder(t, map[string]string{"a.bin": "right"}), "a.bin"), at); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "test", "a.bin"), []byte("wrong"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	dir := t.TempDir()
	if _, err := Fetch(ctx, at, dir); err == nil {
		t.Error("other bytes than were pushed were taken")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v lies there", left)
	}
}
