package join

import (
	"fmt"

	"github.com/metricslam/metricslam/slam"
)

// Joined is one map of many recordings.
type Joined struct {
	Kind       string       `json:"kind"` // "joined"
	Version    int          `json:"version"`
	Maps       []JoinedMap  `json:"maps"`
	Components []Component  `json:"components"` // the largest first
	Links      []JoinedLink `json:"links"`
	Warnings   []string     `json:"warnings"`
}

// JoinedMap is a recording in the joint map.
type JoinedMap struct {
	Name      string `json:"name"`
	File      string `json:"file"`
	SHA256    string `json:"sha256"`
	Component int    `json:"component"`
	// Anchor brings the recording's own map into the joint frame, at its middle keyframe.
	Anchor Pose `json:"anchor"`
	// ScaleFactor is what the recording's own metres were multiplied by.
	ScaleFactor float64 `json:"scale_factor"`
	// ScaleLogStd is the deviation of the logarithm of its own metres; 0: nothing told them.
	ScaleLogStd   float64          `json:"scale_log_std"`
	ScaleConflict bool             `json:"scale_conflict"` // the others contradict its own metres
	Keyframes     []JoinedKeyframe `json:"keyframes"`
}

// JoinedKeyframe is a keyframe's pose, T_wc in the frame of its component, in metres. Its
// scale is the metres that a length of the recording's own map has at the keyframe.
type JoinedKeyframe struct {
	ID   int     `json:"id"`
	Time float64 `json:"time"`
	Pose
}

// Component is a set of recordings that links connect.
type Component struct {
	First       int     `json:"first"` // recording that names the frame
	Recordings  int     `json:"recordings"`
	ScaleLogStd float64 `json:"scale_log_std"` // deviation of the logarithm of its metres; 0: nothing told them
}

// What became of a link.
const (
	Believed = "believed"
	Rejected = "rejected" // the other recordings contradict it
	Doubted  = "doubted"  // the two maps contradict it
	Spare    = "spare"    // others of the same visit were judged; it has a part in the last adjustment
)

// JoinedLink is a place that two recordings show.
type JoinedLink struct {
	A         int    `json:"a"` // recordings
	B         int    `json:"b"`
	KeyframeA int    `json:"keyframe_a"`
	KeyframeB int    `json:"keyframe_b"`
	Inliers   int    `json:"inliers"`
	State     string `json:"state"`
}

const joinedKind = "joined"

// Write writes a joint map.
func (j *Joined) Write(path string) error { return WriteJSON(path, j) }

// Read reads a joint map.
func Read(path string) (*Joined, error) {
	j := new(Joined)
	if err := ReadJSON(path, joinedKind, j); err != nil {
		return nil, err
	}
	for _, m := range j.Maps {
		if m.Component < 0 || m.Component >= len(j.Components) {
			return nil, fmt.Errorf("%s: %s is in component %d of %d", path, m.Name, m.Component, len(j.Components))
		}
		for _, k := range m.Keyframes {
			if err := k.check(); err != nil {
				return nil, fmt.Errorf("%s: keyframe %d of %s: %w", path, k.ID, m.Name, err)
			}
		}
	}
	for i, l := range j.Links {
		if min(l.A, l.B) < 0 || max(l.A, l.B) >= len(j.Maps) {
			return nil, fmt.Errorf("%s: link %d is between recordings %d and %d of %d", path, i, l.A, l.B, len(j.Maps))
		}
	}
	if len(j.Maps) == 0 {
		return nil, fmt.Errorf("%s: no recordings; make it anew by map join", path)
	}
	return j, nil
}

// Trajectory returns the keyframes of a recording.
func (m *JoinedMap) Trajectory() (out slam.Trajectory) {
	for _, k := range m.Keyframes {
		out = append(out, slam.StampedPose{Time: k.Time, Pose: k.Pose.Sim3().SE3()})
	}
	return out
}
