package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// Result is a finished run: the map, the trajectories and what the report says.
type Result struct {
	job         Job
	sys         *System
	state       slam.TrackState
	skipped     []report.Skipped
	scales      []report.ScaleSample
	first       int // keyframe of this run: those before were loaded
	interrupted bool
	wall, cpu   time.Duration

	mesh  *slam.Mesh
	dense fusion.Stats
}

// parts returns the connected maps by falling number of posed frames.
func (r *Result) parts() []int {
	count := make(map[int]int)
	for _, rec := range r.sys.records {
		if rec.Keyframe >= 0 {
			count[r.sys.mapper.Map.Keyframes[rec.Keyframe].Part]++
		}
	}
	ids := make([]int, 0, len(count))
	for id := range count {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int) int { return cmp.Or(count[b]-count[a], a-b) })
	return ids
}

// Trajectories returns the posed frames of each connected map, the largest
// first.
func (r *Result) Trajectories() []slam.Trajectory {
	var out []slam.Trajectory
	for _, p := range r.parts() {
		out = append(out, r.sys.Trajectory(p))
	}
	return out
}

// main returns the largest part, -1 where nothing was posed.
func (r *Result) main() int {
	if p := r.parts(); len(p) > 0 {
		return p[0]
	}
	return -1
}

// keyframes returns those of the largest part.
func (r *Result) keyframes() []*mapping.Keyframe {
	var out []*mapping.Keyframe
	part := r.main()
	for _, k := range r.sys.mapper.Map.Keyframes {
		if k.Part == part && !k.Culled() {
			out = append(out, k)
		}
	}
	return out
}

// KeyframePoses returns the poses of the largest part's keyframes, but for those
// that came with a loaded map: stamps of another source may repeat.
func (r *Result) KeyframePoses() slam.Trajectory {
	var out slam.Trajectory
	for _, k := range r.keyframes() {
		if k.ID >= r.first {
			out = append(out, slam.StampedPose{Time: k.Time, Pose: k.Pose})
		}
	}
	return out
}

// Mesh returns the mesh of the last Fuse, nil before.
func (r *Result) Mesh() *slam.Mesh { return r.mesh }

// Fuse builds the dense map of the largest part from the final poses.
func (r *Result) Fuse(ctx context.Context) error {
	defer r.sys.stages.Start("fuse and mesh")()
	var err error
	r.mesh, r.dense, err = fusion.Fuse(ctx, r.sys.mapper.Map.Views(r.keyframes()), r.job.Config.Fusion)
	if w := r.dense.Warning(); w != "" {
		r.job.Log.Warn(w)
	}
	return err
}

// frameRows returns one pose a frame of the source from the first posed one to
// the last record: posed ones as they are, others between their neighbours, held
// at the ends. spans lists those.
func (r *Result) frameRows() (poses []geom.SE3, spans []report.Span) {
	part := r.main()
	recs := r.sys.records
	known := make([]*geom.SE3, len(recs))
	for i, rec := range recs {
		if rec.Keyframe < 0 {
			continue
		}
		if k := r.sys.mapper.Map.Keyframes[rec.Keyframe]; k.Part == part {
			p := rec.pose(referenceOf(k))
			known[i] = &p
		}
	}
	poses = make([]geom.SE3, len(recs))
	last := -1
	for i := range recs {
		if known[i] == nil {
			continue
		}
		poses[i] = *known[i]
		fillBetween(poses, recs, last, i)
		last = i
	}
	if last < 0 {
		for i := range poses {
			poses[i] = geom.IdentitySE3()
		}
		return poses, unposed(recs, known)
	}
	for i := last + 1; i < len(recs); i++ {
		poses[i] = poses[last]
	}
	return poses, unposed(recs, known)
}

// fillBetween interpolates the poses between rows a and b; a = -1 holds b.
func fillBetween(poses []geom.SE3, recs []Record, a, b int) {
	for i := a + 1; i < b; i++ {
		if a < 0 {
			poses[i] = poses[b]
			continue
		}
		t := (recs[i].Time - recs[a].Time) / (recs[b].Time - recs[a].Time)
		poses[i] = geom.InterpolateSE3(poses[a], poses[b], t)
	}
}

// unposed lists the runs of frames without a pose.
func unposed(recs []Record, known []*geom.SE3) (spans []report.Span) {
	open := false
	for i, rec := range recs {
		switch {
		case known[i] != nil:
			open = false
		case open:
			s := &spans[len(spans)-1]
			s.LastFrame, s.EndS = rec.Frame, rec.Time
		default:
			spans = append(spans, report.Span{FirstFrame: rec.Frame, LastFrame: rec.Frame, StartS: rec.Time, EndS: rec.Time, Cause: rec.cause()})
			open = true
		}
	}
	return spans
}
