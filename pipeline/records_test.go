package pipeline

import (
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// However long a run is, its tracks take no more than their share of memory, and
// every frame keeps some all over it.
func TestRecordsAreThinned(t *testing.T) {
	var k records
	const frames, each = 30000, 400
	all := make([]slam.Track, each)
	for i := range all {
		all[i] = slam.Track{ID: i, Pixel: geom.Vec2{X: float64(i)}}
	}
	most := 0
	for i := range frames {
		r := record{frame: i}
		r.keepTracks(all)
		k.add(r)
		most = max(most, k.tracks)
	}
	if most > tracksKept+each {
		t.Errorf("%d tracks were kept", most)
	}
	var sum int
	for _, r := range k.all {
		n := len(r.tracks)
		sum += n
		if n < tracksFewest || r.tracks[0].id > 0 || int(r.tracks[n-1].id) < each*3/4 {
			t.Fatalf("frame %d keeps %d tracks, from %d to %d", r.frame, n, r.tracks[0].id, r.tracks[n-1].id)
		}
	}
	if sum != k.tracks || len(k.all) != frames {
		t.Errorf("%d tracks of %d frames, counted %d", sum, len(k.all), k.tracks)
	}
}

// A landmark of a link has an id beyond those of tracks: it is not taken for the
// track that its lower bits name.
func TestRecordLeavesOutLinks(t *testing.T) {
	var r record
	r.keepTracks([]slam.Track{{ID: 7}, {ID: 1<<40 + 3}})
	if len(r.tracks) != 1 || r.tracks[0].id != 7 {
		t.Errorf("kept %v", r.tracks)
	}
}
