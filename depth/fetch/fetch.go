// Package fetch downloads large files so that nothing is lost when the line
// drops: into NAME.part beside the target, continued where it stopped, checked,
// then renamed.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrChecksum says that a file came whole but is not the one that was wanted.
var ErrChecksum = errors.New("wrong sha256")

// Options sets how a file is fetched; the zero value is usable.
type Options struct {
	SHA256   string        // 64 hexadecimal digits; empty: not checked
	Attempts int           // 0 means 5; one that brought new bytes does not count
	Backoff  time.Duration // between attempts, doubled each time; 0 means 500 ms
	// Progress is told how many bytes are there, of how many (-1: unknown).
	Progress func(done, total int64)
	Client   *http.Client // nil: http.DefaultClient
}

// Result is a file that was fetched.
type Result struct {
	Path   string
	Bytes  int64
	SHA256 string
}

// Get downloads url to path. A PATH.part left by an earlier attempt is
// continued if the server still has the same file (by its ETag or date). A
// wrong checksum removes it: continuing could not mend it.
func Get(ctx context.Context, url, path string, opt Options) (Result, error) {
	if opt.Attempts <= 0 {
		opt.Attempts = 5
	}
	if opt.Backoff <= 0 {
		opt.Backoff = 500 * time.Millisecond
	}
	if opt.Progress == nil {
		opt.Progress = func(int64, int64) {}
	}
	if opt.Client == nil {
		opt.Client = http.DefaultClient
	}
	opt.SHA256 = strings.ToLower(opt.SHA256)
	d := &download{url: url, path: path, part: path + ".part", opt: opt}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return Result{}, fmt.Errorf("download %s: %w", url, err)
	}
	if err := d.whole(ctx); err != nil {
		return Result{}, fmt.Errorf("download %s: %w", url, err)
	}
	r, err := d.finish()
	if err != nil {
		return Result{}, fmt.Errorf("download %s: %w", url, err)
	}
	return r, nil
}

type download struct {
	url, path, part string
	opt             Options
}

// whole attempts until the part is the whole file.
func (d *download) whole(ctx context.Context) error {
	wait := d.opt.Backoff
	most := int64(0) // a server without ranges sends the same bytes again
	for left := d.opt.Attempts; ; {
		have, err := d.attempt(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("%w; what has come is kept in %s", ctx.Err(), d.part)
		case errors.Is(err, syscall.ENOSPC):
			return fmt.Errorf("the disk is full: make room and run it again, it goes on from %s: %w", d.part, err)
		case isFinal(err):
			return err
		}
		if have > most {
			most, left, wait = have, d.opt.Attempts, d.opt.Backoff
		} else if left--; left <= 0 {
			return fmt.Errorf("%w (%d attempts); run it again to go on from %s", err, d.opt.Attempts, d.part)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait, 10*time.Second)
	}
}

// final marks an error that another attempt cannot mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

func isFinal(err error) bool {
	var f final
	return errors.As(err, &f)
}

// attempt asks for what is missing and appends it to the part; reached is how
// many bytes the part then holds, 0 where the server sent none.
func (d *download) attempt(ctx context.Context) (reached int64, err error) {
	have := int64(0)
	tag := d.readTag()
	if info, err := os.Stat(d.part); err == nil && (tag != "" || d.opt.SHA256 != "") {
		have = info.Size()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return 0, final{err}
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if tag != "" {
			req.Header.Set("If-Range", tag) // the whole file again if it has changed
		}
	}
	resp, err := d.opt.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	start, total, err := placeOf(resp, have)
	if err != nil {
		if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			d.forget() // the part is no part of this file
		}
		return 0, err
	}
	d.writeTag(resp.Header)
	return d.append(resp.Body, start, total)
}

// placeOf returns where the body of an answer starts in the file, and the file's
// size (-1 where unknown).
func placeOf(resp *http.Response, have int64) (start, total int64, err error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return 0, resp.ContentLength, nil
	case http.StatusPartialContent:
		var end int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &start, &end, &total); err != nil || start != have {
			return 0, 0, final{fmt.Errorf("the server sends the range %q, bytes from %d were asked for", resp.Header.Get("Content-Range"), have)}
		}
		return start, total, nil
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, 0, fmt.Errorf("the server has no byte %d", have)
	}
	err = fmt.Errorf("the server answers %s", resp.Status)
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout {
		return 0, 0, err
	}
	return 0, 0, final{err}
}

// append writes the body into the part from start on, up to reached.
func (d *download) append(body io.Reader, start, total int64) (reached int64, err error) {
	flags := os.O_CREATE | os.O_WRONLY
	if start == 0 {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(d.part, flags, 0o644)
	if err != nil {
		return 0, final{err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return 0, final{err}
	}
	d.opt.Progress(start, total)
	buf := make([]byte, 1<<16)
	reached = start
	for {
		k, readErr := body.Read(buf)
		if k > 0 {
			if _, err := f.Write(buf[:k]); err != nil {
				return reached, final{err}
			}
			reached += int64(k)
			d.opt.Progress(reached, total)
		}
		switch {
		case readErr == io.EOF && (total < 0 || reached == total):
			return reached, nil
		case readErr == io.EOF:
			return reached, fmt.Errorf("the connection ended after %d of %d bytes", reached, total)
		case readErr != nil:
			return reached, readErr
		}
	}
}

// finish checks the part and gives it its name.
func (d *download) finish() (Result, error) {
	f, err := os.OpenFile(d.part, os.O_RDWR, 0)
	if err != nil {
		return Result{}, err
	}
	var h hash.Hash = sha256.New()
	size, err := io.Copy(h, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Result{}, err
	}
	r := Result{Path: d.path, Bytes: size, SHA256: hex.EncodeToString(h.Sum(nil))}
	if d.opt.SHA256 != "" && r.SHA256 != d.opt.SHA256 {
		d.forget()
		return Result{}, fmt.Errorf("%w: got %s (%d bytes), want %s; the file was removed", ErrChecksum, r.SHA256, size, d.opt.SHA256)
	}
	if err := os.Rename(d.part, d.path); err != nil {
		return Result{}, err
	}
	os.Remove(d.tagFile())
	return r, nil
}

// The tag of the file that a part is of: its ETag or, without one, its date.

func (d *download) tagFile() string { return d.part + ".tag" }

func (d *download) readTag() string {
	text, err := os.ReadFile(d.tagFile())
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (d *download) writeTag(h http.Header) {
	tag := h.Get("ETag")
	if tag == "" || strings.HasPrefix(tag, "W/") { // a weak one vouches for no bytes
		tag = h.Get("Last-Modified")
	}
	if tag == "" {
		os.Remove(d.tagFile())
		return
	}
	// Without it the next attempt starts again: nothing worse.
	_ = os.WriteFile(d.tagFile(), []byte(tag+"\n"), 0o644)
}

func (d *download) forget() {
	os.Remove(d.part)
	os.Remove(d.tagFile())
}

// Size returns bytes for people: 151 MB.
func Size(n int64) string {
	switch {
	case n >= 1e9:
		return strconv.FormatFloat(float64(n)/1e9, 'f', 2, 64) + " GB"
	case n >= 1e6:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	}
	return strconv.FormatInt(n/1000, 10) + " kB"
}
