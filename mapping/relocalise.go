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

// LastSeen is where a camera was before it was lost.
type LastSeen struct {
	Pose geom.SE3 // T_wc, in the current part
	AgoS float64
}

// Relocalise finds the pose of an image by its keypoints in any part of the map. What
// the camera cannot have reached since it was lost only looks alike; last is nil where
// it was nowhere before.
func (m *Mapper) Relocalise(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor, last *LastSeen) (r Relocalisation, ok bool, err error) {
	return m.loops.locate(cam, keypoints(px, desc), m.Map.reachable(m.part, last))
}

// reachable returns whether a camera can have come to a pose near a keyframe since it
// was last seen in a part. How far away other parts are nobody knows yet.
func (m *Map) reachable(part int, last *LastSeen) func(k *Keyframe, pose geom.SE3) bool {
	anywhere := func(*Keyframe, geom.SE3) bool { return true }
	if last == nil || last.AgoS > motionMaxS {
		return anywhere
	}
	v := m.motionOf(func(k *Keyframe) bool { return k.Part == part })
	if !v.known {
		return anywhere
	}
	return func(k *Keyframe, pose geom.SE3) bool {
		if k.Part != part {
			return true
		}
		shift, turn := v.deviations(last.AgoS, m.sceneDepth(k))
		d := last.Pose.Between(pose)
		return d.T.Norm() < reachDeviations*shift && geom.RotationAngle(d.R) < reachDeviations*turn
	}
}

func (c *loopCloser) locate(cam geom.Camera, image []recognition.Keypoint, reachable func(*Keyframe, geom.SE3) bool) (r Relocalisation, ok bool, err error) {
	r.Inliers = pnpMinInliers
	for i, o := range c.index.Query(image, func(int) bool { return false }) {
		if i == lostCandidates || o.Votes < linkMinVotes {
			break
		}
		k := c.m.Keyframes[o.Keyframe]
		known, err := c.m.Keypoints(k)
		if err != nil {
			return r, false, err
		}
		pairs := recognition.Match(known, image)
		points, err := c.points(k, known, pairs, 0)
		if err != nil {
			return r, false, err
		}
		cw, in, found := pnp(points, cam, image, pairs, 1, uint64(k.ID))
		if !found || len(in) <= r.Inliers {
			continue
		}
		if pose := k.Pose.Mul(cw.Inverse()); reachable(k, pose) {
			r, ok = Relocalisation{pose, k.Part, len(in)}, true
		}
	}
	return r, ok, nil
}

// Resume makes part the one that keyframes are added to.
func (m *Mapper) Resume(part int) { m.part = part }
