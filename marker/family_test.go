package marker

import (
	"testing"
)

func TestFamilies(t *testing.T) {
	// Smallest distances as published: Olson 2011 and Garrido-Jurado et al. 2014
	// for theirs, the others as the corrections that OpenCV states imply. Some markers of
	// aruco_original look the same upside down.
	least := map[string]int{"apriltag36h11": 11, "aruco4x4_50": 3, "aruco5x5_100": 7, "aruco6x6_250": 11, "aruco7x7_50": 19, "aruco_original": 0}
	for _, name := range Names() {
		f := family(t, name)
		d := 0
		if want, ok := least[name]; ok {
			if d = f.distance(); d < want {
				t.Errorf("%s: two markers differ in %d cells, want at least %d", name, d, want)
			}
		}
		t.Logf("%s: %d markers, %d cells put right, distance %d", name, f.Count(), f.correct, d)
		for id := 0; id < f.Count(); id += 1 + f.Count()/40 {
			if got, turns, wrong, ok := f.find(f.codes[id]); !ok || got != id || turns != 0 || wrong != 0 {
				t.Errorf("%s: marker %d is found as %d, %d turns", name, id, got, turns)
			}
			turned := turn(f.codes[id], f.cells)
			if got, turns, _, ok := f.find(turned ^ (1<<f.correct - 1)); !ok || got != id || turns != 1 {
				t.Errorf("%s: marker %d, turned and with %d wrong cells, is found as %d, %d turns", name, id, f.correct, got, turns)
			}
			if turn(turn(turn(turned, f.cells), f.cells), f.cells) != f.codes[id] {
				t.Errorf("%s: four turns change marker %d", name, id)
			}
		}
	}
}

func TestKnownMarker(t *testing.T) {
	// Marker 0 of 4x4, as in every image of it.
	f := family(t, "aruco4x4")
	want := []string{"......", ".#.##.", "..#.#.", "...##.", "...#..", "......"}
	for row, line := range want {
		for col, c := range line {
			if f.White(0, row, col) != (c == '#') {
				t.Errorf("row %d, column %d: white is %v", row, col, f.White(0, row, col))
			}
		}
	}
}

func TestUnknownFamily(t *testing.T) {
	if _, err := ByName("aruco9x9"); err == nil {
		t.Error("no error")
	}
}
