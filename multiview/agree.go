package multiview

import (
	"cmp"
	"math"
	"slices"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/multiview/internal/kernel"
	"github.com/metricslam/metricslam/slam"
)

const (
	judges        = 12 // keyframes that are asked
	judgeOverlap  = .3 // share of the points that they must see
	judgeAngle    = 1 * math.Pi / 180
	tolerance     = .02 // of log depth
	tolerancePx   = .4  // the same as motion in the images
	toleranceMost = .15
	violation     = .5 // what one that sees through counts against one that agrees
	enough        = 2  // that agree
	minConfidence = .3
)

// judge is another keyframe with its refined depth.
type judge struct {
	*refinedDepth
	view view
}

// judgesOf returns the keyframes that see most of the points, at an angle.
func judgesOf(near []*keyframe, self *keyframe, points []geom.Vec3, whole bool) (out []judge) {
	type scored struct {
		k       *keyframe
		depth   *refinedDepth
		overlap float64
	}
	var seen []scored
	for _, k := range near {
		d := &k.depth
		if whole {
			d = &k.whole
		}
		if k == self || d.depth == nil {
			continue
		}
		if r := relate(points, self.pose(), k.pose(), k.image.Camera); r.overlap > judgeOverlap && r.angle > judgeAngle {
			seen = append(seen, scored{k, d, r.overlap})
		}
	}
	slices.SortStableFunc(seen, func(a, b scored) int { return cmp.Compare(b.overlap, a.overlap) })
	for _, s := range seen[:min(len(seen), judges)] {
		out = append(out, judge{s.depth, newView(self.image, self.pose(), s.k.image, s.k.pose())})
	}
	return out
}

// opinion is what judges say of a pixel.
type opinion struct{ agree, against float32 }

// tolerated is how far log depths may be apart at a pixel.
func (d *refinedDepth) tolerated(i int) float32 {
	return min(max(tolerance, tolerancePx/max(d.motion[i], leastMotion)), toleranceMost)
}

// opinions asks the judges about every pixel.
func opinions(d *refinedDepth, all []judge) []opinion {
	kernels := make([]*kernel.Judge, len(all))
	for j := range all {
		kernels[j] = kernel.NewJudge(all[j].view.m, all[j].view.t, all[j].depth, all[j].w, all[j].h)
	}
	n := kernel.Padded(d.w)
	depth, tolerance := make([]float32, n), make([]float32, n)
	agree, against := make([]float32, n), make([]float32, n)
	out := make([]opinion, d.w*d.h)
	for y := range d.h {
		copy(depth, d.depth[y*d.w:(y+1)*d.w])
		for x := range d.w {
			tolerance[x] = d.tolerated(y*d.w + x)
		}
		clear(agree)
		clear(against)
		for _, k := range kernels {
			k.Row(y, depth, tolerance, agree, against)
		}
		for x := range d.w {
			out[y*d.w+x] = opinion{agree[x], against[x]}
		}
	}
	return out
}

// confidence is that of what all judges say of every pixel: 0 to 1.
func confidence(d *refinedDepth, all []judge) []float32 {
	out := make([]float32, d.w*d.h)
	for i, o := range opinions(d, all) {
		out[i] = min(max((o.agree-violation*o.against)/enough, 0), 1)
	}
	return out
}

const (
	matchPx     = .3   // deviation of a match
	leastMotion = 1e-3 // pixels a unit of log depth
)

// Pixels that were completed are kept where trusted ones nearby have fillSupport,
// and agreement, less what sees through, comes to fillAgree keyframes.
const (
	fillSupport = .1
	fillAgree   = 1
)

// judged turns what is known of a keyframe, and what judges said of its completed depth,
// into a depth map; what was not confirmed is dropped, and so are edges.
func (r *refiner) judged(k *keyframe, said []opinion) slam.DepthMap {
	d, n := &k.whole, len(k.conf)
	out := slam.DepthMap{W: d.w, H: d.h, Camera: k.image.Camera, Depth: make([]float32, n), LogStd: make([]float32, n), Sigma: matchStd, Source: "multiview"}
	for i, o := range said {
		c := k.conf[i]
		switch {
		case d.depth[i] == 0:
			continue
		case c >= minConfidence:
		case k.support[i] >= fillSupport && o.agree-violation*o.against >= fillAgree:
			c = 0
		default:
			continue
		}
		if c >= float32(r.cfg.MinConfidence) {
			out.Depth[i], out.LogStd[i] = d.depth[i], d.noise(i, c, float32(k.sigma))
		}
	}
	// What is an edge follows the noise that texture and motion explain: the roughness
	// that the deviation is taken from is that of the edges as well.
	out = fusion.DropEdges(out, r.fuse)
	for i, z := range out.Depth {
		out.LogStd[i] = 0
		if z > 0 {
			out.LogStd[i] = k.wholeStd[i]
		}
	}
	return out
}

// noise is the deviation of log depth that texture, motion and confidence explain;
// beyond that of the prior they say nothing.
func (d *refinedDepth) noise(i int, conf, priorStd float32) float32 {
	agreed := doubtStd * float32(math.Pow(matchStd/doubtStd, float64(conf)))
	matched := matchPx/max(d.motion[i], leastMotion) + d.std[i]
	return min(sqrt32(agreed*agreed+matched*matched), max(priorStd, doubtStd))
}
