package pipeline

import (
	"context"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/tracking"
)

const (
	startMinDepth  = .1 // share of a depth map that must be known for a map to start from it
	startMinTracks = 80 // keypoints of the first image that must still be followed
	startMaxFrames = 90 // frames after which a two-view start begins anew
)

// initialise starts a map: at once where the frame has depth, else by two views
// as soon as the camera has moved enough.
func (t *tracker) initialise(ctx context.Context, f *slam.Frame, rec *record) error {
	if t.key.pixels == nil {
		return t.startAt(ctx, f, rec)
	}
	last := t.pose.Last() // the identity: only its rotation is used
	err := t.keypoint.TrackImage(t.now.image, func(k slam.Track) geom.Vec2 { return t.predictPixel(f.Camera, last, last, k) })
	if err != nil {
		return err
	}
	rec.keepTracks(t.keypoint.Tracks())
	pairs := t.pairs(f.Camera)
	if len(pairs.ids) < startMinTracks || f.Index-t.key.frame > startMaxFrames {
		t.handover.idle.mapper.Discard()
		return t.startAt(ctx, f, rec)
	}
	tv, ok := tracking.SolveTwoView(pairs.x1, pairs.x2, t.cfg.Tracking.PixelSigma/f.Camera.Focal(), t.cfg.Seed)
	if !ok {
		return nil
	}
	return t.startFrom(ctx, f, rec, tv, pairs)
}

// startAt makes a frame the first keyframe of the current part.
func (t *tracker) startAt(ctx context.Context, f *slam.Frame, rec *record) error {
	if err := t.keypoint.TrackImage(t.now.image, nil); err != nil {
		return err
	}
	t.keypoint.Drop(func(slam.Track) bool { return true })
	if err := t.insertNow(ctx, f, geom.IdentitySE3()); err != nil {
		return err
	}
	if t.local.depthShare >= startMinDepth {
		t.startTracking(f, rec)
		return nil
	}
	t.pose.Reset(f.Time, t.key.pose)
	t.state = slam.Initialising
	return nil
}

// startFrom makes a frame the second keyframe, at the two-view motion. The frame of
// the first keyframe gets its pose too.
func (t *tracker) startFrom(ctx context.Context, f *slam.Frame, rec *record, tv tracking.TwoView, p pairs) error {
	first := t.key
	good := make(map[int]bool, len(tv.Inliers))
	for _, i := range tv.Inliers {
		good[p.ids[i]] = true
	}
	t.keypoint.Drop(func(k slam.Track) bool { return !good[k.ID] })
	if err := t.insertNow(ctx, f, tv.T21.Inverse()); err != nil {
		return err
	}
	for i := range t.records.all {
		if r := &t.records.all[i]; r.frame == first.frame {
			r.attach(first.placement, first.pose)
		}
	}
	t.startTracking(f, rec)
	return nil
}

// pairs are the keypoints of the first keyframe and where they are now.
type pairs struct {
	ids    []int
	x1, x2 []geom.Vec2 // on the z = 1 plane
}

func (t *tracker) pairs(cam geom.Camera) (p pairs) {
	for _, k := range t.keypoint.Tracks() {
		if u, ok := t.key.pixels[k.ID]; ok {
			p.ids = append(p.ids, k.ID)
			p.x1, p.x2 = append(p.x1, cam.Ray(u).XY()), append(p.x2, cam.Ray(k.Pixel).XY())
		}
	}
	return p
}
