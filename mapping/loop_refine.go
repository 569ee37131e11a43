package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/patch"
)

// Corners that ORB pairs are few, lie in a patch of the image and are known to
// two pixels: a pose by them takes a turn for a shift, in the dark most of all. So
// a link that is verified is measured once more by the landmarks of the one
// keyframe in the image of the other. What this does not confirm is no link.

// refined is a pose T_b_a by landmarks of a that were found in b.
type refined struct {
	pose     geom.SE3
	sigmaPx  float64     // of a pixel
	from, to []geom.Vec2 // pixels of a and b
	points   []geom.Vec3 // in a
}

// refine measures the pose again ba = T_b_a; ok is false where fewer than
// linkMinInliers landmarks say the same.
func (c *loopCloser) refine(a, b *Keyframe, ba geom.SE3) (s refined, ok bool, err error) {
	s = refined{pose: ba, sigmaPx: max(c.cfg.pixelSigma(a), c.cfg.pixelSigma(b))}
	find, ok, err := c.m.newFinder(a, b, ba, false, refineMinNCC)
	if !ok {
		return s, false, err
	}
	for range refineRounds {
		if !c.matchLandmarks(a, b, &s, &find) {
			return s, false, nil
		}
	}
	if s.sigmaPx > refineFullPx {
		return s, true, nil
	}
	find, ok, err = c.m.newFinder(a, b, s.pose, true, refineMinNCC)
	return s, ok && c.matchLandmarks(a, b, &s, &find), err
}

// matchLandmarks finds the landmarks of a in b, near where the pose says, and fits the pose
// to them.
func (c *loopCloser) matchLandmarks(a, b *Keyframe, s *refined, find *patch.Finder) bool {
	find.SetPose(s.pose)
	s.from, s.to, s.points = nil, nil, nil
	c.expected(a, b, s.pose, func(f Feature, l *Landmark, p geom.Vec3, u geom.Vec2) {
		if v, ok := find.Find(f.Pixel, c.m.plane(l, a, f.Pixel, p.Z), patch.FixedSlant, u, refineReachPx); ok {
			s.from, s.to, s.points = append(s.from, f.Pixel), append(s.to, v.Pixel), append(s.points, p)
		}
	})
	return s.fit(b.Camera)
}

// fit fits the pose to what was found, and drops what does not fit.
func (s *refined) fit(cam geom.Camera) bool {
	w := geom.IsotropicInfo(cam.Focal() * cam.Focal() / (s.sigmaPx * s.sigmaPx))
	for range 2 {
		if len(s.to) < linkMinInliers {
			return false
		}
		info := slices.Repeat([]geom.Info2{w}, len(s.to))
		s.pose, _ = geom.RefinePnP(s.pose, s.rays(cam), s.points, info, geom.Kernel{Kind: geom.Cauchy, Delta: 2}, 10)
		n := 0
		for i, p := range s.points {
			q := s.pose.Apply(p)
			if q.Z > minDepthM && cam.Project(q).Sub(s.to[i]).Norm() < refineOutlierSigmas*s.sigmaPx {
				s.from[n], s.to[n], s.points[n] = s.from[i], s.to[i], p
				n++
			}
		}
		s.from, s.to, s.points = s.from[:n], s.to[:n], s.points[:n]
	}
	return len(s.to) >= linkMinInliers
}

// rays are those of the landmarks in b.
func (s *refined) rays(cam geom.Camera) []geom.Vec2 {
	out := make([]geom.Vec2, len(s.to))
	for i, u := range s.to {
		out[i] = cam.Ray(u).XY()
	}
	return out
}
