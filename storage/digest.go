package storage

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

const (
	sumsName = "SHA256SUMS" // of a folder, as sha256sum writes and checks it
	sumKey   = "sha256"     // metadata of an object
)

// digest is what is known of an object: nothing where a field is empty.
type digest struct {
	sha256 string // hexadecimal
	md5    []byte
}

// hasher takes both digests in one pass.
type hasher struct{ sha256, md5 hash.Hash }

func newHasher() *hasher { return &hasher{sha256.New(), md5.New()} }

func (h *hasher) Write(p []byte) (int, error) {
	h.sha256.Write(p)
	return h.md5.Write(p)
}

func (h *hasher) digest() digest {
	return digest{hex.EncodeToString(h.sha256.Sum(nil)), h.md5.Sum(nil)}
}

// compare returns an error where what was hashed is not what is wanted.
func (h *hasher) compare(want digest) error { return h.digest().compare(want) }

func (d digest) compare(want digest) error {
	if want.sha256 != "" && d.sha256 != want.sha256 {
		return fmt.Errorf("its SHA-256 is %s, want %s", d.sha256, want.sha256)
	}
	if len(want.md5) > 0 && !bytes.Equal(d.md5, want.md5) {
		return fmt.Errorf("its MD5 is %x, want %x", d.md5, want.md5)
	}
	return nil
}

func hashFile(path string) (digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return digest{}, err
	}
	defer f.Close()
	h := newHasher()
	if _, err := io.Copy(h, f); err != nil {
		return digest{}, err
	}
	return h.digest(), nil
}

// digests are SHA-256 sums by the names of files.
type digests map[string]string

func (d digests) text() []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(d)) {
		fmt.Fprintf(&b, "%s  %s\n", d[name], name)
	}
	return b.Bytes()
}

func parseDigests(text []byte) (digests, error) {
	d := make(digests)
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("%q is no line of sha256sum", lines.Text())
		}
		d[name] = sum
	}
	return d, nil
}
