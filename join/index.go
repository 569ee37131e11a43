package join

import (
	"fmt"

	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// indexKeypoints are the strongest keypoints of a keyframe that an index holds: 7 KB.
// A return within a map has a hundred votes of 400; half as many keypoints still leave
// three times pairVotes.
const indexKeypoints = 200

// Index is what the places of a map look like.
type Index struct {
	Kind      string          `json:"kind"` // "places"
	Version   int             `json:"version"`
	Map       MapRef          `json:"map"`
	Keyframes []IndexKeyframe `json:"keyframes"`
}

// IndexKeyframe is one keyframe: 32 bytes a descriptor.
type IndexKeyframe struct {
	ID          int    `json:"id"`
	Descriptors []byte `json:"descriptors"`
}

const indexKind = "places"

// NewIndex returns the index of a map.
func NewIndex(ref MapRef, st *mapping.State) (*Index, error) {
	m, err := st.Map()
	if err != nil {
		return nil, err
	}
	x := &Index{Kind: indexKind, Version: Version, Map: ref}
	for _, k := range st.Keyframes {
		if k.Culled() {
			continue
		}
		all, err := m.Keypoints(k)
		if err != nil {
			return nil, fmt.Errorf("%s: keypoints of keyframe %d: %w", ref.File, k.ID, err)
		}
		e := IndexKeyframe{ID: k.ID}
		for i := range all[:min(len(all), indexKeypoints)] {
			e.Descriptors = append(e.Descriptors, all[i].Desc[:]...)
		}
		x.Keyframes = append(x.Keyframes, e)
	}
	return x, nil
}

// Write writes an index.
func (x *Index) Write(path string) error { return WriteJSON(path, x) }

// ReadIndex reads an index.
func ReadIndex(path string) (*Index, error) {
	x := new(Index)
	if err := ReadJSON(path, indexKind, x); err != nil {
		return nil, err
	}
	for _, k := range x.Keyframes {
		if len(k.Descriptors)%len(slam.Descriptor{}) != 0 {
			return nil, fmt.Errorf("%s: keyframe %d has %d bytes of descriptors, no multiple of %d: make it anew", path, k.ID, len(k.Descriptors), len(slam.Descriptor{}))
		}
	}
	return x, nil
}

// keypoints returns the descriptors as the recognition index takes them.
func (k *IndexKeyframe) keypoints() []recognition.Keypoint {
	out := make([]recognition.Keypoint, len(k.Descriptors)/len(slam.Descriptor{}))
	for i := range out {
		copy(out[i].Desc[:], k.Descriptors[i*len(out[i].Desc):])
	}
	return out
}
