package frontend

import (
	"golang.org/x/sync/errgroup"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Matcher finds points of one keyframe's image in another's. It is used by one
// goroutine, which need not be the tracker's, and closed by its owner.
type Matcher struct {
	cfg   Config
	flows []flow // of those that share a Match
	kept  keptImages
}

// NewMatcher returns a matcher without images.
func NewMatcher(cfg Config) *Matcher {
	return &Matcher{cfg: cfg, flows: make([]flow, 1)}
}

// Spread lets n goroutines share the points of a Match, which finds the same: for
// when nobody is tracking.
func (m *Matcher) Spread(n int) { m.flows = make([]flow, max(n, 1)) }

// Close frees every image the matcher holds.
func (m *Matcher) Close() { m.kept.closeAll() }

// Keep stores a keyframe's image under its id. The image is kept by
// reference and must not change.
func (m *Matcher) Keep(id int, g slam.Gray) { m.kept.keep(id, g) }

// Forget frees the image of a keyframe.
func (m *Matcher) Forget(id int) { m.kept.forget(id) }

// matchLevels lets Match look some 15 pixels around the guess.
const matchLevels = 1

// Match searches points of keyframe a in keyframe b, starting at guess, which it
// overwrites; ok tells where the search succeeded. A keyframe that is not kept, or
// whose image is of another size, matches nothing.
func (m *Matcher) Match(a, b int, from, guess []geom.Vec2) (ok []bool, err error) {
	ok = make([]bool, len(from))
	if len(from) == 0 {
		return ok, nil
	}
	pa, err := m.kept.pyramid(a)
	if err != nil || pa == nil {
		return ok, err
	}
	pb, err := m.kept.pyramid(b)
	if err != nil || pb == nil || pa.w != pb.w || pa.h != pb.h {
		return ok, err
	}
	var all errgroup.Group
	for i := range m.flows {
		lo, hi := i*len(from)/len(m.flows), (i+1)*len(from)/len(m.flows)
		all.Go(func() error {
			return m.flows[i].track(pa, pb, from[lo:hi], guess[lo:hi], ok[lo:hi], matchLevels, m.cfg.FBMaxPx)
		})
	}
	return ok, all.Wait()
}

// Describe returns the ORB keypoints and descriptors of an image, strongest first.
func (m *Matcher) Describe(g slam.Gray) ([]geom.Vec2, []Descriptor, error) {
	return ORB(g, m.cfg.ORBFeatures)
}
