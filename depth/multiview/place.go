package multiview

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/depth/photo"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

const (
	workingSide  = 1024 // pixels of the longer side: ORB finds corners of up to eight octaves of 1.2 below
	keypointStd  = 1.5  // pixels, of an ORB corner of a middle octave
	minPlaced    = 20   // landmarks that a photograph must share to be placed: PnP needs 4, and half may be wrong
	minParallax  = .02  // radians between the rays of a new landmark: below, its depth is known to 10 % at best
	outlierStds  = 3.   // of an observation that is dropped
	maxLandmarks = 200  // that are adjusted: far more than the unknowns of the poses
	rounds       = 3    // of adjusting and dropping
	// readingsAlike is how many independent depth readings a photograph is worth: a
	// network's error varies smoothly over it.
	readingsAlike = 8
)

// New places photographs, in the order given; names are for errors. The first
// one is the frame that everything is measured in.
func New(ctx context.Context, photos []*photo.Photo, names []string, describe Describe) (*Place, error) {
	p := &Place{}
	for i, ph := range photos {
		v := &view{name: names[i], photo: ph, landmark: map[int]*landmark{}}
		v.gray, v.cam = reduced(ph)
		px, desc, err := describe(v.gray)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		for k := range px {
			v.keys = append(v.keys, recognition.Keypoint{Pixel: px[k], Desc: desc[k]})
		}
		p.views = append(p.views, v)
	}
	matches := map[[2]int][][2]int{}
	for i := range p.views {
		for j := i + 1; j < len(p.views); j++ {
			matches[[2]int{i, j}] = recognition.Match(p.views[i].keys, p.views[j].keys)
		}
	}
	if err := p.start(matches); err != nil {
		return nil, err
	}
	for p.placeNext(matches) {
		if err := p.settle(ctx); err != nil {
			return nil, err
		}
	}
	for _, v := range p.views {
		if !v.placed {
			return nil, fmt.Errorf("%w: %s could not be placed beside the others; photographs from places between them, or without it, may do", ErrApart, v.name)
		}
	}
	return p, p.settle(ctx)
}

// reduced returns a photograph in grey at the working size, with its camera.
func reduced(ph *photo.Photo) (slam.Gray, geom.Camera) {
	src := ph.Image
	k := max(1, (max(src.W, src.H)+workingSide-1)/workingSide)
	w, h := src.W/k, src.H/k
	g := slam.NewGray(w, h)
	for y := range h {
		for x := range w {
			sum := 0
			for dy := range k {
				row := src.Pix[3*((y*k+dy)*src.W+x*k):][:3*k]
				for i := 0; i < len(row); i += 3 {
					sum += 299*int(row[i]) + 587*int(row[i+1]) + 114*int(row[i+2])
				}
			}
			g.Pix[y*w+x] = uint8(sum / (1000 * k * k))
		}
	}
	cam := ph.Camera.Camera
	cam.Fx, cam.Fy = cam.Fx/float64(k), cam.Fy/float64(k)
	cam.Cx, cam.Cy = (cam.Cx+.5)/float64(k)-.5, (cam.Cy+.5)/float64(k)-.5
	cam.W, cam.H = w, h
	return g, cam
}

// start places the two photographs that most pairs of keypoints connect, with
// the length of their baseline from the depth of both.
func (p *Place) start(matches map[[2]int][][2]int) error {
	var best tracking.TwoView
	var at [2]int
	most := 0
	for i := range p.views {
		for j := i + 1; j < len(p.views); j++ {
			pairs := matches[[2]int{i, j}]
			most = max(most, len(pairs))
			a, b := p.views[i], p.views[j]
			var x1, x2 []geom.Vec2
			for _, m := range pairs {
				x1, x2 = append(x1, a.ray(a.keys[m[0]].Pixel)), append(x2, b.ray(b.keys[m[1]].Pixel))
			}
			tv, ok := tracking.SolveTwoView(x1, x2, keypointStd/a.cam.Focal(), 1)
			if ok && len(tv.Inliers) > len(best.Inliers) {
				best, at = tv, [2]int{i, j}
			}
		}
	}
	if len(best.Inliers) == 0 {
		return fmt.Errorf("%w: no two of them show the same from two sides (at most %d pairs of corners are alike); take them from places a step or two apart", ErrApart, most)
	}
	a, b := p.views[at[0]], p.views[at[1]]
	a.placed, b.placed = true, true
	var ratios []float64
	for _, k := range best.Inliers {
		m := matches[at][k]
		ua, ub := a.keys[m[0]].Pixel, b.keys[m[1]].Pixel
		point, ok := geom.Triangulate(best.T21, a.ray(ua), b.ray(ub))
		if !ok {
			continue
		}
		if z, _, err := a.photo.DepthAt(a.original(ua)); err == nil {
			ratios = append(ratios, math.Log(z/point.Z))
		}
		if z, _, err := b.photo.DepthAt(b.original(ub)); err == nil {
			ratios = append(ratios, math.Log(z/best.T21.Apply(point).Z))
		}
	}
	if len(ratios) < minPlaced {
		return fmt.Errorf("%w: the depth of %s and %s is unknown where they show the same", ErrApart, a.name, b.name)
	}
	length := math.Exp(stats.Median(ratios))
	t21 := best.T21
	t21.T = t21.T.Scale(length)
	a.pose, b.pose = geom.IdentitySE3(), t21.Inverse()
	p.triangulate(at, matches[at])
	return nil
}

