package mapping

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// Relocalisation is where an image was recognised in the map.
type Relocalisation struct {
	Pose    geom.SE3 // T_wc
	Part    int
	Inliers int // keypoints that agree on it
}

// Sure reports whether so many keypoints agree that the pose needs no witness.
func (r Relocalisation) Sure() bool { return r.Inliers >= linkSure }

// Relocalise finds the pose of an image by its keypoints in any part of the map.
func (m *Mapper) Relocalise(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor) (r Relocalisation, ok bool, err error) {
	return m.loops.locate(cam, keypoints(px, desc))
}

func (c *loopCloser) locate(cam geom.Camera, image []recognition.Keypoint) (r Relocalisation, ok bool, err error) {
	r.Inliers = pnpMinInliers
	for i, o := range c.index.Query(image, func(int) bool { return false }) {
		if i == lostCandidates || o.Votes < linkMinVotes {
			break
		}
		k := c.m.Keyframes[o.Keyframe]
		known, err := c.m.keypoints(k)
		if err != nil {
			return r, false, err
		}
		pairs := recognition.Match(known, image)
		points, err := c.points(k, known, pairs, 0)
		if err != nil {
			return r, false, err
		}
		cw, in, found := pnp(points, cam, image, pairs, 1, uint64(k.ID))
		if found && len(in) > r.Inliers {
			r, ok = Relocalisation{k.Pose.Mul(cw.Inverse()), k.Part, len(in)}, true
		}
	}
	return r, ok, nil
}

// Resume makes part the one that keyframes are added to.
func (m *Mapper) Resume(part int) { m.part = part }
