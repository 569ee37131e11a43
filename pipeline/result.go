package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/multiview"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// Result is a finished run: the map, the trajectories and what the report says.
type Result struct {
	job Job
	finishedMap
	records       records
	scales        []report.ScaleSample
	firstKeyframe int // of this run: those before were loaded
	skipped       []report.Skipped
	inputWarnings []string
	inputDoubts   []string
	frozen        int    // frames that repeat the one before to the last bit
	interrupted   bool   // the input was
	bounded       string // what was asked of the dense map and not made
	stopped       string // where the run was stopped after its input, and what is missing
	stages        *report.Stages
	wall, cpu     time.Duration

	saver    *saver // of the map, which may still be written
	mesh     *slam.Mesh
	textured *slam.TexturedMesh // mesh with images; nil without
	dense    fusion.Stats
	witness  *fusion.Witness // of the depth that was fused
}

// Close waits until the map is saved.
func (r *Result) Close() { r.saver.close() }

// finishedMap is the map that a run leaves. Nobody changes it any more.
type finishedMap struct {
	*mapping.Map
	metrics        []metric.Estimate // what is known of the metres of each part
	links          []mapping.Link    // places seen twice
	warnings       []string          // what was given of true sizes and could not be used
	depthWorker    *depth.Stats      // of a live run
	focalConfirmed func(part int) bool
	focalConflicts map[int]string // parts whose images contradict the camera that was told
}

