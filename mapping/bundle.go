package mapping

import (
	"context"
	"maps"
	"math"
	"slices"
	"sort"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// bundle is one bundle adjustment problem over a part of the map: the keyframes
// in moving are optimised, those in fixed hold them, and so are the landmarks
// that at least two of them see.
type bundle struct {
	m         *Map
	cfg       Config
	meanScale float64 // log-scale of the depth source

	p              *optimize.Problem
	poses          map[int]*poseVar
	poseIDs        map[int]optimize.ID
	scales         map[int]*scaleVar
	scaleIDs       map[int]optimize.ID
	lens           *lensVar // nil: the camera is as it is
	lensID         optimize.ID
	depths         []bundleDepth
	factors        []bundleFactor
	moving         []int
	registeredLoss geom.Kernel  // of registered features
	sharp          bool         // whether these err so little that others stand out
	registered     map[int]bool // keyframes that found features hold by themselves, of those asked for
	priorGain      float64      // scales the weight of depth readings; 1 in the local window
	lambda         float64      // damping to begin with; 0 for the solver's own
	most           int          // observations that are taken; 0: all
	left           []*Landmark  // landmarks that were left out for it
}

type bundleDepth struct {
	l  *Landmark
	v  *depthVar
	id optimize.ID
}

type bundleFactor struct {
	id    optimize.FactorID
	depth bool
	l     *Landmark
	o     Observation
	gate  float64 // chi-square of an outlier
}

func newBundle(m *Map, cfg Config, moving, fixed []int, meanScale, priorGain float64) *bundle {
	b := &bundle{
		m: m, cfg: cfg, meanScale: meanScale, p: optimize.NewProblem(), moving: moving, priorGain: priorGain,
		poses: make(map[int]*poseVar), poseIDs: make(map[int]optimize.ID),
		registered: make(map[int]bool), scales: make(map[int]*scaleVar), scaleIDs: make(map[int]optimize.ID),
	}
	for _, id := range moving {
		b.addPose(id)
	}
	for _, id := range fixed {
		b.addPose(id)
		b.p.Fix(b.poseIDs[id])
		if s, ok := b.scaleIDs[id]; ok {
			b.p.Fix(s)
		}
	}
	return b
}

func (b *bundle) addPose(id int) {
	k := b.m.Keyframes[id]
	v := &poseVar{pose: k.Pose}
	b.poses[id], b.poseIDs[id] = v, b.p.Add(v)
	if k.Depth.ScaleSigma > 0 {
		s := &scaleVar{s: k.LogScale}
		b.scales[id], b.scaleIDs[id] = s, b.p.Add(s)
		b.p.AddFactor(&scaleTie{s, b.meanScale, max(b.priorGain, scaleTieMinGain) / b.cfg.ScaleTieSigma}, geom.Kernel{Kind: geom.Huber, Delta: scaleTieHuber}, b.scaleIDs[id])
	}
}

// ids lists the keyframes of the problem.
func (b *bundle) ids() []int { return slices.Sorted(maps.Keys(b.poses)) }

// addLandmarks enters every known landmark that two or more of the problem's
// keyframes see, its observations and the depth readings at them, or as many as
// the problem may hold.
func (b *bundle) addLandmarks() {
	all, n := b.chosen()
	b.add(all, n)
}

// chosen lists these landmarks, and counts their observations.
func (b *bundle) chosen() (all []*Landmark, n int) {
	ids, seen := b.landmarkIDs()
	for _, id := range ids {
		l := b.m.landmarks.get(id)
		if _, ok := b.poses[l.Host]; ok {
			all = append(all, l)
			n += seen[id]
		}
	}
	b.registeredLoss, b.sharp = b.registeredKernel(all)
	if b.most > 0 && n > b.most {
		all, b.left, n = b.choose(all, seen)
	}
	return all, n
}

// add enters landmarks with so many observations.
func (b *bundle) add(all []*Landmark, observations int) {
	n := 2 * observations // a pixel and a reading each
	b.factors = slices.Grow(b.factors, n)
	b.p.Grow(n)
	for _, l := range all {
		b.addLandmark(l)
	}
}

// landmarkIDs lists the known landmarks with two observations in the problem, and
// counts these.
func (b *bundle) landmarkIDs() (ids []int, count map[int]int) {
	count = make(map[int]int)
	for kf := range b.poses {
		for _, f := range b.m.Keyframes[kf].Features {
			if f.Landmark >= 0 {
				count[f.Landmark]++
			}
		}
	}
	ids = make([]int, 0, len(count))
	for id, n := range count {
		if n >= 2 && b.m.landmarks.get(id).Known() {
			ids = append(ids, id)
		}
	}
	sort.Ints(ids)
	return ids, count
}

func (b *bundle) addLandmark(l *Landmark) {
	d := bundleDepth{l: l, v: &depthVar{rho: l.InvDepth, ray: l.Ray}}
	d.id = b.p.AddEliminated(d.v)
	b.depths = append(b.depths, d)
	for _, o := range l.Obs {
		if _, ok := b.poses[o.KF]; !ok {
			continue
		}
		k := b.m.Keyframes[o.KF]
		f := k.Features[o.Index]
		if o.KF == l.Host {
			b.addHostReading(d, k, f, o)
			continue
		}
		ob := observed{b.poses[l.Host], b.poses[o.KF], d.v}
		b.addReprojection(ob, d, k, f, o)
		b.addReading(ob, d, k, f, o, l.Host)
	}
}

func (b *bundle) addReprojection(ob observed, d bundleDepth, k *Keyframe, f Feature, o Observation) {
	kernel, weight, trust := b.pixelLoss(k, d.l, f)
	ids := []optimize.ID{b.poseIDs[d.l.Host], b.poseIDs[o.KF], d.id}
	var r optimize.Factor = &reprojection{ob, &k.Camera, f.Pixel, weight}
	if b.lens != nil {
		r = &lensReprojection{ob.host, ob.at, ob.depth, b.lens, b.m.hostPixel(d.l), f.Pixel, weight}
		ids = append(ids, b.lensID)
	}
	b.factors = append(b.factors, bundleFactor{id: b.p.AddFactor(r, kernel, ids...), l: d.l, o: o, gate: chi2Pixel * trust * trust})
}

// pixelLoss is how much the pixel of a landmark in keyframe k counts, and its loss.
func (b *bundle) pixelLoss(k *Keyframe, l *Landmark, f Feature) (kernel geom.Kernel, weight, trust float64) {
	trust = b.trust(k, f)
	kernel = geom.Kernel{Kind: geom.Huber, Delta: math.Sqrt(chi2Pixel) * trust}
	if f.Registered {
		kernel = b.registeredLoss
	}
	return kernel, b.m.pixelWeight(k, l, b.cfg) * trust, trust
}

func (b *bundle) addHostReading(d bundleDepth, k *Keyframe, f Feature, o Observation) {
	if f.DepthM <= 0 || b.priorGain == 0 {
		return
	}
	r := &hostReading{depth: d.v, scale: b.scales[k.ID], logDepth: k.logReading(f), weight: b.readingWeight(k, f)}
	ids := []optimize.ID{d.id}
	if r.scale != nil {
		ids = append(ids, b.scaleIDs[k.ID])
	}
	fid := b.p.AddFactor(r, depthKernel, ids...)
	b.factors = append(b.factors, bundleFactor{id: fid, l: d.l, o: o, depth: true, gate: chi2Depth})
}

func (b *bundle) addReading(ob observed, d bundleDepth, k *Keyframe, f Feature, o Observation, host int) {
	if f.DepthM <= 0 || b.priorGain == 0 {
		return
	}
	r := &depthReading{observed: ob, scale: b.scales[k.ID], logDepth: k.logReading(f), weight: b.readingWeight(k, f)}
	ids := []optimize.ID{b.poseIDs[host], b.poseIDs[k.ID], d.id}
	if r.scale != nil {
		ids = append(ids, b.scaleIDs[k.ID])
	}
	fid := b.p.AddFactor(r, depthKernel, ids...)
	b.factors = append(b.factors, bundleFactor{id: fid, l: d.l, o: o, depth: true, gate: chi2Depth})
}

// readingWeight is 1/sigma of a depth reading. A network's errors are shared by
// neighbouring pixels and frames, so that they count less than independent ones.
func (b *bundle) readingWeight(k *Keyframe, f Feature) float64 {
	sigma := f.LogStd
	if k.Depth.ScaleSigma > 0 {
		sigma *= b.cfg.PriorInflate
	}
	gain := b.priorGain
	if k.Depth.ScaleSigma == 0 && gain < 1 {
		gain = globalSensorGain
	}
	return gain / math.Max(sigma, minReadingStd) * b.cfg.PixelSigma / b.cfg.pixelSigma(k)
}

// solve runs two rounds and takes what is an outlier after the first out of the
// second. It writes the result into the map and forgets those observations.
func (b *bundle) solve(ctx context.Context) (optimize.Summary, error) {
	opt := optimize.Options{MaxIterations: b.cfg.Iterations, FunctionTolerance: localTolerance, InitialLambda: b.lambda, Threads: min(b.cfg.threads, 2)}
	if _, err := optimize.Solve(ctx, b.p, opt); err != nil {
		return optimize.Summary{}, err
	}
	for _, f := range b.factors {
		if b.p.FactorChi2(f.id) > 4*f.gate {
			b.p.Disable(f.id)
		}
	}
	sum, err := optimize.Solve(ctx, b.p, opt)
	if err != nil {
		return sum, err
	}
	if err := b.write(); err != nil {
		return sum, err
	}
	b.forgetOutliers()
	return sum, nil
}

func (b *bundle) write() error {
	for _, id := range b.moving {
		b.m.movePose(b.m.Keyframes[id], b.poses[id].pose)
	}
	for id, s := range b.scales {
		b.m.Keyframes[id].LogScale = s.s
	}
	for _, d := range b.depths {
		d.l.InvDepth = d.v.rho
	}
	if err := b.writeLens(); err != nil {
		return err
	}
	b.updateDeviations()
	return nil
}

// updateDeviations sets each landmark's log-depth deviation from the curvature
// of its own residuals at fixed poses.
func (b *bundle) updateDeviations() {
	for _, d := range b.depths {
		b.m.updateDeviation(d.l, b.cfg)
	}
}

// forgetOutliers removes observations that do not fit the solution.
func (b *bundle) forgetOutliers() {
	for _, f := range b.factors {
		chi2 := b.p.FactorChi2(f.id)
		if f.depth {
			if chi2 > 4*f.gate && b.priorGain == 1 {
				b.m.Keyframes[f.o.KF].Features[f.o.Index].DepthM = 0
			}
			continue
		}
		if chi2 > 2*f.gate || math.IsInf(chi2, 1) {
			b.m.forgetObservation(f.l, f.o)
		}
	}
}

// localBundle adjusts the keyframes around keyframe id: those that share most
// with it move, the next ones hold.
func (m *Map) localBundle(ctx context.Context, cfg Config, id int, meanScale float64) (optimize.Summary, error) {
	moving, fixed := m.window(cfg, id)
	b := newBundle(m, cfg, moving, fixed, meanScale, 1)
	b.addLandmarks()
	b.addSteps()
	b.addTethers()
	if len(b.depths) == 0 {
		return optimize.Summary{}, nil
	}
	return b.solve(ctx)
}

// window chooses the moving and the fixed keyframes of a local adjustment. The
// first keyframe of a part never moves: it is the origin.
func (m *Map) window(cfg Config, id int) (moving, fixed []int) {
	part := m.Keyframes[id].Part
	origin := m.origin(part)
	moving = append(moving, id)
	if id == origin {
		return nil, moving
	}
	seen := map[int]bool{id: true}
	for _, kf := range m.covisible(id, windowShared) {
		if m.Keyframes[kf].Part == part && kf != origin && len(moving) < cfg.Window {
			moving = append(moving, kf)
			seen[kf] = true
		}
	}
	var ids []int
	for _, kf := range moving {
		ids = append(ids, m.Keyframes[kf].landmarksOf()...)
	}
	sort.Ints(ids)
	if t := m.Keyframes[id].Tether; t != nil && !seen[t.From] && m.Keyframes[t.From].Part == part {
		fixed = append(fixed, t.From)
		seen[t.From] = true
	}
	for _, c := range m.shared(compact(ids), -1) {
		if !seen[c.kf] && m.Keyframes[c.kf].Part == part && len(fixed) < cfg.FixedWindow {
			fixed = append(fixed, c.kf)
		}
	}
	if len(fixed) == 0 && len(moving) > 1 { // the oldest holds the gauge
		sort.Ints(moving)
		fixed, moving = moving[:1], moving[1:]
	}
	return moving, fixed
}

// origin returns the first keyframe of a part, -1 where it has none.
func (m *Map) origin(part int) int {
	if id, ok := m.origins[part]; ok {
		return id
	}
	for _, k := range m.Keyframes {
		if k.Part == part {
			if m.origins == nil {
				m.origins = make(map[int]int)
			}
			m.origins[part] = k.ID
			return k.ID
		}
	}
	return -1
}

// compact removes repetitions from a sorted list.
func compact(ids []int) []int {
	out := ids[:0]
	for i, id := range ids {
		if i == 0 || id != ids[i-1] {
			out = append(out, id)
		}
	}
	return out
}
