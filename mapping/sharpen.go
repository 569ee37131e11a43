package mapping

import (
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/patch"
)

// Corners that ORB pairs are few, lie in a patch of the picture and are known to
// two pixels: a pose by them takes a turn for a shift, in the dark most of all. So
// a link that is verified is measured once more by the landmarks of the one
// keyframe in the picture of the other. What this does not confirm is no link.

const (
	sharpenRounds  = 3   // each finds more, farther from the corners that were paired
	sharpenReachPx = 6   // from where a landmark should be
	sharpenMaxStd  = .2  // of the log depth of a landmark
	sharpenFullPx  = 1.5 // noise of pixels below which pictures of full size tell more
	sharpenOutlier = 3   // deviations of a pixel

	// Correlation from which on a patch is found. Patches that blur has changed reach
	// .9, and lie a pixel or two beside where they should be.
	sharpenMinNCC = .95
)

// sharp is a pose T_b_a by landmarks of a that were found in b.
type sharp struct {
	pose     geom.SE3
	sigmaPx  float64     // of a pixel
	from, to []geom.Vec2 // pixels of a and b
	points   []geom.Vec3 // in a
}

// sharpen refines the pose ba = T_b_a; ok is false where fewer than
// linkMinInliers landmarks say the same.
func (m *Mapper) sharpen(a, b *Keyframe, ba geom.SE3) (s sharp, ok bool, err error) {
	s = sharp{pose: ba, sigmaPx: max(m.cfg.pixelSigma(a), m.cfg.pixelSigma(b))}
	find, ok, err := m.Map.newFinder(a, b, ba, false, sharpenMinNCC)
	if !ok {
		return s, false, err
	}
	for range sharpenRounds {
		if !m.seek(a, b, &s, &find) {
			return s, false, nil
		}
	}
	if s.sigmaPx > sharpenFullPx {
		return s, true, nil
	}
	find, ok, err = m.Map.newFinder(a, b, s.pose, true, sharpenMinNCC)
	return s, ok && m.seek(a, b, &s, &find), err
}

// seek finds the landmarks of a in b, near where the pose says, and fits the pose
// to them.
func (m *Mapper) seek(a, b *Keyframe, s *sharp, find *patch.Finder) bool {
	find.SetPose(s.pose)
	s.from, s.to, s.points = nil, nil, nil
	m.expected(a, b, s.pose, func(f Feature, l *Landmark, p geom.Vec3, u geom.Vec2) {
		if v, ok := find.Find(f.Pixel, m.Map.plane(l, a, f.Pixel, p.Z), patch.FixedSlant, u, sharpenReachPx); ok {
			s.from, s.to, s.points = append(s.from, f.Pixel), append(s.to, v.Pixel), append(s.points, p)
		}
	})
	return s.refine(b.Camera)
}

// refine fits the pose to what was found, and drops what does not fit.
func (s *sharp) refine(cam geom.Camera) bool {
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
			if q.Z > minDepthM && cam.Project(q).Sub(s.to[i]).Norm() < sharpenOutlier*s.sigmaPx {
				s.from[n], s.to[n], s.points[n] = s.from[i], s.to[i], p
				n++
			}
		}
		s.from, s.to, s.points = s.from[:n], s.to[:n], s.points[:n]
	}
	return len(s.to) >= linkMinInliers
}

// rays are those of the landmarks in b.
func (s *sharp) rays(cam geom.Camera) []geom.Vec2 {
	out := make([]geom.Vec2, len(s.to))
	for i, u := range s.to {
		out[i] = cam.Ray(u).XY()
	}
	return out
}
