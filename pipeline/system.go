package pipeline

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// System is the state of a run: it takes frames one by one.
type System struct {
	cfg    Config
	depth  depth.Source
	front  *frontend.Tracker
	match  *frontend.Matcher // the mapper's
	track  *tracking.Tracker
	mapper *mapping.Mapper // belongs to the insertion on its way, where there is one
	stages report.Stages
	saver  *saver // belongs to whom the mapper belongs to; nil: the map is not saved

	late    *lateDepth // of a live run
	live    bool       // take up the mapper's results when they come
	watched bool       // somebody looks at the map as it grows
	growing *growing
	state   slam.TrackState
	thumb   frontend.Thumbnail
	lost    int // frames since tracking was lost
	pending *insertion
	anchor  anchor              // the last keyframe
	points  map[int]slam.Point  // landmarks followed, by track
	direct  *tracking.Reference // the last keyframe taken up, nil without depth
	weak    bool                // few landmarks held the last frame
	cover   cover
	view    mapView
	recordKeeper
	scales []metric.Estimate // of each part, once finished
}

// NewSystem returns a system that waits for its first frame.
func NewSystem(cfg Config, d depth.Source) *System {
	match := frontend.NewMatcher(cfg.Frontend)
	mapper := mapping.NewMapper(cfg.Mapping, match)
	mapper.Ground.HeightM = cfg.CameraHeightM
	return &System{
		cfg: cfg, depth: d, front: frontend.New(cfg.Frontend), match: match,
		track: tracking.New(cfg.Tracking, cfg.Seed), mapper: mapper,
	}
}

// Close waits for the mapper and frees what OpenCV holds.
func (s *System) Close() {
	if s.pending != nil {
		<-s.pending.done
	}
	if s.late != nil {
		s.late.worker.Close()
	}
	s.growing.stop()
	s.saver.close()
	s.front.Close()
	s.match.Close()
}

// Step takes the next frame.
func (s *System) Step(ctx context.Context, f *slam.Frame) error {
	defer s.stages.Start("frame")()
	thumb := frontend.NewThumbnail(f.Gray, f.Camera)
	defer func() { s.thumb = thumb }()
	rec := Record{Frame: f.Index, Time: f.Time, Keyframe: -1}
	var err error
	switch s.state {
	case slam.Initialising:
		err = s.initialise(ctx, f, &rec)
	default:
		err = s.follow(ctx, f, thumb, &rec)
	}
	if err != nil {
		return fmt.Errorf("frame %d (%s): %w", f.Index, f.Name, err)
	}
	rec.State = s.state
	s.add(rec)
	return nil
}

// follow tracks a frame against the map, and makes it a keyframe where the map
// needs one.
func (s *System) follow(ctx context.Context, f *slam.Frame, thumb frontend.Thumbnail, rec *Record) error {
	if s.weak || s.ready(f.Index) {
		if err := s.takeUp(); err != nil {
			return err
		}
	}
	est, pixels, err := s.locate(f, thumb)
	if err != nil {
		return err
	}
	if !est.OK {
		return s.loseTrack(ctx, f, rec)
	}
	s.state, s.lost = slam.Tracking, 0
	s.weak = len(est.Inliers) < weakInliers
	s.front.Drop(func(t slam.Track) bool { return est.Outliers[t.ID] })
	rec.Inliers, rec.RMSPx = len(est.Inliers), est.RMSPx
	rec.attach(s.anchor.reference, est.Pose)
	rec.keepTracks(s.front.Tracks())
	rec.pixels = pixels != nil
	return s.keep(ctx, f, est, pixels, rec)
}

// keep makes a posed frame a keyframe where the map needs one. A keyframe that
// the mapper still works on is taken up first; live, the tracker does not wait.
func (s *System) keep(ctx context.Context, f *slam.Frame, est tracking.Estimate, pixels *pixelPose, rec *Record) error {
	var tether *mapping.Tether
	hidden, err := s.covered(f, est.Pose)
	switch {
	case err != nil:
		return err
	case hidden:
		return nil
	case pixels != nil && s.wearsOut(pixels):
		tether = &pixels.tether
	case pixels != nil || !s.wantsKeyframe(f, est):
		return nil
	}
	if s.pending != nil {
		if s.live && !s.ready(f.Index) {
			return nil
		}
		if err := s.takeUp(); err != nil {
			return err
		}
	}
	pose := s.track.Last() // of this frame, on the map as it is now
	if err := s.insert(ctx, f, pose, tether); err != nil {
		return err
	}
	rec.attach(s.anchor.reference, pose)
	return nil
}

