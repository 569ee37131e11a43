package mapping

import (
	"context"
	"log/slog"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/ground"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/mapping/recognition"
	"github.com/metricslam/metricslam/slam"
)

// Matcher is what a mapper asks of the frontend: points of one keyframe's
// image searched in another's, and the features by which places are known.
type Matcher interface {
	Keep(keyframe int, g slam.Gray)
	Forget(keyframe int)
	Match(a, b int, from, guess []geom.Vec2) (ok []bool, err error)
	Describe(g slam.Gray) ([]geom.Vec2, []slam.Descriptor, error)
}

// Mapper turns frames into keyframes and keeps the map adjusted.
type Mapper struct {
	Map    *Map
	Scale  Scale
	Metric metric.Estimate // of the current part
	Ground ground.Estimator
	// Where returns the place of a frame's camera and its part, for known
	// distances; nil while nobody can tell.
	Where func(frame int) (at geom.Vec3, part int, ok bool)

	// FocalSigma is the deviation of the logarithm of the focal length that frames
	// come with; 0 where it was calibrated. All metres are as far off.
	FocalSigma     float64
	focalDoubt     float64        // logarithm by which the last adjustment moved it, where that cannot be true
	focalConflicts map[int]string // by part, see FocalConflicts
	focalConfirmed map[int]bool   // by part, see FocalConfirmed
	toldConfirmed  map[int]bool   // by part: the images by themselves ask for the focal length that was told

	cfg   Config
	match Matcher
	log   *slog.Logger
	part  int // that keyframes are added to
	loops *loopCloser

	shape            map[int]float64 // by part: shapeSpread when it was finished
	markerDetections markerDetections
	inherited        []inheritedSource
	gap              *Gap // before the part that begins with the next keyframe
}

// NewMapper returns a mapper with an empty map; log may be nil.
func NewMapper(cfg Config, match Matcher, log *slog.Logger) *Mapper {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	m := &Mapper{Map: NewMap(cfg.imageOptions(match)), cfg: cfg, match: match, log: log}
	m.Spread(1)
	m.loops = newLoopCloser(m.Map, &m.Ground, cfg, log)
	return m
}

// Links returns the places seen twice.
func (m *Mapper) Links() []Link {
	out := make([]Link, len(m.loops.links))
	for i, l := range m.loops.links {
		out[i] = *l
	}
	return out
}

// Candidate is a frame that is to become a keyframe.
type Candidate struct {
	Frame  *slam.Frame
	Pose   geom.SE3     // T_wc, as it was tracked
	Tracks []slam.Track // features followed in it, new ones among them
	Depth  slam.DepthMap
	Tether *Tether // nil where landmarks hold the pose

	// Keypoints by which its place is recognised; nil: Insert looks for them.
	Keypoints *images.Keypoints

	NoisePx float64 // deviation of a coordinate of its pixels, as tracking saw it
}

// Insert makes a keyframe of a frame: it takes up known landmarks that came back
// into view, gives new ones depth from the depth map or by triangulation,
// adjusts the neighbourhood and looks for places seen before.
func (m *Mapper) Insert(ctx context.Context, c Candidate) (*Keyframe, error) {
	f := c.Frame
	im, err := m.imagesOf(c)
	if err != nil {
		return nil, err
	}
	k := &Keyframe{
		ID: len(m.Map.Keyframes), Frame: f.Index, Time: f.Time, Pose: c.Pose, Camera: f.Camera, Tether: c.Tether, Gap: m.gap,
		Depth: im.Depth.DepthInfo, Part: m.part, Unit: 1, NoisePx: c.NoisePx,
	}
	m.gap = nil
	for _, t := range c.Tracks {
		z, s, _ := im.Depth.At(f.Camera, t.Pixel)
		k.Features = append(k.Features, Feature{Landmark: t.ID, Pixel: t.Pixel, DepthM: z, LogStd: s})
	}
	if err := m.Map.images.Put(k.ID, im); err != nil {
		return nil, err
	}
	m.Map.addKeyframe(k)
	finishStep, err := m.beginStep(k)
	if err != nil {
		return nil, err
	}
	if err := m.retrack(k); err != nil {
		return nil, err
	}
	if k.Depth.ScaleSigma > 0 {
		k.LogScale = m.Map.alignScale(k, m.Scale.Log, m.cfg.ScaleTieSigma)
	} else {
		k.LogScale = m.sensorScale()
	}
	m.Map.triangulate(k, m.cfg.MinParallax)
	m.giveDepth(k)
	if err := m.Map.register(k); err != nil {
		return nil, err
	}
	finishStep()
	if _, err := m.Map.localBundle(ctx, m.cfg, k.ID, m.Scale.Log); err != nil {
		return nil, err
	}
	m.Scale.update(m.Map, m.part)
	if err := m.updateMetric(); err != nil {
		return nil, err
	}
	if err := m.closeLoops(ctx, k); err != nil {
		return nil, err
	}
	m.cull(k)
	m.Map.moveChildren()
	return k, nil
}

