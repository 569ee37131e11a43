package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// FindLandmarks finds landmarks of a part in an image that a camera took at about
// pose: each is searched around its projection, from the images of the
// keyframes that see most of them. They are returned as tracks under their ids.
// The map stays as it is.
func (m *Mapper) FindLandmarks(g slam.Gray, cam geom.Camera, pose geom.SE3, part int) ([]slam.Track, error) {
	k := &Keyframe{ID: len(m.Map.Keyframes), Pose: pose, Camera: cam, Part: part}
	m.match.Keep(k.ID, g)
	found := make(map[int]bool)
	var out []slam.Track
	for _, kf := range m.retrackKeyframes(k) {
		o := m.Map.Keyframes[kf]
		ids, from, want := m.landmarksInView(k, o, func(id int) bool { return found[id] })
		at := slices.Clone(want)
		if _, err := m.Map.Images(o); err != nil { // the matcher has them now
			return nil, err
		}
		ok, err := m.match.Match(o.ID, k.ID, from, at)
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			if ok[i] && at[i].Sub(want[i]).Norm() < retrackGatePx {
				found[id] = true
				out = append(out, slam.Track{ID: id, Pixel: at[i]})
			}
		}
	}
	return out, nil
}
