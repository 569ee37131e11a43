package pipeline

import (
	"context"
	"fmt"

	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

// tracker poses frame after frame, and gives the back end those that are to become
// keyframes. Of the map it knows the last answer of the back end.
type tracker struct {
	cfg      Config
	stages   *report.Stages
	keypoint *frontend.Tracker // follows keypoints from image to image
	pose     *tracking.Tracker // estimates poses from them
	handover handover          // of the back end

	state     slam.TrackState
	lost      int       // frames since tracking was lost
	weak      bool      // few landmarks held the last frame
	preparer  preparer  // of frames that were not prepared ahead
	now       *prepared // of the frame that is tracked
	key       referenceKeyframe
	local     mapUpdate // the map around the camera, as of the last answer of the back end
	occlusion occlusion

	records records
}

// referenceKeyframe is the tracker's own copy of the last keyframe: what frames are
// posed against while the back end works on it.
type referenceKeyframe struct {
	placement
	frame  int
	pixels map[int]geom.Vec2 // of its keypoints, by track
	gray   slam.Gray
}

// newTracker returns a tracker that waits for its first frame. Where the back end
// has a map already, the first frames are looked for in it, and what it does not
// show starts a new part, to be joined when a place is recognised.
func newTracker(job Job, b *backEnd, stages *report.Stages) *tracker {
	cfg := job.Config
	t := &tracker{
		cfg: cfg, stages: stages, keypoint: frontend.New(cfg.Frontend), pose: tracking.New(cfg.Tracking, cfg.Seed),
		handover: handover{idle: b, live: job.Source.Info().Live},
	}
	if job.Map != nil {
		t.keypoint.NumberFrom(job.Map.State.NextTrack())
	}
	if b.keyframes() > 0 {
		t.pose.Reset(0, geom.IdentitySE3())
		t.state, t.local.view = slam.Lost, b.view()
	}
	return t
}

// close waits for the back end and frees what OpenCV holds.
func (t *tracker) close() {
	t.handover.close()
	t.keypoint.Close()
}

// step takes the next frame and records it. p is what was prepared of it, or nil.
func (t *tracker) step(ctx context.Context, f *slam.Frame, p *prepared) (err error) {
	defer t.stages.Start("frame")()
	rec := record{frame: f.Index, time: f.Time, keyframe: -1}
	if p == nil {
		p, err = t.preparer.next(f)
	}
	if err == nil {
		t.now = p
		switch t.state {
		case slam.Initialising:
			err = t.initialise(ctx, f, &rec)
		default:
			err = t.follow(ctx, f, &rec)
		}
	}
	if err != nil {
		return fmt.Errorf("frame %d (%s): %w", f.Index, f.Name, err)
	}
	rec.state = t.state
	t.records.add(rec)
	return nil
}

// finish adjusts the map as a whole, locates every frame once more against it, and
// returns it.
func (t *tracker) finish(ctx context.Context) (finishedMap, error) {
	if err := t.update(); err != nil {
		return finishedMap{}, err
	}
	b := t.handover.idle
	metrics, err := b.adjust(ctx, &t.records)
	if err != nil {
		return finishedMap{}, err
	}
	if ctx.Err() == nil {
		t.records.relocate(b.mapper, tracking.New(t.cfg.Tracking, t.cfg.Seed))
	}
	return b.finish(metrics), nil
}

// follow tracks a frame against the map, and makes it a keyframe where the map
// needs one.
func (t *tracker) follow(ctx context.Context, f *slam.Frame, rec *record) error {
	if t.weak || t.handover.ready(f.Index) {
		if err := t.update(); err != nil {
			return err
		}
	}
	est, pixels, err := t.locate(f)
	if err != nil {
		return err
	}
	if !est.OK {
		return t.loseTrack(ctx, f, rec)
	}
	t.state, t.lost = slam.Tracking, 0
	t.weak = len(est.Inliers) < weakInliers
	t.keypoint.Drop(func(k slam.Track) bool { return est.Outliers[k.ID] })
	rec.inliers, rec.rmsPx = len(est.Inliers), est.RMSPx
	rec.attach(t.key.placement, est.Pose)
	rec.keepTracks(t.keypoint.Tracks())
	rec.direct = pixels != nil
	return t.keep(ctx, f, est, pixels, rec)
}

// keep makes a posed frame a keyframe where the map needs one. It waits for the
// keyframe before, but for a live run: there the frame is left out.
func (t *tracker) keep(ctx context.Context, f *slam.Frame, est tracking.Estimate, pixels *pixelPose, rec *record) error {
	var tether *mapping.Tether
	hidden, err := t.occluded(f, est.Pose)
	switch {
	case err != nil:
		return err
	case hidden:
		return nil
	case pixels != nil && t.wearsOut(pixels):
		tether = &pixels.tether
	case pixels != nil || !t.wantsKeyframe(f, est):
		return nil
	}
	if t.handover.live && t.handover.busy() && !t.handover.ready(f.Index) {
		return nil
	}
	if err := t.update(); err != nil {
		return err
	}
	pose := t.pose.Last() // of this frame, on the map as it is now
	if err := t.insert(ctx, f, pose, tether); err != nil {
		return err
	}
	rec.attach(t.key.placement, pose)
	return nil
}

// insert hands the current frame, at pose, to the back end as a keyframe and goes
// on; tether may be nil. The back end must be idle.
func (t *tracker) insert(ctx context.Context, f *slam.Frame, pose geom.SE3, tether *mapping.Tether) error {
	if _, err := t.keypoint.Detect(); err != nil {
		return err
	}
	t.keypoint.Anchor()
	tracks := append([]slam.Track(nil), t.keypoint.Tracks()...)
	t.key = referenceKeyframe{
		placement: placement{t.handover.idle.keyframes(), pose, 1}, frame: f.Index,
		pixels: make(map[int]geom.Vec2, len(tracks)), gray: f.Gray,
	}
	for _, k := range tracks {
		t.key.pixels[k.ID] = k.Pixel
	}
	c := mapping.Candidate{Frame: f, Pose: pose, Tracks: tracks, Tether: tether, NoisePx: t.pose.NoisePx()}
	t.handover.start(ctx, c, f.Index+t.cfg.Keyframes.LagFrames)
	return nil
}

// update waits for the keyframe that is being inserted, if any, and brings the
// tracker onto the corrected map: its pose moves with the keyframe, landmarks are
// where they are now, and those that came back into view are followed again.
func (t *tracker) update() error {
	if !t.handover.busy() {
		return nil
	}
	stop := t.stages.Start("wait for mapper")
	u, err := t.handover.wait()
	stop()
	if err != nil {
		return err
	}
	old, now := t.key.placement, u.keyframe
	t.pose.Rebase(old.pose, now.pose, now.unit/old.unit)
	t.key.placement, t.local = now, u
	for _, k := range u.found {
		t.key.pixels[k.ID] = k.Pixel
	}
	last := t.pose.Last()
	return t.keypoint.Resume(u.found, func(k slam.Track) geom.Vec2 {
		p := last.ApplyInverse(u.landmarks[k.ID].Position)
		if p.Z < minAheadM {
			return k.Pixel
		}
		return u.camera.Project(p)
	})
}

// insertNow inserts a keyframe and waits for it: where a map begins or goes on.
func (t *tracker) insertNow(ctx context.Context, f *slam.Frame, pose geom.SE3) error {
	if err := t.insert(ctx, f, pose, nil); err != nil {
		return err
	}
	return t.update()
}