// imagesOf packs the images of a candidate with the keypoints of its grey image.
func (m *Mapper) imagesOf(c Candidate) (im images.Images, err error) {
	if c.Keypoints == nil {
		if c.Keypoints, err = m.Describe(c.Frame.Gray); err != nil {
			return im, err
		}
	}
	return images.Images{
		Gray: c.Frame.Gray, Color: images.NewColor(c.Frame.Color), Depth: images.NewDepth(c.Depth), Keypoints: *c.Keypoints,
	}, nil
}

// Describe returns the keypoints by which the place of an image is recognised. The map
// may be used meanwhile.
func (m *Mapper) Describe(g slam.Gray) (*images.Keypoints, error) {
	px, desc, err := m.match.Describe(g)
	if err != nil {
		return nil, err
	}
	k := images.NewKeypoints(keypoints(px, desc))
	return &k, nil
}

func keypoints(px []geom.Vec2, desc []slam.Descriptor) []recognition.Keypoint {
	out := make([]recognition.Keypoint, len(px))
	for i := range px {
		out[i] = recognition.Keypoint{Pixel: px[i], Desc: desc[i]}
	}
	return out
}

// GiveDepth gives a keyframe its depth after it was inserted without. What others
// have seen of its landmarks by then says which scale the depth has.
func (m *Mapper) GiveDepth(id int, depth slam.DepthMap) error {
	k := m.Map.Keyframes[id]
	if depth.Empty() || k.Culled() {
		return nil
	}
	im, err := m.Map.Images(k)
	if err != nil {
		return err
	}
	im.Depth = images.NewDepth(depth)
	if err := m.Map.images.Put(id, im); err != nil {
		return err
	}
	k.Depth = im.Depth.DepthInfo
	k.reach = reach{}
	for i := range k.Features {
		f := &k.Features[i]
		f.DepthM, f.LogStd, _ = im.Depth.At(k.Camera, f.Pixel)
	}
	if depth.ScaleSigma > 0 {
		k.LogScale = m.Map.alignScale(k, m.Scale.Log, m.cfg.ScaleTieSigma)
	}
	m.giveDepth(k)
	return nil
}

// giveDepth starts landmarks that k hosts from the depth map.
func (m *Mapper) giveDepth(k *Keyframe) {
	for _, f := range k.Features {
		l := m.Map.landmarks.get(f.Landmark)
		if l == nil || l.Known() || l.Host != k.ID || f.DepthM <= 0 {
			continue
		}
		m.Map.setDepth(l, 1/(f.DepthM*math.Exp(k.LogScale)))
		l.LogStd = f.LogStd
		if k.Depth.ScaleSigma > 0 {
			l.LogStd *= m.cfg.PriorInflate
		}
	}
}

// NewPart starts a new connected map, after tracking was lost for good. gap tells
// where the camera was before, with its pose in today's lengths; nil where nobody knows.
func (m *Mapper) NewPart(gap *Gap) {
	m.part = m.Map.newPart()
	if m.gap = gap; gap != nil {
		m.gap.Z.T = gap.Z.T.Scale(1 / m.Map.Keyframes[gap.From].Unit)
	}
}

// DropIndex forgets what only new keyframes and lost frames need.
func (m *Mapper) DropIndex() { m.loops.index = recognition.NewIndex() }

// Parts returns how many parts were ever started; their ids lie below it. Some
// may have been joined to others.
func (m *Mapper) Parts() int { return m.Map.parts }

// PartEmpty reports whether the current part has no keyframe yet.
func (m *Mapper) PartEmpty() bool { return m.Map.origin(m.part) < 0 }

// Part returns the connected map that keyframes are added to.
func (m *Mapper) Part() int { return m.part }

// Point returns the place of a landmark of the current part for the tracker.
func (m *Mapper) Point(id int) (p slam.Point, ok bool) { return m.point(id, m.part) }

// PointIn returns the same look-up for any part.
func (m *Mapper) PointIn(part int) func(id int) (slam.Point, bool) {
	return func(id int) (slam.Point, bool) { return m.point(id, part) }
}

func (m *Mapper) point(id, part int) (p slam.Point, ok bool) {
	l, has := m.Map.landmarks.find(id)
	if !has || !l.Known() || m.Map.Keyframes[l.Host].Part != part {
		return slam.Point{}, false
	}
	return slam.Point{Position: m.Map.Position(l), Host: m.Map.Keyframes[l.Host].Pose.T, LogStd: l.LogStd}, true
}

// Discard removes the only keyframe of the current part, which never became a
// map: a two-view start that is tried again from a later image.
func (m *Mapper) Discard() {
	k := m.Map.Keyframes[len(m.Map.Keyframes)-1]
	for _, id := range k.landmarksOf() {
		m.Map.landmarks.remove(id)
	}
	m.Map.Keyframes = m.Map.Keyframes[:k.ID]
	m.Map.origins = nil
	m.Map.images.Drop(k.ID)
	m.loops.index.Remove(k.ID)
}
