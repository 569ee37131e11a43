package mapping

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/mapfile"
)

// columnNames lists the columns of a section, a column of texts once.
func columnNames(raw []byte) (names []string) {
	size := [4]int{1, 8, 8, 4} // of a value, by kind
	for len(raw) > 0 {
		n := int(raw[0])
		name, kind := string(raw[1:1+n]), raw[1+n]
		count := int(binary.LittleEndian.Uint32(raw[2+n:]))
		raw = raw[6+n+count*size[kind]:]
		if !strings.HasSuffix(name, ".len") {
			names = append(names, name)
		}
	}
	return names
}

// docs/map.md names each section of a map file and each of its columns, and no
// others.
func TestMapFileDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "map.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([A-Z]{4})` [0i] \\| (.*) \\|$").FindAllStringSubmatch(string(doc), -1) {
		rows[m[1]] = m[2]
	}
	f, err := mapfile.Open(save(t, fullState(t, 4)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tags := []string{tagImages}
	for _, s := range sections {
		tags = append(tags, s.tag)
	}
	if len(tags) != len(rows) {
		t.Errorf("%d sections are documented, a file has %d", len(rows), len(tags))
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, tag := range tags {
		row, ok := rows[tag]
		if !ok {
			t.Errorf("docs/map.md has no row of section %s", tag)
			continue
		}
		if tag == tagPending { // "the same"
			continue
		}
		e, _ := f.Find(tag, 0)
		raw, err := f.Read(e)
		if err != nil {
			t.Fatal(err)
		}
		names := columnNames(raw)
		var documented []string
		for _, m := range quoted.FindAllStringSubmatch(regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(row, ""), -1) {
			documented = append(documented, m[1])
		}
		for _, name := range names {
			if !slices.Contains(documented, name) {
				t.Errorf("docs/map.md does not name column `%s` of section %s", name, tag)
			}
		}
		for _, name := range documented {
			if !slices.Contains(names, name) {
				t.Errorf("section %s has no column `%s`, which docs/map.md names", tag, name)
			}
		}
	}
}

// Files that docs/map.md and docs/links.md point to are there.
func TestFilesDocumented(t *testing.T) {
	for _, name := range []string{"map.md", "links.md", "noise.md", "scale.md"} {
		doc, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`(mapping/[a-z_/]+(\\.go)?)`").FindAllStringSubmatch(string(doc), -1) {
			if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
				t.Errorf("docs/%s: %v", name, err)
			}
		}
	}
}
