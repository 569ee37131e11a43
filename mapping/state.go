package mapping

import (
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/ground"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/mapping/metric"
)

// Origin is a source of frames that a map was made from.
type Origin struct {
	Source   string // as the user gave it
	Kind     string // "tum", "kitti", ...
	Keyframe int    // id of the first keyframe it gave
}

// State is all of a map that has to be kept to go on with it: what a map file
// holds.
type State struct {
	Keyframes []*Keyframe // index = ID
	Landmarks []*Landmark // by ascending id
	Links     []*Link
	Pending   []*Link // verified, not believed yet
	Scale     Scale
	Ground    ground.Estimator
	Part      int               // that keyframes are added to
	Parts     int               // ever started
	Linked    int               // landmarks ever made of links
	Metrics   []metric.Estimate // of each part
	Origins   []Origin

	Images images.Snapshot // by keyframe

	asMap *Map // nil until asked for
}

// State returns a copy of the map that the mapper does not change any more.
// Images are shared: they never change.
func (m *Mapper) State() (*State, error) {
	s := &State{
		Keyframes: make([]*Keyframe, len(m.Map.Keyframes)), Landmarks: make([]*Landmark, 0, m.Map.landmarks.n),
		Links: clones(m.loops.links), Pending: clones(m.loops.pending), Scale: m.Scale, Ground: m.Ground, Part: m.part, Parts: m.Map.parts, Linked: m.Map.linked,
		Images: m.Map.images.Snapshot(),
	}
	for part := range m.Map.parts {
		e, err := m.metricOf(part)
		if err != nil {
			return nil, err
		}
		s.Metrics = append(s.Metrics, e)
	}
	var features, observations int
	for _, k := range m.Map.Keyframes {
		features += len(k.Features)
	}
	for l := range m.Map.landmarks.all() {
		observations += len(l.Obs)
	}
	allFeatures, allObs := make([]Feature, 0, features), make([]Observation, 0, observations)
	keyframes, landmarks := make([]Keyframe, len(s.Keyframes)), make([]Landmark, 0, m.Map.landmarks.n)
	for i, k := range m.Map.Keyframes {
		from := len(allFeatures)
		allFeatures = append(allFeatures, k.Features...)
		keyframes[i] = *k
		keyframes[i].Features = allFeatures[from:len(allFeatures):len(allFeatures)]
		if k.parent != nil {
			c := *k.parent
			keyframes[i].parent = &c
		}
		s.Keyframes[i] = &keyframes[i]
	}
	for l := range m.Map.landmarks.all() {
		from := len(allObs)
		allObs = append(allObs, l.Obs...)
		landmarks = append(landmarks, *l)
		c := &landmarks[len(landmarks)-1]
		c.Obs = allObs[from:len(allObs):len(allObs)]
		s.Landmarks = append(s.Landmarks, c)
	}
	return s, nil
}

// Restore makes a state the mapper's map, in place of the one it has; the state
// belongs to the mapper from then on. A camera height that the mapper was given
// stays. Tracks must be numbered from NextTrack on.
func (m *Mapper) Restore(s *State) (err error) {
	if m.Map, err = s.Map(); err != nil {
		return err
	}
	m.Map.images = images.New(m.cfg.imageOptions(m.match))
	if err := m.Map.images.Adopt(s.Images, 0); err != nil {
		return err
	}
	height := m.Ground.HeightM
	m.Scale, m.Ground = s.Scale, s.Ground
	if height > 0 {
		m.Ground.HeightM = height
	}
	m.part, m.Map.parts, m.Map.linked = s.Part, s.Parts, s.Linked
	m.loops = newLoopCloser(m.Map, &m.Ground, m.cfg, m.log)
	m.loops.links, m.loops.pending = s.Links, s.Pending
	m.inherit(s)
	if m.Metric, err = m.metricOf(m.part); err != nil {
		return err
	}
	return m.loops.enter(s.Keyframes...)
}

// clones copies links that the mapper goes on changing.
func clones(links []*Link) []*Link {
	out := make([]*Link, len(links))
	for i, l := range links {
		c := *l
		c.pairs, c.landmarks = slices.Clone(l.pairs), slices.Clone(l.landmarks)
		out[i] = &c
	}
	return out
}

// inherit keeps what a loaded map knew of its metres.
func (m *Mapper) inherit(s *State) {
	m.inherited = nil
	for part, e := range s.Metrics {
		m.inheritPart(part, e)
	}
}

// Sources returns the first keyframe of each source of frames after the first.
func (s *State) Sources() (first []int) {
	for _, o := range s.Origins[min(1, len(s.Origins)):] {
		first = append(first, o.Keyframe)
	}
	return first
}

// NextTrack returns the lowest id above all landmarks that come from tracks.
func (s *State) NextTrack() int {
	next := 0
	for _, l := range s.Landmarks {
		if l.ID < firstLinkLandmark {
			next = max(next, l.ID+1)
		}
	}
	return next
}

