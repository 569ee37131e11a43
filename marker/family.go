package marker

import (
	"embed"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Family is a dictionary of markers of n x n cells within a black border one
// cell wide.
type Family struct {
	Name    string
	cells   int      // n
	codes   []uint64 // by id: rows from the top, the top left cell in the highest of n^2 bits, 1 = white
	turned  [4][]uint64
	correct int // cells read wrongly that are put right
}

//go:embed codes/*.txt
var codeFiles embed.FS

// variant says where the codes of a family come from.
type variant struct {
	name  string
	file  string // without .txt; empty for ArUco's first dictionary, which follows a rule
	cells int
	count int // the first so many codes of the file
}

func variants() []variant {
	v := []variant{{"apriltag36h11", "apriltag36h11", 6, 587}}
	for n := 4; n <= 7; n++ {
		file := fmt.Sprintf("aruco%dx%d", n, n)
		v = append(v, variant{file, file, n, 50})
		for _, count := range []int{50, 100, 250, 1000} {
			v = append(v, variant{fmt.Sprintf("%s_%d", file, count), file, n, count})
		}
	}
	return append(v, variant{"aruco_original", "", 5, 1024})
}

// Names lists the families by the names that ByName takes. A short name such as
// aruco4x4 is the dictionary of 50.
func Names() []string {
	var names []string
	for _, v := range variants() {
		names = append(names, v.name)
	}
	return names
}

var loaded sync.Map // name to *Family

// ByName returns a family.
func ByName(name string) (*Family, error) {
	if f, ok := loaded.Load(name); ok {
		return f.(*Family), nil
	}
	all := variants()
	i := slices.IndexFunc(all, func(v variant) bool { return v.name == strings.ToLower(name) })
	if i < 0 {
		return nil, fmt.Errorf("unknown family of markers %q; there are %s", name, strings.Join(Names(), ", "))
	}
	codes, err := all[i].load()
	if err != nil {
		return nil, err
	}
	f := newFamily(all[i].name, all[i].cells, codes)
	loaded.Store(name, f)
	return f, nil
}

func (v variant) load() ([]uint64, error) {
	if v.file == "" {
		return arucoOriginal(v.count), nil
	}
	text, err := codeFiles.ReadFile("codes/" + v.file + ".txt")
	if err != nil {
		return nil, err
	}
	codes := make([]uint64, 0, v.count)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			c, err := strconv.ParseUint(word, 16, 64)
			if err != nil {
				return nil, fmt.Errorf("codes of %s: %w", v.name, err)
			}
			if codes = append(codes, c); len(codes) == v.count {
				return codes, nil
			}
		}
	}
	return nil, fmt.Errorf("codes of %s: %d of %d", v.name, len(codes), v.count)
}

// arucoOriginal builds ArUco's first dictionary: each row holds two bits of the
// id in one of four words (Garrido-Jurado et al. 2014).
func arucoOriginal(count int) []uint64 {
	words := [4]uint64{0b10000, 0b10111, 0b01001, 0b01110}
	codes := make([]uint64, count)
	for id := range codes {
		for row := range 5 {
			codes[id] = codes[id]<<5 | words[id>>(2*(4-row))&3]
		}
	}
	return codes
}

func newFamily(name string, cells int, codes []uint64) *Family {
	f := &Family{Name: name, cells: cells, codes: codes}
	f.turned[0] = codes
	for r := 1; r < 4; r++ {
		f.turned[r] = make([]uint64, len(codes))
		for i, c := range f.turned[r-1] {
			f.turned[r][i] = turn(c, cells)
		}
	}
	f.correct = f.correctable()
	return f
}

// turn rotates a code by a quarter to the right.
func turn(code uint64, n int) (out uint64) {
	for y := range n {
		for x := range n {
			out = out<<1 | code>>(n*n-1-((n-1-x)*n+y))&1
		}
	}
	return out
}

// chance is how often a random pattern may pass for a marker.
const chance = .005

// correctable returns how many wrong cells may be put right: less than half of
// the smallest distance between two markers, and so few that a random pattern
// hardly passes.
func (f *Family) correctable() int {
	n := f.cells * f.cells
	limit := (f.distance() - 1) / 2
	ball, choose := 1.0, 1.0 // patterns within a distance, and at it
	space := float64(uint64(1) << n)
	best := 0
	for t := 1; t <= limit; t++ {
		choose *= float64(n-t+1) / float64(t)
		if ball += choose; 4*float64(len(f.codes))*ball/space > chance {
			break
		}
		best = t
	}
	return best
}

// distance is the smallest number of cells in which two markers, or one and
// itself turned, differ.
func (f *Family) distance() int {
	least := f.cells * f.cells
	for i, a := range f.codes {
		for r := range 4 {
			for j := i; j < len(f.codes); j++ {
				if i == j && r == 0 {
					continue
				}
				least = min(least, bits.OnesCount64(a^f.turned[r][j]))
			}
		}
	}
	return least
}

// Count returns how many markers the family has; ids lie below it.
func (f *Family) Count() int { return len(f.codes) }

// Cells returns the cells of an edge, the black border included.
func (f *Family) Cells() int { return f.cells + 2 }

// White reports whether a cell of a marker is white; rows and columns count from
// 0 at the border's upper left cell.
func (f *Family) White(id, row, col int) bool {
	row, col = row-1, col-1
	if row < 0 || col < 0 || row >= f.cells || col >= f.cells {
		return false
	}
	return f.codes[id]>>(f.cells*f.cells-1-(row*f.cells+col))&1 == 1
}

// find returns the marker nearest to a code, how many quarters to the right it
// is turned in it, and in how many cells it differs; ok is false where that is
// more than can be put right.
func (f *Family) find(code uint64) (id, turns, wrong int, ok bool) {
	wrong = f.cells*f.cells + 1
	for r := range 4 {
		for i, c := range f.turned[r] {
			if d := bits.OnesCount64(c ^ code); d < wrong {
				id, turns, wrong = i, r, d
			}
		}
	}
	return id, turns, wrong, wrong <= f.correct
}
