package storage

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// Push copies a file, or all files below a folder, to what url names. What is there
// already with the same digest is not copied again; files that an earlier Push of the
// folder wrote and that are gone are removed.
func Push(ctx context.Context, path, url string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	l, b, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer b.Close()
	if !info.IsDir() {
		_, err := pushFile(ctx, b, path, l.key, "")
		return err
	}
	return pushFolder(ctx, b, path, l)
}

func pushFolder(ctx context.Context, b *blob.Bucket, dir string, l location) error {
	files, err := regularFiles(dir)
	if err != nil {
		return err
	}
	old, err := oldDigests(ctx, b, l)
	if err != nil {
		return err
	}
	// Until all is there, nothing says that the folder is complete.
	if err := remove(ctx, b, l.key+"/"+sumsName); err != nil {
		return err
	}
	sums := make(digests)
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if sums[name], err = pushFile(ctx, b, path, l.key+"/"+name, old[name]); err != nil {
			return err
		}
	}
	for name := range old {
		if _, ok := sums[name]; !ok {
			if err := remove(ctx, b, l.key+"/"+name); err != nil {
				return err
			}
		}
	}
	return retry(ctx, sumsName, func() error { return b.WriteAll(ctx, l.key+"/"+sumsName, sums.text(), nil) })
}

// regularFiles are the files below a folder, without those that are being written.
func regularFiles(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && path != dir
		if d.IsDir() && hidden {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(dir, path)
		if err == nil && d.Type().IsRegular() && !hidden && name != sumsName {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	return names, err
}

// oldDigests are those of an earlier Push; a list that cannot be read is none.
func oldDigests(ctx context.Context, b *blob.Bucket, l location) (digests, error) {
	text, err := b.ReadAll(ctx, l.key+"/"+sumsName)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.url, err)
	}
	old, err := parseDigests(text)
	if err != nil {
		return nil, nil //nolint:nilerr // it is written anew
	}
	return old, nil
}

// pushFile copies a file unless the object is the same already, and returns its SHA-256.
// old is what a list said of the object.
func pushFile(ctx context.Context, b *blob.Bucket, path, key, old string) (string, error) {
	d, err := hashFile(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return d.sha256, retry(ctx, key, func() error {
		a, err := b.Attributes(ctx, key)
		if err == nil && a.Size == info.Size() && (a.Metadata[sumKey] == d.sha256 || old == d.sha256) {
			return nil
		}
		if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
		return upload(ctx, b, path, key, d)
	})
}

// upload writes an object. What is broken off never appears under the key.
func upload(ctx context.Context, b *blob.Bucket, path, key string, d digest) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := b.NewWriter(ctx, key, &blob.WriterOptions{ContentMD5: d.md5, Metadata: map[string]string{sumKey: d.sha256}})
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, f); err != nil {
		cancel() // discards it
		w.Close()
		return err
	}
	return w.Close()
}

func remove(ctx context.Context, b *blob.Bucket, key string) error {
	return retry(ctx, key, func() error {
		if err := b.Delete(ctx, key); gcerrors.Code(err) != gcerrors.NotFound {
			return err
		}
		return nil
	})
}
