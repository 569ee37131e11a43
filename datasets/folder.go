package datasets

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// listFolder reads a folder of images in the order of their names, where
// numbers count by value (2 before 10), or a single image.
func listFolder(path string, rate float64) (*listing, error) {
	l := &listing{fps: rate}
	if !isFolder(path) {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		if data, err := os.ReadFile(path); err == nil {
			if what := moreImages(data); what != "" {
				return nil, fmt.Errorf("%s is %s", path, what)
			}
		}
		l.entries = []entry{{name: stem(path), image: path}}
		return l, nil
	}
	files, err := imageFiles(path)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no images (png, jpg, bmp, tif, webp, pgm, ppm, heic)%s%s", path, unreadable(path), inside(path))
	}
	files, err = l.photographs(path, files)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, compareNatural)
	for _, f := range files {
		l.entries = append(l.entries, entry{name: stem(f), image: filepath.Join(path, f)})
	}
	l.stampByRate(rate)
	return l, nil
}

// others matches the names of images that accompany a camera's: their depth,
// masks, normals.
var others = regexp.MustCompile(`(?i)(^|[^a-z])(depth|disp|disparity|mask|conf|confidence|normals?|semantic|instance|label|seg)s?([^a-z]|$)`)

// photographs leaves out what lies among a camera's images and is none: 16-bit
// images of one channel, which hold depth, and those that others matches.
func (l *listing) photographs(dir string, files []string) ([]string, error) {
	isDeep := func(f string) bool { return deep(filepath.Join(dir, f)) }
	kept, err := l.leaveOut(files, isDeep, "are 16-bit images of one channel, as depth is stored, and were left out")
	if err != nil {
		return nil, fmt.Errorf("%s: %w; of a camera with 16 bits make 8-bit images first", dir, err)
	}
	best := map[string]string{} // of each stem
	for _, f := range kept {
		if b := best[stem(f)]; b == "" || !moreReadable(b, f) {
			best[stem(f)] = f
		}
	}
	doubled := func(f string) bool { return best[stem(f)] != f }
	if single, err := l.leaveOut(kept, doubled, "lie beside the same image in another format and were left out"); err == nil {
		kept = single
	}
	if named, err := l.leaveOut(kept, others.MatchString, "are named like depth, masks or other companions of images and were left out"); err == nil {
		kept = named // a folder of nothing else is what the user wants
	}
	if groups := prefixes(kept); len(groups) > 1 {
		l.warn("%s holds images of several series (%s): they are read one after the other, as one camera's; give each its own folder if they are not", dir, strings.Join(groups, ", "))
	}
	return kept, nil
}

// moreReadable reports whether of two files of one image the first is the better to
// read: not HEIC, which takes a converter, then one that lost nothing.
func moreReadable(a, b string) bool {
	rank := func(f string) int {
		switch ext := strings.ToLower(filepath.Ext(f)); {
		case isHEIF(f):
			return 2
		case ext == ".jpg" || ext == ".jpeg" || ext == ".webp":
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b)) <= 0
}

// leaveOut returns the files that a test does not name, with a warning that counts
// the others. Where none is left, nothing is left out and an error says so.
func (l *listing) leaveOut(files []string, test func(string) bool, why string) (kept []string, err error) {
	var out []string
	for _, f := range files {
		if test(f) {
			out = append(out, f)
		} else {
			kept = append(kept, f)
		}
	}
	if len(out) == 0 {
		return files, nil
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("all %d files, such as %s, %s", len(out), out[0], why)
	}
	l.warn("%d files, such as %s, %s", len(out), out[0], why)
	return kept, nil
}

// prefixes returns the beginnings of names before their first digit that begin
// many of them: as many as a stretch that can be mapped.
func prefixes(files []string) (groups []string) {
	const many = 20
	count := map[string]int{}
	for _, f := range files {
		name, _, _ := strings.Cut(stem(f), ".")
		at := strings.IndexAny(name, "0123456789")
		if at < 0 {
			continue
		}
		if count[name[:at]]++; count[name[:at]] == many {
			groups = append(groups, name[:at]+"*")
		}
	}
	return groups
}

// deep reports whether an image has one channel of 16 bits.
func deep(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".tif", ".tiff", ".pgm", ".pnm":
	default:
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	return err == nil && c.ColorModel == color.Gray16Model
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
