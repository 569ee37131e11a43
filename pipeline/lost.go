package pipeline

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
)

// loseTrack looks for a frame without a pose in the whole map; after a few
// frames in vain a new part is started, to be joined when a place is recognised.
func (t *tracker) loseTrack(ctx context.Context, f *slam.Frame, rec *record) error {
	rec.keepTracks(t.keypoint.Tracks())
	rec.cause = t.whyLost(f)
	t.state = slam.Lost
	t.lost++
	px, desc, err := t.keypoint.Describe()
	if err != nil {
		return err
	}
	b := t.handover.idle
	pose, ok, err := b.relocalise(f.Camera, px, desc, t.lastSeen(f.Time))
	if err != nil {
		return err
	}
	if ok {
		return t.resume(ctx, f, rec, pose)
	}
	if t.lost < t.cfg.Tracking.LostFrames {
		return nil
	}
	b.mapper.NewPart(t.gap(f.Time))
	t.lost = 0
	return t.startAt(ctx, f, rec)
}

// lastSeen is where the camera was before it was lost, nil before the first keyframe.
func (t *tracker) lastSeen(time float64) *mapping.LastSeen {
	if len(t.key.pixels) == 0 {
		return nil
	}
	return &mapping.LastSeen{Pose: t.pose.Last(), AgoS: time - t.pose.LastTime()}
}

// gap is the time since the camera was seen last, against the last keyframe.
func (t *tracker) gap(time float64) *mapping.Gap {
	last := t.lastSeen(time)
	if last == nil {
		return nil
	}
	return &mapping.Gap{From: t.key.id, Z: t.key.pose.Between(last.Pose), DurationS: last.AgoS}
}

// whyLost says what was there to pose a frame by.
func (t *tracker) whyLost(f *slam.Frame) string {
	tracks := t.keypoint.Tracks()
	known := 0
	for _, k := range tracks {
		if _, ok := t.local.landmarks[k.ID]; ok {
			known++
		}
	}
	light, sharp := imageQuality(f.Gray)
	return fmt.Sprintf("%d keypoints followed, %d of them landmarks, of which %d have to agree; brightness %.0f, gradient %.1f grey levels a pixel",
		len(tracks), known, t.cfg.Tracking.MinInliers, light, sharp)
}

// imageQuality returns the mean grey level and the mean absolute difference of
// horizontal neighbours: low in the dark, in blur and before bare walls.
func imageQuality(g slam.Gray) (light, sharp float64) {
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

// resume goes on at a pose that was found by place recognition.
func (t *tracker) resume(ctx context.Context, f *slam.Frame, rec *record, pose geom.SE3) error {
	t.keypoint.Drop(func(slam.Track) bool { return true })
	if err := t.insertNow(ctx, f, pose); err != nil {
		return err
	}
	t.startTracking(f, rec)
	return nil
}

// startTracking goes on from the keyframe that was made of a frame.
func (t *tracker) startTracking(f *slam.Frame, rec *record) {
	t.pose.Reset(f.Time, t.key.pose)
	t.state, t.lost = slam.Tracking, 0
	rec.attach(t.key.placement, t.key.pose)
}
