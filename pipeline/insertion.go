package pipeline

import (
	"context"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// anchor is the tracker's own copy of a keyframe: what frames are posed against
// while the mapper works on it.
type anchor struct {
	reference
	frame  int
	pixels map[int]geom.Vec2 // of its features, by track
	gray   slam.Gray
}

// reference is a keyframe's place in the map.
type reference struct {
	id   int // keyframe
	pose geom.SE3
	unit float64 // what one length of its making is worth now
}

func referenceOf(k *mapping.Keyframe) reference { return reference{k.ID, k.Pose, k.Unit} }

// insertion is a keyframe that the mapper works on beside the tracker. The map
// belongs to it until done is closed; what it found is then read by the tracker.
type insertion struct {
	due  int // frame at which recorded input takes up the result
	done chan struct{}

	keyframe *mapping.Keyframe
	found    []slam.Track        // landmarks that came back into sight, in the keyframe's picture
	points   map[int]slam.Point  // landmarks of the keyframe
	direct   *tracking.Reference // the keyframe's pixels, nil without depth
	view     mapView
	err      error
}

// insert hands the current frame, at pose, to the mapper as a keyframe and goes
// on; tether may be nil. No other insertion may be on its way.
func (s *System) insert(ctx context.Context, f *slam.Frame, pose geom.SE3, tether *mapping.Tether) error {
	if _, err := s.front.Detect(); err != nil {
		return err
	}
	s.front.Anchor()
	tracks := append([]slam.Track(nil), s.front.Tracks()...)
	s.anchor = anchor{reference: reference{len(s.mapper.Map.Keyframes), pose, 1}, frame: f.Index, pixels: make(map[int]geom.Vec2, len(tracks)), gray: f.Gray}
	for _, t := range tracks {
		s.anchor.pixels[t.ID] = t.Pixel
	}
	in := &insertion{due: f.Index + s.cfg.Keyframes.LagFrames, done: make(chan struct{})}
	s.pending = in
	c := mapping.Candidate{Frame: f, Pose: pose, Tracks: tracks, Tether: tether, NoisePx: s.track.NoisePx()}
	go func() {
		defer close(in.done)
		s.work(ctx, in, c)
	}()
	return nil
}

// work is the mapper's side of an insertion.
func (s *System) work(ctx context.Context, in *insertion, c mapping.Candidate) {
	d, job, err := s.depthOf(ctx, c.Frame)
	if err == nil {
		err = s.settleLate(ctx)
	}
	if in.err = err; err != nil {
		return
	}
	defer s.stages.Start("keyframe")()
	c.Depth = d
	if in.keyframe, in.err = s.mapper.Insert(ctx, c); in.err != nil {
		return
	}
	if job != nil {
		s.late.waiting = append(s.late.waiting, lateAnswer{in.keyframe.ID, job})
	}
	in.tell(c.Tracks, s.mapper)
	in.view = s.look()
	s.growing.offer(s.mapper)
	s.saver.offer(s.mapper)
}

// tell gathers what the tracker needs to know of the finished keyframe, which
// was handed the given tracks.
func (in *insertion) tell(tracks []slam.Track, m *mapping.Mapper) {
	k := in.keyframe
	sent := make(map[int]bool, len(tracks))
	for _, t := range tracks {
		sent[t.ID] = true
	}
	in.points = make(map[int]slam.Point, len(k.Features))
	for _, ft := range k.Features {
		p, ok := m.Point(ft.Landmark)
		if !ok {
			continue
		}
		in.points[ft.Landmark] = p
		if !sent[ft.Landmark] {
			in.found = append(in.found, slam.Track{ID: ft.Landmark, Pixel: ft.Pixel})
		}
	}
	if !k.Depth.Empty() {
		m.Map.Open(k)
		in.direct = tracking.NewReference(tracking.NewPyramid(k.Gray, k.Camera), k.Pose, k.Depth.Unpack(), math.Exp(k.LogScale))
	}
}

// ready reports whether the result of the insertion on its way is to be taken up
// at a frame: recorded input does so a fixed number of frames later, whatever
// the mapper's speed, so that the same input gives the same result.
func (s *System) ready(frame int) bool {
	switch {
	case s.pending == nil:
		return false
	case !s.live:
		return frame >= s.pending.due
	}
	select {
	case <-s.pending.done:
		return true
	default:
		return false
	}
}

// takeUp waits for the insertion on its way and brings the tracker onto the
// corrected map: its pose moves with the keyframe, landmarks are where they are
// now, and those that came back into sight are followed again.
func (s *System) takeUp() error {
	in := s.pending
	if in == nil {
		return nil
	}
	stop := s.stages.Start("wait for mapper")
	<-in.done
	stop()
	s.pending = nil
	if in.err != nil {
		return in.err
	}
	old, now := s.anchor.reference, referenceOf(in.keyframe)
	s.track.Rebase(old.pose, now.pose, now.unit/old.unit)
	s.anchor.reference, s.points, s.view, s.direct = now, in.points, in.view, in.direct
	for _, t := range in.found {
		s.anchor.pixels[t.ID] = t.Pixel
	}
	cam, last := in.keyframe.Camera, s.track.Last()
	return s.front.Resume(in.found, func(t slam.Track) geom.Vec2 {
		p := last.ApplyInverse(s.points[t.ID].Position)
		if p.Z < minAheadM {
			return t.Pixel
		}
		return cam.Project(p)
	})
}

// insertNow inserts a keyframe and waits for it: where a map begins or goes on.
func (s *System) insertNow(ctx context.Context, f *slam.Frame, pose geom.SE3) (*mapping.Keyframe, error) {
	if err := s.insert(ctx, f, pose, nil); err != nil {
		return nil, err
	}
	in := s.pending
	if err := s.takeUp(); err != nil {
		return nil, err
	}
	return in.keyframe, nil
}

// mapView is what watchers see of the map between insertions.
type mapView struct {
	scale     metric.Estimate
	part      int
	landmarks int
	keyframes []placed // by id
	points    []geom.Vec3
}

type placed struct {
	reference
	time float64
	part int
}

// look copies what watchers see; points only where somebody watches.
func (s *System) look() mapView {
	v := mapView{scale: s.mapper.Metric, part: s.mapper.Part(), landmarks: s.mapper.Map.LandmarkCount()}
	for _, k := range s.mapper.Map.Keyframes {
		v.keyframes = append(v.keyframes, placed{referenceOf(k), k.Time, k.Part})
	}
	if s.watched {
		v.points = s.mapper.Map.Points(s.mapper.Part())
	}
	return v
}
