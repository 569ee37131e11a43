package mapping

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The table does what a map does, by ascending id.
func TestLandmarkTable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var table landmarkTable
	want := make(map[int]*Landmark)
	for range 20000 {
		id := r.IntN(3000)
		if r.IntN(3) == 0 {
			id += firstLinkLandmark
		}
		if r.IntN(2) == 0 {
			table.remove(id)
			delete(want, id)
			continue
		}
		l := &Landmark{ID: id}
		table.put(l)
		want[id] = l
	}
	if table.n != len(want) {
		t.Errorf("%d landmarks, want %d", table.n, len(want))
	}
	for _, id := range []int{-1, 3000, 1 << 39, firstLinkLandmark + 5000} {
		if l, ok := table.find(id); ok || l != nil {
			t.Errorf("there is a landmark %d", id)
		}
	}
	var ids []int
	for l := range table.all() {
		if want[l.ID] != l || table.get(l.ID) != l {
			t.Fatalf("landmark %d is another one", l.ID)
		}
		ids = append(ids, l.ID)
		table.remove(l.ID)
	}
	if len(ids) != len(want) || !slices.IsSorted(ids) {
		t.Errorf("%d landmarks, want %d, sorted: %v", len(ids), len(want), slices.IsSorted(ids))
	}
	for _, pages := range [][]*landmarkPage{table.tracks, table.linked} {
		if slices.ContainsFunc(pages, func(p *landmarkPage) bool { return p != nil }) {
			t.Error("an empty page takes memory")
		}
	}
}
