package mapping

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/ground"
	"github.com/metricslam/metricslam/mapping/recognition"
)

// loopCloser finds places that were seen before and decides which of them are
// believed. It reads the map; what its links say of the map is a Correction, which
// the map applies.
//
// A link goes through five steps, a file each:
//
//	loop_detect.go  candidates, by descriptors or by landmarks that came back
//	loop_verify.go  PnP from both sides
//	loop_refine.go  the pose again, by landmarks whose patches are found
//	loop_alias.go   whether another place looks the same (perceptual aliasing)
//	loop_judge.go   with all other links and the odometry, in a pose graph
//
// Every link that was verified is kept. One that the map fits already is accepted
// at once. The others wait, until enough of them say the same; then all links of
// the map are judged anew, and what was accepted before, a loop, the join of two
// parts, an odometry edge that few landmarks hold, may give way.
type loopCloser struct {
	m      *Map
	ground *ground.Estimator
	cfg    Config
	log    *slog.Logger

	index   *recognition.Index // of the keyframes by their keypoints
	links   []*Link            // accepted
	pending []*Link            // verified, not believed
	relaxed int                // keyframe at which accepted links moved the map last
}

func newLoopCloser(m *Map, g *ground.Estimator, cfg Config, log *slog.Logger) *loopCloser {
	return &loopCloser{m: m, ground: g, cfg: cfg, log: log, index: recognition.NewIndex()}
}

// find returns the verified links of a new keyframe and enters it into the index,
// where frames that are lost find it, too.
func (c *loopCloser) find(k *Keyframe) (links []*Link, err error) {
	if c.cfg.Loops {
		if links, err = c.detect(k); err != nil {
			return nil, err
		}
		l, err := c.revisited(k)
		if err != nil {
			return nil, err
		}
		if l != nil {
			links = append(links, l)
		}
	}
	return links, c.enter(k)
}

// enter makes keyframes known by their keypoints.
func (c *loopCloser) enter(all ...*Keyframe) error {
	for _, k := range all {
		if k.Culled() {
			continue
		}
		keypoints, err := c.m.Keypoints(k)
		if err != nil {
			return err
		}
		c.index.Add(k.ID, keypoints)
	}
	return nil
}

// add accepts those of the new links that the map fits, and lets the others wait. It
// returns these.
func (c *loopCloser) add(links []*Link) (waiting []*Link, err error) {
	for _, l := range links {
		if !c.fits(l) {
			waiting = append(waiting, l)
			continue
		}
		if err := c.accept(l); err != nil {
			return nil, err
		}
		c.log.Debug("loop accepted", "keyframe", l.To, "as", l.From, "inliers", l.Inliers, "residual_px", c.residualPx(l))
	}
	c.pending = append(c.pending, waiting...)
	c.pending = c.pending[max(0, len(c.pending)-maxPending):]
	return waiting, nil
}

// fits reports whether a link's keyframes are where it says, within its
// covariance and within what is good enough to tie their landmarks.
func (c *loopCloser) fits(l *Link) bool {
	from, to := c.m.Keyframes[l.From], c.m.Keyframes[l.To]
	if from.Part != to.Part {
		return false
	}
	c.toCurrentUnits(l)
	d := from.Pose.Between(to.Pose).Inverse().Mul(l.Z.SE3())
	return geom.RotationAngle(d.R) < fitTurnRad && d.T.Norm() < fitShift*c.m.sceneDepth(to) &&
		c.chi2(l, geom.Sim3FromSE3(to.Pose, 1)) <= linkChi2
}

// accept makes a link one of the map's: its landmarks tie the two keyframes.
func (c *loopCloser) accept(l *Link) error {
	ids, err := c.m.addLinkLandmarks(c.m.Keyframes[l.From], c.m.Keyframes[l.To], l.pairs)
	l.landmarks = append(l.landmarks, ids...)
	if err != nil {
		return err
	}
	c.links = append(c.links, l)
	return nil
}

// release takes a link's landmarks out of the map.
func (c *loopCloser) release(l *Link) {
	for _, id := range l.landmarks {
		c.m.removeLandmark(id)
	}
	l.landmarks = nil
}

