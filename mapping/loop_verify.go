package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/recognition"
)

// verify measures the pose of b seen from a by PnP in both directions, asks that
// they agree, and has the landmarks of a confirm it. Without all that the link is
// nil.
func (c *loopCloser) verify(a, b *Keyframe) (*Link, error) {
	atA, err := c.m.Keypoints(a)
	if err != nil {
		return nil, err
	}
	atB, err := c.m.Keypoints(b)
	if err != nil {
		return nil, err
	}
	pairs := recognition.Match(atA, atB)
	if len(pairs) < linkMinInliers {
		return nil, nil
	}
	pa, err := c.points(a, atA, pairs, 0)
	if err != nil {
		return nil, err
	}
	pb, err := c.points(b, atB, pairs, 1)
	if err != nil {
		return nil, err
	}
	ba, inB, okB := pnp(pa, b.Camera, atB, pairs, 1, uint64(b.ID)) // T_b_a
	ab, inA, okA := pnp(pb, a.Camera, atA, pairs, 0, uint64(a.ID)) // T_a_b
	if !okA || !okB || min(len(inA), len(inB)) < linkMinInliers {
		return nil, nil
	}
	scale, depth, ok := relativeScale(pa, pb, ba)
	if !ok {
		return nil, nil
	}
	// A map of another scale shifts the two translations against each other by
	// that scale, and nothing else.
	back := ab.Inverse()
	turn := geom.RotationAngle(back.R.T().Mul(ba.R))
	shift := back.T.Scale(1/scale).Sub(ba.T).Norm() / depth
	if turn > linkMaxTurnRad || shift > linkMaxShift || c.metric(a) && c.metric(b) && math.Abs(math.Log(scale)) > linkMaxLogScale {
		return nil, nil
	}
	if !c.freeScale(a) {
		scale = 1
	}
	s, ok, err := c.refine(a, b, ba)
	if err != nil || !ok {
		return nil, err
	}
	if c.farFromMap(a, b, s.pose, depth) {
		if same, err := c.looksAlike(a, b, s.pose); err != nil || !same {
			return nil, err
		}
	}
	l := &Link{
		From: a.ID, To: b.ID, Z: geom.Sim3FromSE3(s.pose.Inverse(), 1/scale),
		Inliers: min(len(inA), len(inB)), units: [2]float64{a.Unit, b.Unit},
	}
	for i, p := range s.points {
		l.pairs = append(l.pairs, linkPair{s.from[i], s.to[i], p.Z})
	}
	var spread float64
	l.info, spread = linkInfo(s.pose, s.rays(b.Camera), s.points, s.sigmaPx/b.Camera.Focal(), depth)
	if linkDepthShare >= linkMaxTiltRad*spread {
		return nil, nil
	}
	return l, nil
}

// freeScale reports whether the lengths around a keyframe may drift: without a
// metric source, or with a network whose scale wanders.
func (c *loopCloser) freeScale(k *Keyframe) bool {
	return !c.ground.Metric() && !k.measuresMetres()
}

// metric reports whether the lengths around a keyframe are metres rather than
// free.
func (c *loopCloser) metric(k *Keyframe) bool { return !k.Depth.Empty() || c.ground.Metric() }

// points returns the points of one side of the matched keypoints, those of k, in its
// camera; those without depth have Z = 0.
func (c *loopCloser) points(k *Keyframe, keypoints []recognition.Keypoint, pairs [][2]int, side int) ([]geom.Vec3, error) {
	im, err := c.m.Images(k)
	if err != nil {
		return nil, err
	}
	out := make([]geom.Vec3, len(pairs))
	for i, p := range pairs {
		u := keypoints[p[side]].Pixel
		if z, ok := c.depthAt(k, &im.Depth, u); ok {
			out[i] = k.Camera.Unproject(u, z)
		}
	}
	return out, nil
}

// depthAt is the depth at a pixel of a keyframe in the map's lengths: of a
// landmark close by, else of its depth map.
func (c *loopCloser) depthAt(k *Keyframe, depth *images.Depth, u geom.Vec2) (depthM float64, ok bool) {
	best := landmarkReachPx * landmarkReachPx * 1.
	for _, f := range k.Features {
		d := f.Pixel.Sub(u).Norm2()
		if d >= best {
			continue
		}
		l, has := c.m.landmarks.find(f.Landmark)
		if !has || !l.Known() || l.LogStd > landmarkMaxStd {
			continue
		}
		if z := k.Pose.ApplyInverse(c.m.Position(l)).Z; z > minDepthM {
			depthM, best, ok = z, d, true
		}
	}
	if ok {
		return depthM, true
	}
	z, std, has := depth.At(k.Camera, u)
	if !has || std >= images.EdgeLogStd {
		return 0, false
	}
	return z * math.Exp(k.LogScale), true
}

// pnp locates the camera of the given side of the pairs against points of
// the other one; inliers are indices of pairs.
func pnp(points []geom.Vec3, cam geom.Camera, keypoints []recognition.Keypoint, pairs [][2]int, side int, seed uint64) (pose geom.SE3, inliers []int, ok bool) {
	var x []geom.Vec2
	var p []geom.Vec3
	var at []int
	for i, pair := range pairs {
		if points[i].Z > 0 {
			x = append(x, cam.Ray(keypoints[pair[side]].Pixel).XY())
			p, at = append(p, points[i]), append(at, i)
		}
	}
	opt := geom.PnPOptions{Sigma: linkPixelSigma / cam.Focal()}
	opt.MinInliers, opt.Seed = pnpMinInliers, seed
	pose, in, ok := geom.PnP(x, p, opt)
	for _, i := range in {
		inliers = append(inliers, at[i])
	}
	return pose, inliers, ok
}

// relativeScale returns the median ratio of the depths of b's own points to
// those of a's points moved into b, and the median depth.
func relativeScale(pa, pb []geom.Vec3, ba geom.SE3) (scale, depth float64, ok bool) {
	var ratio, z []float64
	for i := range pa {
		if pa[i].Z <= 0 || pb[i].Z <= 0 {
			continue
		}
		if p := ba.Apply(pa[i]); p.Z > minDepthM {
			ratio, z = append(ratio, pb[i].Z/p.Z), append(z, p.Z)
		}
	}
	if len(ratio) < pnpMinInliers/2 {
		return 0, 0, false
	}
	slices.Sort(ratio)
	slices.Sort(z)
	return ratio[len(ratio)/2], z[len(z)/2], true
}