// triangulate makes landmarks of the pairs of two placed photographs, or adds to
// those that one of a pair belongs to.
func (p *Place) triangulate(at [2]int, pairs [][2]int) {
	a, b := p.views[at[0]], p.views[at[1]]
	for _, m := range pairs {
		la, lb := a.landmark[m[0]], b.landmark[m[1]]
		oa := observation{a, a.keys[m[0]].Pixel, keypointStd}
		ob := observation{b, b.keys[m[1]].Pixel, keypointStd}
		switch {
		case la != nil && lb == nil && fits(la.point, ob):
			la.seen, b.landmark[m[1]] = append(la.seen, ob), la
		case la == nil && lb != nil && fits(lb.point, oa):
			lb.seen, a.landmark[m[0]] = append(lb.seen, oa), lb
		case la == nil && lb == nil:
			point, ok := geom.TriangulateN([]geom.SE3{a.pose.Inverse(), b.pose.Inverse()}, []geom.Vec2{a.ray(oa.pixel), b.ray(ob.pixel)})
			if !ok || geom.ParallaxAngle(point, a.pose.T, b.pose.T) < minParallax || !fits(point, oa) || !fits(point, ob) {
				continue
			}
			l := &landmark{point, []observation{oa, ob}}
			a.landmark[m[0]], b.landmark[m[1]] = l, l
			p.landmarks = append(p.landmarks, l)
		}
	}
}

// fits reports whether a point is seen where it should be.
func fits(point geom.Vec3, o observation) bool {
	q := o.view.pose.ApplyInverse(point)
	return q.Z > 0 && o.view.cam.Project(q).Sub(o.pixel).Norm() < outlierStds*o.std
}

// placeNext places the photograph that sees most landmarks; false where none
// sees enough.
func (p *Place) placeNext(matches map[[2]int][][2]int) bool {
	best, at := 0, -1
	var bestPose geom.SE3
	for j, v := range p.views {
		if v.placed {
			continue
		}
		pose, n := p.locate(j, matches)
		if n > best {
			best, at, bestPose = n, j, pose
		}
	}
	if best < minPlaced {
		return false
	}
	v := p.views[at]
	v.pose, v.placed = bestPose, true
	for i, other := range p.views {
		if i != at && other.placed {
			key := [2]int{min(i, at), max(i, at)}
			p.triangulate(key, matches[key])
		}
	}
	return true
}

// locate finds the pose of photograph j from the landmarks that its keypoints
// match, and how many agree.
func (p *Place) locate(j int, matches map[[2]int][][2]int) (geom.SE3, int) {
	v := p.views[j]
	var x []geom.Vec2
	var X []geom.Vec3
	taken := map[int]bool{}
	for i, other := range p.views {
		if !other.placed {
			continue
		}
		for _, m := range matches[[2]int{min(i, j), max(i, j)}] {
			mine, theirs := m[1], m[0]
			if j < i {
				mine, theirs = m[0], m[1]
			}
			if l := other.landmark[theirs]; l != nil && !taken[mine] {
				taken[mine] = true
				x, X = append(x, v.ray(v.keys[mine].Pixel)), append(X, l.point)
			}
		}
	}
	tcw, inliers, ok := geom.PnP(x, X, geom.PnPOptions{
		RANSACOptions: geom.RANSACOptions{Threshold: outlierStds * outlierStds, Seed: 1, MinInliers: minPlaced},
		Sigma:         keypointStd / v.cam.Focal(),
	})
	if !ok {
		return geom.SE3{}, 0
	}
	return tcw.Inverse(), len(inliers)
}

// settle adjusts everything and drops what does not fit, some times.
func (p *Place) settle(ctx context.Context) error {
	for range rounds {
		if err := p.adjust(ctx); err != nil {
			return err
		}
		for _, l := range p.landmarks {
			l.seen = slices.DeleteFunc(l.seen, func(o observation) bool { return !fits(l.point, o) })
		}
		p.landmarks = slices.DeleteFunc(p.landmarks, func(l *landmark) bool {
			if len(l.seen) >= 2 {
				return false
			}
			for _, v := range p.views {
				for k, other := range v.landmark {
					if other == l {
						delete(v.landmark, k)
					}
				}
			}
			return true
		})
		if len(p.landmarks) < minPlaced {
			return fmt.Errorf("%w: %d points are left that fit all", ErrApart, len(p.landmarks))
		}
	}
	return nil
}