// relax returns the correction that spreads what is left of the errors of accepted
// links, where landmarks at the ends of the last one do not meet; nil where it is
// not worth it.
func (c *loopCloser) relax(ctx context.Context, k *Keyframe) (*Correction, error) {
	if k.ID-c.relaxed < relaxEvery || c.residualPx(c.links[len(c.links)-1]) <= relaxPx {
		return nil, nil
	}
	c.relaxed = k.ID
	g := c.newLoopGraph(k.Part, nil, nil)
	if _, err := g.solve(ctx); err != nil {
		return nil, err
	}
	return g.correction(c.m), nil
}

// reconcile accepts the pending links of a corrected part that fit by now, and lets
// those wait that do not any more. The correction that it returns, nil for none,
// makes parts of what hung on the rest of the part by links alone that are believed
// no more.
func (c *loopCloser) reconcile(part int) (*Correction, error) {
	var waiting []*Link
	for _, l := range c.pending {
		if c.m.Keyframes[l.From].Part != part || !c.fits(l) {
			waiting = append(waiting, l)
			continue
		}
		if err := c.accept(l); err != nil {
			return nil, err
		}
	}
	var rejected []*Link
	c.links = slices.DeleteFunc(c.links, func(l *Link) bool {
		if c.m.Keyframes[l.From].Part != part || c.fits(l) {
			return false
		}
		c.release(l)
		rejected = append(rejected, l)
		return true
	})
	c.pending = append(rejected, waiting...)
	if len(rejected) == 0 {
		return nil, nil
	}
	return c.split(part, rejected), nil
}

// closeLoops looks for the place of a new keyframe among the old ones. A place in
// another part joins the two parts; one in the same part closes a loop.
func (m *Mapper) closeLoops(ctx context.Context, k *Keyframe) error {
	links, err := m.loops.find(k)
	if err == nil {
		var out outcome
		if out, err = m.resolve(ctx, k, links); err == nil && out.moved {
			err = m.adjustSeam(ctx, k, out.from)
		}
	}
	if err != nil {
		return fmt.Errorf("closing loops of keyframe %d: %w", k.ID, err)
	}
	return nil
}

// outcome says what became of new links.
type outcome struct {
	accepted int
	joined   bool // the keyframe's part became one with another
	moved    bool // the map was corrected
	from     int  // the keyframe that was recognised
}

// resolve enters the links of keyframe k, judges what can be judged, and corrects the
// map.
func (m *Mapper) resolve(ctx context.Context, k *Keyframe, links []*Link) (out outcome, err error) {
	before, part := len(m.loops.links), k.Part
	waiting, err := m.loops.add(links)
	if err != nil {
		return out, err
	}
	var correction *Correction
	for _, l := range waiting {
		if correction, err = m.loops.judge(ctx, l); err != nil {
			return out, err
		}
		if correction != nil {
			out.from = l.From
			break
		}
	}
	if out.accepted = len(m.loops.links) - before; correction == nil && out.accepted > 0 {
		if correction, err = m.loops.relax(ctx, k); err != nil {
			return out, err
		}
		out.from = m.loops.links[len(m.loops.links)-1].From
	}
	if correction == nil {
		return out, nil
	}
	if err := m.correct(*correction); err != nil {
		return out, err
	}
	out.accepted, out.moved, out.joined = len(m.loops.links)-before, true, k.Part != part
	return out, nil
}

// correct applies a correction to the map, and brings the links in line with it.
func (m *Mapper) correct(c Correction) error {
	m.apply(c)
	split, err := m.loops.reconcile(c.part)
	if err != nil || split == nil {
		return err
	}
	m.log.Info("part split", "part", c.part, "new_parts", len(split.parts))
	m.apply(*split)
	return nil
}

// apply applies a correction and follows the current part where it became another.
func (m *Mapper) apply(c Correction) {
	m.Map.apply(c)
	if part, ok := c.current[m.part]; ok {
		m.part = part
	}
}

// adjustSeam adds the landmarks that a corrected keyframe sees again, and adjusts
// both sides of the seam.
func (m *Mapper) adjustSeam(ctx context.Context, k *Keyframe, from int) error {
	if err := m.retrack(k); err != nil {
		return err
	}
	for _, id := range []int{from, k.ID} {
		if _, err := m.Map.localBundle(ctx, m.cfg, id, m.Scale.Log); err != nil {
			return err
		}
	}
	return nil
}