// check names the first thing in a state that cannot be.
func (s *State) check() error {
	if s.Parts < 1 || s.Part < 0 || s.Part >= s.Parts {
		return fmt.Errorf("part %d of %d", s.Part, s.Parts)
	}
	if s.Linked < 0 || !geom.Finite(s.Scale.Log, s.Scale.Sigma, s.Ground.HeightM) || !s.Ground.Normal.IsFinite() {
		return fmt.Errorf("scale %v, ground %v, %d landmarks of links", s.Scale, s.Ground, s.Linked)
	}
	for i, k := range s.Keyframes {
		if err := k.check(i, s.Parts); err != nil {
			return fmt.Errorf("keyframe %d: %w", i, err)
		}
	}
	if err := s.checkLandmarks(); err != nil {
		return err
	}
	if len(s.Metrics) != s.Parts {
		return fmt.Errorf("metres of %d parts, want %d", len(s.Metrics), s.Parts)
	}
	for part, m := range s.Metrics {
		if err := m.Check(); err != nil {
			return fmt.Errorf("metres of part %d: %w", part, err)
		}
	}
	for i, l := range slices.Concat(s.Links, s.Pending) {
		if !l.sound(len(s.Keyframes)) {
			return fmt.Errorf("link %d from keyframe %d to %d", i, l.From, l.To)
		}
	}
	return nil
}

// sound reports whether a link of n keyframes can be.
func (l *Link) sound(n int) bool {
	if l.From < 0 || l.From >= n || l.To < 0 || l.To >= n || !l.Z.SE3().IsFinite() || !(l.Z.S > 0) || math.IsInf(l.Z.S, 0) {
		return false
	}
	for i := range l.info {
		if !geom.Finite(l.info[i][:]...) {
			return false
		}
	}
	for _, p := range l.pairs {
		if !p.from.IsFinite() || !p.to.IsFinite() || !(p.depthM > 0) || math.IsInf(p.depthM, 0) {
			return false
		}
	}
	return geom.Finite(l.units[:]...) && l.units[0] >= 0 && l.units[1] >= 0
}

func (k *Keyframe) check(id, parts int) error {
	c := k.Camera
	turned := k.Pose.R.T().Mul(k.Pose.R).Add(geom.Identity3().Scale(-1))
	switch {
	case k.ID != id:
		return fmt.Errorf("calls itself %d", k.ID)
	case c.W < 1 || c.H < 1 || c.W > images.MaxSide || c.H > images.MaxSide || !(c.Fx > 0) || !(c.Fy > 0) || !geom.Finite(c.Fx, c.Fy, c.Cx, c.Cy):
		return fmt.Errorf("camera %v", c)
	case !k.Pose.IsFinite() || math.Abs(turned[0][0])+math.Abs(turned[1][1])+math.Abs(turned[2][2])+math.Abs(turned[0][1])+math.Abs(turned[0][2])+math.Abs(turned[1][2]) > 1e-3:
		return fmt.Errorf("its pose is none")
	case k.Part < 0 || k.Part >= parts:
		return fmt.Errorf("part %d of %d", k.Part, parts)
	case k.Tether != nil && (k.Tether.From < 0 || k.Tether.From >= id || !k.Tether.Z.IsFinite() || !geom.Finite(k.Tether.infoValues()...)):
		return fmt.Errorf("a tether to keyframe %d", k.Tether.From)
	case k.Gap != nil && (k.Gap.From < 0 || k.Gap.From >= id || !k.Gap.Z.IsFinite() || !(k.Gap.DurationS >= 0) || !geom.Finite(k.Gap.DurationS)):
		return fmt.Errorf("a gap of %g s after keyframe %d", k.Gap.DurationS, k.Gap.From)
	case k.Culled() && (!k.parent.rel.IsFinite() || !(k.parent.unit > 0) || !(k.parent.own > 0) || !geom.Finite(k.parent.unit, k.parent.own)):
		return fmt.Errorf("its parent, keyframe %d", k.parent.by)
	case !(k.Unit > 0) || !geom.Finite(k.Time, k.LogScale, k.Unit, k.StepM, k.StepLogStd, k.NoisePx):
		return fmt.Errorf("time %g, log-scale %g, unit %g, step %g, noise %g", k.Time, k.LogScale, k.Unit, k.StepM, k.NoisePx)
	}
	return nil
}

// checkLandmarks asks that landmarks and features name each other.
func (s *State) checkLandmarks() error {
	var listed int
	last := -1
	for _, l := range s.Landmarks {
		if l.ID <= last {
			return fmt.Errorf("landmark %d comes after %d", l.ID, last)
		}
		last = l.ID
		if n := l.ID - firstLinkLandmark; l.ID >= maxLandmarks && n < 0 || n >= maxLandmarks {
			return fmt.Errorf("landmark %d is beyond all that were ever made", l.ID)
		}
		if !(l.InvDepth >= 0) || !geom.Finite(l.InvDepth, l.LogStd) || !l.Ray.IsFinite() || !l.Slant.Valid() {
			return fmt.Errorf("landmark %d: inverse depth %g, ray %v, slant %v", l.ID, l.InvDepth, l.Ray, l.Slant)
		}
		hosted := false
		for _, o := range l.Obs {
			if o.KF < 0 || o.KF >= len(s.Keyframes) || o.Index < 0 || o.Index >= len(s.Keyframes[o.KF].Features) || s.Keyframes[o.KF].Features[o.Index].Landmark != l.ID {
				return fmt.Errorf("landmark %d: no feature %d of keyframe %d names it", l.ID, o.Index, o.KF)
			}
			hosted = hosted || o.KF == l.Host
		}
		if !hosted {
			return fmt.Errorf("landmark %d is not seen by its host, keyframe %d", l.ID, l.Host)
		}
		listed += len(l.Obs)
	}
	for _, k := range s.Keyframes {
		for _, f := range k.Features {
			if f.Landmark >= 0 {
				listed--
			}
		}
	}
	if listed != 0 {
		return fmt.Errorf("features and observations differ in number by %d", listed)
	}
	return nil
}
