package mapping

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Glimpse is what dense depth takes of a frame that is no keyframe: its depth and
// its colours, packed. The map knows nothing of it.
type Glimpse struct{ frame Keyframe }

// NewGlimpse packs a frame and its depth.
func NewGlimpse(f *slam.Frame, depth slam.DepthMap) *Glimpse {
	g := &Glimpse{Keyframe{Frame: f.Index, Time: f.Time, Camera: f.Camera, Gray: f.Gray, Color: shrinkColor(f.Color), Depth: packDepth(depth)}}
	if !g.frame.Color.Empty() {
		g.frame.Gray = slam.Gray{}
	}
	g.frame.pack()
	return g
}

// GlimpseView returns what fusion needs of a glimpse. Its camera was at pose and
// saw tracks; the scale of its depth and its lens are those of the keyframe near.
func (m *Map) GlimpseView(g *Glimpse, pose geom.SE3, tracks []slam.Track, near *Keyframe) slam.KeyframeView {
	k := g.frame
	k.unpack()
	k.ID, k.Pose, k.LogScale = near.ID, pose, near.LogScale
	k.changeCamera(near.Camera)
	for _, t := range tracks {
		if l, ok := m.landmarks[t.ID]; ok && m.Keyframes[l.Host].Part == near.Part {
			k.Features = append(k.Features, Feature{Landmark: t.ID, Pixel: t.Pixel})
		}
	}
	return m.view(&k)
}
