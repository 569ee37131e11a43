package mapping

import "github.com/metricslam/metricslam/slam"

// maxViewLogStd is the deviation above which a landmark's depth says nothing to
// dense depth.
const maxViewLogStd = .1

// View returns what fusion needs of a keyframe: its landmarks are those that
// other keyframes have confirmed.
func (m *Map) View(k *Keyframe) slam.KeyframeView {
	v := slam.KeyframeView{
		ID: k.ID, Time: k.Time, Pose: k.Pose, Camera: k.Camera, Color: k.Color, Gray: k.Gray, Depth: k.Depth,
	}
	for _, f := range k.Features {
		l, ok := m.landmarks[f.Landmark]
		if !ok || !l.Known() || len(l.Obs) < 3 || l.LogStd > maxViewLogStd {
			continue
		}
		if z := k.Pose.ApplyInverse(m.Position(l)).Z; z > minDepthM {
			v.Landmarks = append(v.Landmarks, slam.SparseDepth{Pixel: f.Pixel, DepthM: z, LogStd: l.LogStd})
		}
	}
	return v
}
