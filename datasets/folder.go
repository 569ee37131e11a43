package datasets

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listFolder reads a folder of pictures in the order of their names, where
// numbers count by value (2 before 10), or a single picture.
func listFolder(path string, rate float64) (*listing, error) {
	l := &listing{fps: rate}
	if !isFolder(path) {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		l.entries = []entry{{name: stem(path), image: path}}
		return l, nil
	}
	files, err := pictureFiles(path)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no pictures (png, jpg, bmp, tif, webp)", path)
	}
	slices.SortFunc(files, compareNatural)
	for _, f := range files {
		l.entries = append(l.entries, entry{name: stem(f), image: filepath.Join(path, f)})
	}
	l.stampByRate(rate)
	return l, nil
}

// compareNatural orders names with runs of digits compared by value.
func compareNatural(a, b string) int {
	digits := func(s string) int {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	}
	for x, y := a, b; x != "" && y != ""; {
		n, m := digits(x), digits(y)
		if n == 0 || m == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		u, v := strings.TrimLeft(x[:n], "0"), strings.TrimLeft(y[:m], "0")
		if c := cmp.Or(cmp.Compare(len(u), len(v)), strings.Compare(u, v)); c != 0 {
			return c
		}
		x, y = x[n:], y[m:]
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
