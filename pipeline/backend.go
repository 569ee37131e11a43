package pipeline

import (
	"context"
	"errors"
	"runtime"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// backEnd owns the map. Whoever holds it may change the map, and nobody else can
// reach it: it is moved from goroutine to goroutine by a handover.
type backEnd struct {
	mapper  *mapping.Mapper
	matcher *frontend.Matcher
	depth   depth.Source
	late    *lateDepth // of a live run, in place of depth
	saver   *saver
	growing *growing // nil where nobody watches
	stages  *report.Stages
}

// newBackEnd returns a back end with the map that a job goes on with, or an empty one.
func newBackEnd(ctx context.Context, job Job, stages *report.Stages) (*backEnd, error) {
	b := &backEnd{matcher: frontend.NewMatcher(job.Config.Frontend), depth: job.Depth, stages: stages}
	b.mapper = mapping.NewMapper(job.Config.Mapping, b.matcher, job.Log)
	b.mapper.Ground.HeightM = job.Config.CameraHeightM
	b.mapper.FocalSigma = job.Source.Info().FocalSigma
	if job.Map != nil {
		if err := b.mapper.Restore(job.Map.State); err != nil {
			b.matcher.Close()
			return nil, err
		}
	}
	if !job.Source.Info().Live {
		b.spread()
	} else {
		b.late = &lateDepth{worker: depth.NewWorker(context.WithoutCancel(ctx), job.Depth, depth.WorkerOptions{Live: true})}
	}
	if job.Observer != nil {
		b.growing = newGrowing(job.Config, job.Log)
	}
	b.saver = newSaver(job, b.keyframes(), stages)
	return b, nil
}

// close waits for what goes on beside and frees what OpenCV holds.
func (b *backEnd) close() {
	if b.late != nil {
		b.late.worker.Close()
	}
	b.growing.stop()
	b.saver.close()
	b.matcher.Close()
}

// keyframes is the number of keyframes: the id of the next one.
func (b *backEnd) keyframes() int { return len(b.mapper.Map.Keyframes) }

// insert makes a keyframe of a candidate and brings the map up to date. It offers
// the result to the growing mesh and the map file, and copies what the tracker is
// to know.
func (b *backEnd) insert(ctx context.Context, c mapping.Candidate) (u mapUpdate, err error) {
	described := make(chan error, 1)
	go func() {
		defer b.stages.Start("describe")()
		var err error
		c.Keypoints, err = b.mapper.Describe(c.Frame.Gray)
		described <- err
	}()
	d, job, err := b.depthOf(ctx, c.Frame)
	if err := errors.Join(err, <-described); err != nil {
		return u, err
	}
	if err := b.settleLate(ctx); err != nil {
		return u, err
	}
	defer b.stages.Start("keyframe")()
	c.Depth = d
	k, err := b.mapper.Insert(ctx, c)
	if err != nil {
		return u, err
	}
	if job != nil {
		b.late.waiting = append(b.late.waiting, lateAnswer{k.ID, job})
	}
	if u, err = newMapUpdate(b.mapper, k, c.Tracks); err != nil {
		return u, err
	}
	u.view = b.view()
	if err := b.growing.offer(b.mapper); err != nil {
		return u, err
	}
	b.saver.offer(b.mapper)
	return u, nil
}

// spread lets all cores share the work on a keyframe: of recorded input, for which
// the tracker waits, and at the end. Else the other cores belong to the tracker.
func (b *backEnd) spread() {
	n := runtime.GOMAXPROCS(0)
	b.matcher.Spread(n)
	b.mapper.Spread(n)
}

// adjust brings the map to its final state: every part is adjusted as a whole and
// brought to metres. It returns what is known of the metres of each part. Where ctx
// ends, the map stays as it is, in the metres that are known.
func (b *backEnd) adjust(ctx context.Context, frames *records) (metrics []metric.Estimate, err error) {
	if err := b.awaitLate(ctx); err != nil && ctx.Err() == nil {
		return nil, err
	}
	b.mapper.Where = func(frame int) (at geom.Vec3, part int, ok bool) { return frames.cameraAt(b.mapper.Map, frame) }
	b.spread()
	if err := b.mapper.Conclude(ctx); err != nil && ctx.Err() == nil {
		return nil, err
	}
	for part := range b.mapper.Parts() {
		m, err := b.mapper.Finish(ctx, part)
		if err != nil {
			return nil, err
		}
		metrics = append(metrics, m)
	}
	return metrics, nil
}

// finish begins to save the map and returns it; nothing may change it any more.
func (b *backEnd) finish(metrics []metric.Estimate) finishedMap {
	b.mapper.DropIndex()
	b.saver.finish(b.mapper)
	f := finishedMap{Map: b.mapper.Map, metrics: metrics, links: b.mapper.Links(), warnings: b.mapper.UnusedSizes(metrics), focalConflicts: b.mapper.FocalConflicts()}
	f.focalConfirmed = b.mapper.FocalConfirmed
	if b.late != nil {
		stats := b.late.worker.Stats()
		f.depthWorker = &stats
	}
	return f
}

// relocalise looks for an image in the whole map by its descriptors. Where it is
// found, the map goes on in that part.
func (b *backEnd) relocalise(cam geom.Camera, px []geom.Vec2, desc []slam.Descriptor, last *mapping.LastSeen) (geom.SE3, bool, error) {
	at, ok, err := b.mapper.Relocalise(cam, px, desc, last)
	if ok {
		b.mapper.Resume(at.Part)
	}
	return at.Pose, ok, err
}