// parts returns the connected maps by falling number of posed frames.
func (r *Result) parts() []int {
	count := make(map[int]int)
	for _, rec := range r.records.all {
		if rec.keyframe >= 0 {
			count[r.Keyframes[rec.keyframe].Part]++
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
		out = append(out, r.records.trajectory(r.Map, p))
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
	for _, k := range r.Keyframes {
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
		if k.ID >= r.firstKeyframe {
			out = append(out, slam.StampedPose{Time: k.Time, Pose: k.Pose})
		}
	}
	return out
}

// Interrupted reports whether the input was ended before its source.
func (r *Result) Interrupted() bool { return r.interrupted }

// ScaleStd returns the deviation of the logarithm of the map's metres, infinite where
// nothing tells them.
func (r *Result) ScaleStd() float64 {
	part := r.main()
	if part < 0 {
		return math.Inf(1)
	}
	return r.metrics[part].Deviation()
}

// Mesh returns the mesh of the last Fuse, nil before.
func (r *Result) Mesh() *slam.Mesh { return r.mesh }

// Fuse builds the dense map of the largest part from the final poses. Where ctx
// ends there is none.
func (r *Result) Fuse(ctx context.Context) error {
	defer r.stages.Start(report.StageFuse)()
	type fused struct {
		mesh    *slam.Mesh
		dense   fusion.Stats
		witness *fusion.Witness
		bounded string
	}
	out, err := untilDone(ctx, func() (f fused, err error) {
		cfg := r.job.Config
		if f.bounded, err = r.boundVoxel(ctx, &cfg.Fusion); err != nil {
			return f, err
		}
		f.witness = fusion.NewWitness(len(r.keyframes()))
		f.witness.Most = page.MostTriangles
		cfg.Fusion.Witness = f.witness
		f.mesh, f.dense, err = fusion.Fuse(ctx, r.denseViews(ctx), cfg.Fusion)
		return f, err
	})
	if ctx.Err() != nil {
		r.stoppedIn("the dense map was fused", "there is no mesh")
		return ctx.Err()
	}
	r.bounded = out.bounded
	r.mesh, r.dense, r.witness = out.mesh, out.dense, out.witness
	if w := r.dense.Warning(); w != "" {
		r.job.Log.Warn(w)
	}
	if err == nil && len(r.mesh.Vertices) <= deviationVertices {
		r.mesh.Deviation = r.witness.Ask(r.mesh, r.dense.MaxDepthM).Deviation
	}
	return err
}

// deviationVertices bounds the meshes that keep the deviation of their vertices: asking
// for it takes some 45 bytes a vertex, which of a map of kilometres nobody has.
const deviationVertices = 3_000_000

// denseViews are the views of the largest part's keyframes with the depth that is
// fused: refined by each other where it is an estimate.
func (r *Result) denseViews(ctx context.Context) iter.Seq2[slam.KeyframeView, error] {
	views, cfg := r.Views(r.keyframes()), r.job.Config
	if !cfg.Multiview.Enabled {
		return views
	}
	return multiview.Refine(ctx, views, cfg.Fusion, cfg.Multiview)
}

// boundVoxel tells what a voxel size that was chosen will take, and makes it as much
// larger as the bounds of fusion ask for, unless it was forced: then it says so.
func (r *Result) boundVoxel(ctx context.Context, cfg *fusion.Config) (bounded string, err error) {
	if cfg.VoxelM == 0 {
		return "", nil
	}
	area, err := fusion.Area(ctx, r.Views(r.keyframes()), *cfg)
	if err != nil {
		return "", err
	}
	e := fusion.Expect(area, cfg.VoxelM)
	r.job.Log.Info("dense map: " + e.String())
	if e.Fits() {
		return "", nil
	}
	if cfg.Force {
		r.job.Log.Warn("dense map: " + e.String())
		return "", nil
	}
	finest := fusion.Finest(area, cfg.VoxelM)
	bounded = fmt.Sprintf("%s, more than %.1f GB in all or %.1f GB of mesh: voxels of %.3g m were taken; --force takes those asked for",
		e, fusion.MostBytes/1e9, fusion.MostMeshBytes/1e9, finest.VoxelM)
	r.job.Log.Warn(bounded)
	cfg.VoxelM = finest.VoxelM
	return bounded, nil
}

// stopGrace is how long a stage that was stopped may take to end by itself before
// nobody waits for it any more.
const stopGrace = time.Second / 2

// untilDone returns what f returns, or the error of ctx soon after that ends: what
// f still does then is for nobody, and it must change nothing that others read.
func untilDone[T any](ctx context.Context, f func() (T, error)) (out T, err error) {
	done := make(chan struct{})
	var got T
	var failed error
	go func() {
		defer close(done)
		got, failed = f()
	}()
	select {
	case <-done:
		return got, failed
	case <-ctx.Done():
	}
	select {
	case <-done:
		return got, failed
	case <-time.After(stopGrace):
		return out, ctx.Err()
	}
}

// frameRows returns one pose a frame of the source from the first posed one to
// the last record: posed ones as they are, others between their neighbours, held
// at the ends. spans lists those.
func (r *Result) frameRows() (poses []geom.SE3, spans []report.Span) {
	part := r.main()
	recs := r.records.all
	known := make([]*geom.SE3, len(recs))
	for i, rec := range recs {
		if rec.keyframe < 0 {
			continue
		}
		if k := r.Keyframes[rec.keyframe]; k.Part == part {
			p := rec.pose(placementOf(k))
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
func fillBetween(poses []geom.SE3, recs []record, a, b int) {
	for i := a + 1; i < b; i++ {
		if a < 0 {
			poses[i] = poses[b]
			continue
		}
		t := (recs[i].time - recs[a].time) / (recs[b].time - recs[a].time)
		poses[i] = geom.InterpolateSE3(poses[a], poses[b], t)
	}
}

// unposed lists the runs of frames without a pose.
func unposed(recs []record, known []*geom.SE3) (spans []report.Span) {
	open := false
	for i, rec := range recs {
		switch {
		case known[i] != nil:
			open = false
		case open:
			s := &spans[len(spans)-1]
			s.LastFrame, s.EndS = rec.frame, rec.time
		default:
			spans = append(spans, report.Span{FirstFrame: rec.frame, LastFrame: rec.frame, StartS: rec.time, EndS: rec.time, Cause: rec.whyUnposed()})
			open = true
		}
	}
	return spans
}
