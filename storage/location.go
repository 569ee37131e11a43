// Package storage copies files and folders between this machine and buckets: s3://,
// gs://, azblob:// and file://, through the Go CDK (gocloud.dev/blob). Credentials come
// from where each service's own library looks for them.
//
// What is transferred is compared with its digest and tried again where it does not
// agree. A file appears under its name when it is complete. A folder in a bucket has a
// list of its digests, SHA256SUMS, which is written last: a folder without one of the
// files that it lists is refused.
package storage

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob"
	// The services that URLs may name.
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/s3blob"
)

// location is a file or folder in a bucket.
type location struct {
	url    string // as it was given
	bucket string // what the Go CDK opens
	key    string // without a slash at its end
}

// parse reads SCHEME://BUCKET/KEY[?OPTIONS] or file:///PATH. The options are those of the
// Go CDK's scheme: region, endpoint, use_path_style, anonymous of s3.
func parse(text string) (location, error) {
	u, err := url.Parse(text)
	if err != nil {
		return location{}, err
	}
	key := strings.Trim(u.Path, "/")
	if key == "" {
		return location{}, fmt.Errorf("%s names no file or folder; want %s://BUCKET/NAME", text, u.Scheme)
	}
	if u.Scheme == "file" {
		if u.Host != "" {
			return location{}, fmt.Errorf("%s: a path on this machine has three slashes: file:///%s/%s", text, u.Host, key)
		}
		folder := url.URL{Scheme: "file", Path: path.Dir("/" + key), RawQuery: "create_dir=true&no_tmp_dir=true&metadata=skip"}
		return location{text, folder.String(), path.Base(key)}, nil
	}
	if !slices.Contains([]string{"s3", "gs", "azblob"}, u.Scheme) {
		return location{}, fmt.Errorf("%s: the scheme is none of s3, gs, azblob, file", text)
	}
	if u.Host == "" {
		return location{}, fmt.Errorf("%s names no bucket", text)
	}
	u.Path = ""
	return location{text, u.String(), key}, nil
}

// name is the last part of the key.
func (l location) name() string { return path.Base(l.key) }

// open opens the bucket of a URL, which is to be closed.
func open(ctx context.Context, url string) (location, *blob.Bucket, error) {
	l, err := parse(url)
	if err != nil {
		return l, nil, err
	}
	b, err := blob.OpenBucket(ctx, l.bucket)
	if err != nil {
		return l, nil, fmt.Errorf("%s: %w", url, err)
	}
	return l, b, nil
}

// local is the path of an object below a folder. It never leaves the folder.
func local(dir, name string) (string, error) {
	p := filepath.FromSlash(name)
	if !filepath.IsLocal(p) {
		return "", fmt.Errorf("object %q would be written outside %s", name, dir)
	}
	return filepath.Join(dir, p), nil
}
