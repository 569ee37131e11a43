package multiview

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// keyframe is a view on its way through the refinement.
type keyframe struct {
	view  slam.KeyframeView
	image *image  // nil where it has no image
	sigma float64 // deviation of the logarithm of the bent prior
	depth refinedDepth
	conf  []float32 // what others say of it: 0 to 1

	whole    refinedDepth // the same where it is trusted, completed elsewhere
	wholeStd []float32    // deviation of its logarithm
	support  []float32    // what trusted pixels nearby weigh: 0 to 1

	refine bool // whether its depth is an estimate, which can be refined
}

func (k *keyframe) pose() geom.SE3 { return k.view.Pose }

// Refine yields views with their depth refined by those near them in the
// sequence. Depth that measures metres passes as it is, and so do views that
// nothing can be done for. Few views are held at a time: some 4 Config.Reach.
func Refine(ctx context.Context, views iter.Seq2[slam.KeyframeView, error], fuse fusion.Config, cfg Config) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		r := newRefiner(ctx, fuse, cfg)
		for v, err := range views {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(slam.KeyframeView{}, err)
				return
			}
			r.add(v)
			if len(r.all)-r.done[0] >= r.cfg.Reach+batch && !r.advance(len(r.all), yield) {
				return
			}
		}
		r.finish(yield)
	}
}

// batch is how many views are taken up at once, so that all cores have work.
const batch = 16

// refiner holds the views between the first that is still needed and the last.
type refiner struct {
	ctx    context.Context // ends it between two keyframes
	fuse   fusion.Config   // how views are aligned, and what is an edge
	cfg    Config
	photo  photographer
	spaces chan *workspace
	all    []*keyframe

	done [3]int // of all, from the first: refined, completed, judged
}

func newRefiner(ctx context.Context, fuse fusion.Config, cfg Config) *refiner {
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	r := &refiner{ctx: ctx, fuse: fuse, cfg: cfg, spaces: make(chan *workspace, cfg.Workers)}
	for range cfg.Workers {
		r.spaces <- new(workspace)
	}
	return r
}

func (r *refiner) add(v slam.KeyframeView) {
	k := &keyframe{view: v}
	if !v.Image.Empty() && v.Pose.IsFinite() {
		k.image = r.photo.image(v.Image, v.ImageCamera)
		k.refine = v.Depth.ScaleSigma > 0 && fusion.CheckView(v) == nil
	}
	k.view.Image = slam.Gray{}
	r.all = append(r.all, k)
}

// near are the keyframes within reach of the i-th that have an image.
func (r *refiner) near(i int) (out []*keyframe) {
	for _, k := range r.all[max(i-r.cfg.Reach, 0):min(i+r.cfg.Reach+1, len(r.all))] {
		if k.image != nil {
			out = append(out, k)
		}
	}
	return out
}

// advance refines all views whose neighbours are there, completes those whose
// judges are refined, judges those whose judges are complete, and yields them, as if
// n views were there: at the end of the sequence n goes on growing.
func (r *refiner) advance(n int, yield func(slam.KeyframeView, error) bool) bool {
	var out []slam.KeyframeView
	stages := [3]func(int, *workspace){r.refine, r.complete, func(i int, _ *workspace) { out[i-r.done[2]] = r.judge(i) }}
	for stage, f := range stages {
		until := max(min(n-(stage+1)*r.cfg.Reach, len(r.all)), r.done[stage])
		if stage == 2 {
			out = make([]slam.KeyframeView, until-r.done[2])
		}
		r.each(r.done[stage], until, f)
		if err := r.ctx.Err(); err != nil {
			yield(slam.KeyframeView{}, err)
			return false
		}
		r.done[stage] = until
	}
	for i, v := range out {
		r.all[r.done[2]-len(out)+i].release()
		if !yield(v, nil) {
			return false
		}
	}
	r.forget()
	return true
}

// finish takes all views through the stages.
func (r *refiner) finish(yield func(slam.KeyframeView, error) bool) {
	for beyond := 0; r.done[2] < len(r.all); beyond += batch {
		if !r.advance(len(r.all)+beyond, yield) {
			return
		}
	}
}

// release keeps what others still need of a view that was yielded.
func (k *keyframe) release() {
	k.view = slam.KeyframeView{Pose: k.view.Pose}
	k.depth, k.conf, k.wholeStd, k.support = refinedDepth{}, nil, nil, nil
	k.whole = refinedDepth{w: k.whole.w, h: k.whole.h, depth: k.whole.depth}
}

// forget lets go of what nobody needs any more.
func (r *refiner) forget() {
	drop := max(r.done[2]-r.cfg.Reach, 0)
	clear(r.all[:drop])
	r.all = r.all[drop:]
	for i := range r.done {
		r.done[i] -= drop
	}
}

// each calls f for the indices from first up to until, each on one goroutine.
func (r *refiner) each(first, until int, f func(i int, ws *workspace)) {
	var wg sync.WaitGroup
	for i := first; i < until && r.ctx.Err() == nil; i++ {
		ws := <-r.spaces
		wg.Go(func() {
			f(i, ws)
			r.spaces <- ws
		})
	}
	wg.Wait()
}

// refine sweeps the i-th keyframe.
func (r *refiner) refine(i int, ws *workspace) {
	k := r.all[i]
	if !k.refine {
		return
	}
	prior, rep := fusion.Align(k.view, r.fuse.Align)
	k.sigma = rep.Sigma
	var views []view
	for _, n := range neighbours(r.near(i), k, gridPoints(prior, k.pose()), r.cfg.Neighbours) {
		views = append(views, newView(k.image, k.pose(), n.image, n.pose()))
	}
	k.depth = ws.refine(k.image, resampled(prior, k.image), views)
}

// complete asks the judges about the i-th view and fills what they do not confirm.
func (r *refiner) complete(i int, _ *workspace) {
	k := r.all[i]
	if !k.refine {
		return
	}
	k.conf = confidence(&k.depth, r.judges(i, false))
	k.whole = k.depth
	c := complete(k.image.Pix, &k.depth, k.conf)
	k.whole.depth, k.wholeStd, k.support = c.depth, c.std, c.support
}

// judges are those of the i-th view.
func (r *refiner) judges(i int, whole bool) []judge {
	k := r.all[i]
	d := &k.depth
	points := gridPoints(slam.DepthMap{W: d.w, H: d.h, Camera: k.image.Camera, Depth: d.depth}, k.pose())
	return judgesOf(r.near(i), k, points, whole)
}

// judge returns the i-th view with what others say of its depth.
func (r *refiner) judge(i int) slam.KeyframeView {
	k := r.all[i]
	if !k.refine {
		return k.view
	}
	v := k.view
	all := r.judges(i, true)
	if len(all) == 0 { // a camera that stood or turned on the spot: the prior is all there is
		return v
	}
	v.Depth = r.judged(k, opinions(&k.whole, all))
	return v
}