// point is what is known of a track's landmark.
func (s *System) point(id int) (slam.Point, bool) {
	p, ok := s.points[id]
	return p, ok
}

func (s *System) predict(f *slam.Frame, thumb frontend.Thumbnail) geom.SE3 {
	still := s.track.Predict(f.Time, geom.Mat3{}, false)
	last := s.track.Last()
	guess := still.R.T().Mul(last.R) // rays of the last frame to rays of this one
	seen, ok := frontend.Rotation(s.thumb, thumb, guess)
	return s.track.Predict(f.Time, seen, ok)
}

// predictPixel returns where a track should be: the projection of its landmark,
// or its ray turned with the camera.
func (s *System) predictPixel(cam geom.Camera, last, guess geom.SE3, t slam.Track) geom.Vec2 {
	var p geom.Vec3
	if pt, ok := s.points[t.ID]; ok {
		p = guess.ApplyInverse(pt.Position)
	} else {
		p = guess.R.TMulVec(last.R.MulVec(cam.Ray(t.Pixel)))
	}
	if p.Z < minAheadM {
		return t.Pixel
	}
	return cam.Project(p)
}

// minAheadM is the depth below which a point is not projected.
const minAheadM = .05

// loseTrack looks for a frame without a pose in the whole map; after a few
// frames in vain a new part is started, to be joined when a place is recognised.
func (s *System) loseTrack(ctx context.Context, f *slam.Frame, rec *Record) error {
	rec.keepTracks(s.front.Tracks())
	rec.Cause = s.whyLost(f)
	s.state = slam.Lost
	s.lost++
	px, desc, err := s.front.Describe()
	if err != nil {
		return err
	}
	if pose, part, ok := s.mapper.Relocalise(f.Camera, px, desc); ok {
		return s.resume(ctx, f, rec, pose, part)
	}
	if s.lost < s.cfg.Tracking.LostFrames {
		return nil
	}
	s.mapper.NewPart()
	s.lost = 0
	return s.startAt(ctx, f, rec)
}

// whyLost says what was there to pose a frame by.
func (s *System) whyLost(f *slam.Frame) string {
	tracks := s.front.Tracks()
	known := 0
	for _, t := range tracks {
		if _, ok := s.points[t.ID]; ok {
			known++
		}
	}
	light, sharp := pictureQuality(f.Gray)
	return fmt.Sprintf("%d features followed, %d of them landmarks, of which %d have to agree; brightness %.0f, gradient %.1f grey levels a pixel",
		len(tracks), known, s.cfg.Tracking.MinInliers, light, sharp)
}

// pictureQuality returns the mean grey level and the mean absolute difference of
// horizontal neighbours: low in the dark, in blur and before bare walls.
func pictureQuality(g slam.Gray) (light, sharp float64) {
	const step = 4
	var sum, diff, n float64
	for y := 0; y < g.H; y += step {
		row := g.Pix[y*g.W : (y+1)*g.W]
		for x := 0; x+1 < g.W; x += step {
			sum += float64(row[x])
			diff += math.Abs(float64(row[x+1]) - float64(row[x]))
			n++
		}
	}
	return sum / math.Max(n, 1), diff / math.Max(n, 1)
}

// resume goes on in a part of the map at a pose found by place recognition.
func (s *System) resume(ctx context.Context, f *slam.Frame, rec *Record, pose geom.SE3, part int) error {
	s.front.Drop(func(slam.Track) bool { return true })
	s.mapper.Resume(part)
	k, err := s.insertNow(ctx, f, pose)
	if err != nil {
		return err
	}
	s.track.Reset(f.Time, k.Pose)
	s.state, s.lost = slam.Tracking, 0
	rec.attach(s.anchor.reference, k.Pose)
	return nil
}
