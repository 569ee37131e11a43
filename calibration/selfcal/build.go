package selfcal

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/tracking"
)

// structure is a window with poses and points; views that could not be placed have
// none.
type structure struct {
	views  []View
	poses  []*poseVar // T_cw, nil where unknown
	points map[int]*pointVar
	ids    []int // of the points, in the order they were made
	pair   [2]int
}

const (
	startPx      = 2.0  // deviation of a pixel at a focal length that may be wrong
	minResection = 20   // points from which a view is placed
	minAngle     = .015 // radians between the rays of a point
	maxStartPx   = 6.0  // reprojection error of a point when it is made
)

// build places the views of a window for a camera; nil where no pair of them
// starts it.
func build(views []View, c camera, seed uint64) *structure {
	s := &structure{views: views, poses: make([]*poseVar, len(views)), points: map[int]*pointVar{}}
	if !s.start(c, seed) {
		return nil
	}
	a, b := s.pair[0], s.pair[1]
	for d := 1; d < len(views); d++ { // from the pair outwards
		for _, i := range [4]int{a - d, a + d, b - d, b + d} {
			if i >= 0 && i < len(views) && s.poses[i] == nil {
				s.resect(i, c, seed)
				s.triangulate(c)
			}
		}
	}
	placed := 0
	for _, p := range s.poses {
		if p != nil {
			placed++
		}
	}
	if placed < minWindow-1 {
		return nil
	}
	return s
}

// start finds two views that tell their motion: the widest pair first.
func (s *structure) start(c camera, seed uint64) bool {
	n := len(s.views)
	for span := n - 1; span >= 2; span-- {
		for first := 0; first+span < n; first++ {
			a, b := s.views[first], s.views[first+span]
			var x1, x2 []geom.Vec2
			for _, t := range a.Tracks {
				if u, ok := b.at(t.ID); ok {
					if p, q := c.ray(t.Pixel), c.ray(u); p.IsFinite() && q.IsFinite() {
						x1, x2 = append(x1, p), append(x2, q)
					}
				}
			}
			tv, ok := tracking.SolveTwoView(x1, x2, startPx/c.f, seed)
			if !ok {
				continue
			}
			s.pair = [2]int{first, first + span}
			s.poses[first], s.poses[first+span] = &poseVar{pose: geom.IdentitySE3()}, &poseVar{pose: tv.T21}
			s.triangulate(c)
			if len(s.ids) >= minResection {
				return true
			}
			s.poses[first], s.poses[first+span] = nil, nil
			clear(s.points)
			s.ids = nil
		}
	}
	return false
}

// resect places a view by the points it sees.
func (s *structure) resect(i int, c camera, seed uint64) {
	var x []geom.Vec2
	var X []geom.Vec3
	for _, t := range s.views[i].Tracks {
		if p, ok := s.points[t.ID]; ok {
			if r := c.ray(t.Pixel); r.IsFinite() {
				x, X = append(x, r), append(X, p.at)
			}
		}
	}
	if len(x) < minResection {
		return
	}
	pose, _, ok := geom.PnP(x, X, geom.PnPOptions{Sigma: startPx / c.f, RANSACOptions: geom.RANSACOptions{Seed: seed, MinInliers: minResection / 2, MaxIterations: 200}})
	if ok {
		s.poses[i] = &poseVar{pose: pose}
	}
}

// triangulate makes the points that placed views see from different sides.
func (s *structure) triangulate(c camera) {
	type sight struct {
		pose geom.SE3
		ray  geom.Vec2
		at   geom.Vec2
	}
	seen := map[int][]sight{}
	var order []int
	for i, v := range s.views {
		if s.poses[i] == nil {
			continue
		}
		for _, t := range v.Tracks {
			if _, have := s.points[t.ID]; have {
				continue
			}
			if r := c.ray(t.Pixel); r.IsFinite() {
				if len(seen[t.ID]) == 0 {
					order = append(order, t.ID)
				}
				seen[t.ID] = append(seen[t.ID], sight{s.poses[i].pose, r, t.Pixel})
			}
		}
	}
	for _, id := range order {
		all := seen[id]
		if len(all) < 2 {
			continue
		}
		var poses []geom.SE3
		var rays []geom.Vec2
		for _, o := range all {
			poses, rays = append(poses, o.pose), append(rays, o.ray)
		}
		p, ok := geom.TriangulateN(poses, rays)
		if !ok || parallax(poses, p) < minAngle {
			continue
		}
		for _, o := range all {
			if c.project(o.pose.Apply(p)).Sub(o.at).Norm() > maxStartPx {
				ok = false
			}
		}
		if ok {
			s.points[id] = &pointVar{at: p}
			s.ids = append(s.ids, id)
		}
	}
}

// parallax is the widest angle at a point between the first camera and another.
func parallax(poses []geom.SE3, p geom.Vec3) (widest float64) {
	first := poses[0].Inverse().T
	for _, t := range poses[1:] {
		widest = math.Max(widest, geom.ParallaxAngle(p, first, t.Inverse().T))
	}
	return widest
}
