package join

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping"
)

// Recording is what joining needs of a map: the keyframes of its largest part.
type Recording struct {
	Name      string
	Map       MapRef
	Keyframes []RecordedKeyframe // by time
	Returns   [][2]int           // places seen twice, as indices of Keyframes
	Gain      float64            // logarithm of the metres that a length of the map has
	LogStd    float64            // deviation of Gain, infinite where nothing tells metres
	Elsewhere int                // keyframes in parts of the map that are not connected to it
}

// RecordedKeyframe is a keyframe in the frame of its own map.
type RecordedKeyframe struct {
	ID   int
	Time float64
	Pose geom.SE3 // T_wc
}

// ReadRecording reads a map file without its images.
func ReadRecording(path string) (*Recording, error) {
	ref, err := Refer(path)
	if err != nil {
		return nil, err
	}
	f, err := mapfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := mapping.ReadGeometry(f)
	if err != nil {
		return nil, err
	}
	parts := st.Summaries()
	if len(parts) == 0 {
		return nil, fmt.Errorf("%s: the map has no keyframes; nothing can be joined to it", path)
	}
	part := parts[0].Part
	r := &Recording{Name: nameOf(path), Map: ref, Gain: st.Metrics[part].Gain, LogStd: st.Metrics[part].Deviation()}
	at := make(map[int]int)
	for _, k := range st.Keyframes {
		switch {
		case k.Culled():
		case k.Part != part:
			r.Elsewhere++
		default:
			at[k.ID] = len(r.Keyframes)
			r.Keyframes = append(r.Keyframes, RecordedKeyframe{k.ID, k.Time, k.Pose})
		}
	}
	for _, l := range st.Links {
		if i, ok := at[l.From]; ok {
			if j, ok := at[l.To]; ok && j != i {
				r.Returns = append(r.Returns, [2]int{i, j})
			}
		}
	}
	return r, nil
}

// nameOf is the folder of a run's map.mslam, else the name of the file.
func nameOf(path string) string {
	base := filepath.Base(path)
	if base == "map.mslam" {
		if abs, err := filepath.Abs(path); err == nil {
			return filepath.Base(filepath.Dir(abs))
		}
	}
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// metric reports whether anything tells the metres of the recording.
func (r *Recording) metric() bool { return !math.IsInf(r.LogStd, 1) }

// scaleStd is the deviation of a scale that something tells.
func (r *Recording) scaleStd() float64 { return max(r.LogStd, leastLogStd) }

// index returns the place of a keyframe's id among those of the recording.
func (r *Recording) index() map[int]int {
	at := make(map[int]int, len(r.Keyframes))
	for i, k := range r.Keyframes {
		at[k.ID] = i
	}
	return at
}
