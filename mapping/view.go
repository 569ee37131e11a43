package mapping

import (
	"fmt"
	"iter"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// View returns what fusion needs of a keyframe, by a pinhole camera: its landmarks
// are those that other keyframes have confirmed.
func (m *Map) View(k *Keyframe) (slam.KeyframeView, error) {
	im, err := m.Images(k)
	if err != nil {
		return slam.KeyframeView{}, err
	}
	color, err := im.Color.RGB()
	if err != nil {
		return slam.KeyframeView{}, fmt.Errorf("images of keyframe %d: %w", k.ID, err)
	}
	v := slam.KeyframeView{ID: k.ID, Time: k.Time, Pose: k.Pose, Camera: k.Camera, Gray: im.Gray, Depth: k.metricDepth(&im.Depth), Image: im.Gray, ImageCamera: k.Camera}
	shrunk := 1.0
	if !color.Empty() { // its pixels are means: their centres lie between the image's
		v.Camera, v.Color, v.Gray = k.Camera.Resized(color.W, color.H), color, slam.Gray{}
		shrunk = float64(color.W) / float64(k.Camera.W)
	}
	for _, f := range k.Features {
		l, ok := m.landmarks.find(f.Landmark)
		if !ok || !l.Known() || len(l.Obs) < 3 || l.LogStd > maxViewLogStd {
			continue
		}
		if z := k.Pose.ApplyInverse(m.Position(l)).Z; z > minDepthM {
			v.Landmarks = append(v.Landmarks, slam.SparseDepth{Pixel: geom.ResizePixel(f.Pixel, shrunk), DepthM: z, LogStd: l.LogStd})
		}
	}
	m.undistortions.undistort(&v)
	return v, nil
}

// Views yields the views of those of the keyframes that have depth; the images of
// a large map are put away at the end.
func (m *Map) Views(keyframes []*Keyframe) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for _, k := range keyframes {
			if k.Depth.Empty() {
				continue
			}
			v, err := m.View(k)
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := m.images.Spare(); err != nil {
			yield(slam.KeyframeView{}, err)
		}
	}
}
