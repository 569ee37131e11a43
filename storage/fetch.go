package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/metricslam/metricslam/internal/atomicfile"
)

// Fetch copies what url names, a file or all that lies below a folder, into dir and
// returns its path there. What is there already, of the same size and digest or time, is
// not copied again.
func Fetch(ctx context.Context, url, dir string) (string, error) {
	l, b, err := open(ctx, url)
	if err != nil {
		return "", err
	}
	defer b.Close()
	to := filepath.Join(dir, l.name())
	switch isFile, err := b.Exists(ctx, l.key); {
	case err != nil:
		return "", fmt.Errorf("%s: %w", url, err)
	case isFile:
		err = fetchFile(ctx, b, l.key, to, "")
		return to, err
	}
	files, sums, err := list(ctx, b, l)
	if err != nil {
		return "", err
	}
	for _, name := range files {
		path, err := local(to, name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", url, err)
		}
		if err := fetchFile(ctx, b, l.key+"/"+name, path, sums[name]); err != nil {
			return "", err
		}
	}
	return to, nil
}

// list returns the files below a folder, and their digests where it has a list of them.
func list(ctx context.Context, b *blob.Bucket, l location) (files []string, sums digests, err error) {
	prefix := l.key + "/"
	there := make(map[string]bool)
	it := b.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.url, err)
		}
		name := strings.TrimPrefix(o.Key, prefix)
		if name == "" || strings.HasSuffix(name, "/") { // what some tools write for a folder
			continue
		}
		there[name] = true
		if name != sumsName {
			files = append(files, name)
		}
	}
	if len(there) == 0 {
		return nil, nil, fmt.Errorf("%s: there is no such file or folder", l.url)
	}
	if !there[sumsName] {
		return files, nil, nil
	}
	text, err := b.ReadAll(ctx, prefix+sumsName)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.url, err)
	}
	if sums, err = parseDigests(text); err != nil {
		return nil, nil, fmt.Errorf("%s/%s: %w", l.url, sumsName, err)
	}
	for name := range sums {
		if !there[name] {
			return nil, nil, fmt.Errorf("%s is incomplete: %s lists %s, which is not there; copy it there again", l.url, sumsName, name)
		}
	}
	return files, sums, nil
}

// fetchFile copies an object to a path. Its digest is sum, that of its metadata or, where
// both are unknown, the service's.
func fetchFile(ctx context.Context, b *blob.Bucket, key, path, sum string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return retry(ctx, key, func() error {
		a, err := b.Attributes(ctx, key)
		if err != nil {
			return err
		}
		want := digest{sha256: sum, md5: a.MD5}
		if want.sha256 == "" {
			want.sha256 = a.Metadata[sumKey]
		}
		if same(path, a, want) {
			return nil
		}
		if err := atomicfile.Write(path, func(w io.Writer) error { return download(ctx, b, key, w, a.Size, want) }); err != nil {
			return err
		}
		return os.Chtimes(path, a.ModTime, a.ModTime)
	})
}

// download writes an object to w and compares what was written.
func download(ctx context.Context, b *blob.Bucket, key string, w io.Writer, size int64, want digest) error {
	r, err := b.NewReader(ctx, key, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	h := newHasher()
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%d of %d bytes came", n, size)
	}
	return h.compare(want)
}

// same reports whether a file is what the object is: by its digest, or where that is
// unknown by its time, which Fetch sets.
func same(path string, a *blob.Attributes, want digest) bool {
	info, err := os.Stat(path)
	if err != nil || info.Size() != a.Size {
		return false
	}
	if info.ModTime().Equal(a.ModTime) {
		return true
	}
	if want.sha256 == "" && len(want.md5) == 0 {
		return false
	}
	got, err := hashFile(path)
	return err == nil && got.compare(want) == nil && os.Chtimes(path, a.ModTime, a.ModTime) == nil
}

// Stamp writes what tells whether the files that url names have changed: their names,
// sizes, times and digests, a line each.
func Stamp(ctx context.Context, url string, w io.Writer) error {
	l, b, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer b.Close()
	keys := []string{l.key}
	if _, err := b.Attributes(ctx, l.key); gcerrors.Code(err) == gcerrors.NotFound {
		files, _, err := list(ctx, b, l)
		if err != nil {
			return err
		}
		keys = keys[:0]
		for _, f := range files {
			keys = append(keys, l.key+"/"+f)
		}
	} else if err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	for _, k := range keys {
		a, err := b.Attributes(ctx, k)
		if err != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
		if _, err := fmt.Fprintf(w, "%q %d %d %x %s\n", k, a.Size, a.ModTime.UnixNano(), a.MD5, a.Metadata[sumKey]); err != nil {
			return err
		}
	}
	return nil
}
