package mapping

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/optimize"
)

// zooms are what a run of keyframes says of the lens.
type zooms struct {
	keyframes []int
	zoom      []float64 // of each of them, over the first and what was told of it
	common    float64   // logarithm of the focal length of all of them over that of the map
	sigma     float64   // of common, by the deviation of pixels that the map states
}

// judgeZoom asks whether the lens of a part zooms, and whether its focal length is
// what was told, where nothing but the images holds it.
func (m *Mapper) judgeZoom(ctx context.Context, part int, before calibrated) error {
	var sum, info float64
	for _, run := range m.Map.zoomRuns(part) {
		z, err := m.Map.findZooms(ctx, m.cfg, run, before)
		if err != nil {
			return err
		}
		moved := z.common + stats.Median(slices.Clone(z.zoom))
		sum, info = sum+moved/(z.sigma*z.sigma), info+1/(z.sigma*z.sigma)
		size, least, at := z.step(m.Map)
		m.log.Info("focal length of each keyframe", "part", part, "keyframes", len(run), "largest_step", size, "told_from", least, "frame", m.Map.Keyframes[at].Frame)
		if math.Abs(size) > least {
			m.focalDoubt = math.Max(m.focalDoubt, zoomDoubt*math.Abs(size))
			m.doubtFocal(part, fmt.Sprintf("the lens zooms or breathes: by frame %d the focal length has changed by %.1f %% against what was told, so that lengths before and after it differ; the metres may be off by %.0f %%. Lock zoom and focus, or map the stretches one by one; of a map that is gone on with, give the camera of its images",
				m.Map.Keyframes[at].Frame, 100*math.Expm1(size), 100*m.focalDoubt))
		}
	}
	if info == 0 {
		return nil
	}
	moved, sigma := sum/info, 1/math.Sqrt(info)
	m.log.Info("focal length by the images alone", "part", part, "factor", math.Exp(moved), "log_sigma", sigma)
	if m.focalConfirmed == nil {
		m.focalConfirmed, m.toldConfirmed = map[int]bool{}, map[int]bool{}
	}
	ended := math.Log(m.Map.cameraOf(part).Fx / before.cam.Fx)
	m.focalConfirmed[part] = sigma < confirmedSigma && math.Abs(ended-moved) < freeFocalOff
	m.toldConfirmed[part] = sigma < confirmedSigma && math.Abs(moved) < toldFocalOff
	if size := math.Abs(moved); size > math.Max(freeFocalOff, focalConflictSigmas*before.sigma[0]) && size > freeFocalSigmas*sigma {
		m.contradict(part, before.cam.Focal(), before.cam.Focal()*math.Exp(moved))
	}
	return nil
}

// FocalConfirmed reports whether the images of a part by themselves ask for the focal
// length that its map ended with.
func (m *Mapper) FocalConfirmed(part int) bool { return m.focalConfirmed[part] }

// zoomRuns cuts the keyframes of a part into runs that an adjustment holds.
func (m *Map) zoomRuns(part int) (runs [][]int) {
	var ids []int
	for _, k := range m.Keyframes {
		if k.Part == part && !k.Culled() {
			ids = append(ids, k.ID)
		}
	}
	for first := 0; len(ids)-first >= lensKeyframes; first += zoomRun - zoomOverlap {
		last := min(first+zoomRun, len(ids))
		if run := ids[first:last]; m.oneCamera(run) {
			runs = append(runs, run)
		}
		if last == len(ids) {
			break
		}
	}
	return runs
}

// oneCamera reports whether keyframes have the same camera but for its focal length.
func (m *Map) oneCamera(run []int) bool {
	a := m.Keyframes[run[0]].Camera
	return !slices.ContainsFunc(run, func(id int) bool {
		b := m.Keyframes[id].Camera
		return a.W != b.W || a.H != b.H || math.Hypot(a.Cx-b.Cx, a.Cy-b.Cy) > sameCenter*float64(a.W)
	})
}

// findZooms adjusts a run of keyframes with a focal length for each of them, around
// that of before, and leaves the map as it is.
func (m *Map) findZooms(ctx context.Context, cfg Config, run []int, before calibrated) (z zooms, err error) {
	first := m.Keyframes[run[0]].Camera
	told := func(id int) float64 { return math.Log(m.Keyframes[id].Camera.Fx / first.Fx) }
	b := newBundle(m, cfg, nil, run, 0, cfg.GlobalPriorGain)
	b.most = zoomObservations
	p := optimize.NewProblem()
	vars, ids := make(map[int]*zoomVar, len(run)), make(map[int]optimize.ID, len(run))
	for i, id := range run {
		vars[id] = &zoomVar{poseVar: poseVar{pose: m.Keyframes[id].Pose}, zoom: told(id)}
		ids[id] = p.Add(vars[id])
		if i == 0 {
			p.Fix(ids[id])
			continue
		}
		last := run[i-1]
		p.AddFactor(&zoomStep{vars[last], vars[id], told(id) - told(last)}, geom.Kernel{Kind: geom.Huber, Delta: 1}, ids[last], ids[id])
	}
	before.sigma[0] = zoomFocalSigma
	lens := &lensVar{cam: first}
	lensID := p.Add(lens)
	p.AddFactor(&lensPrior{lens, before}, geom.Kernel{}, lensID)
	all, _ := b.chosen()
	for _, l := range all {
		d := &depthVar{rho: l.InvDepth, ray: l.Ray}
		depthID := p.AddEliminated(d)
		p.AddFactor(&hostReading{depth: d, logDepth: -math.Log(l.InvDepth), weight: zoomGauge}, geom.Kernel{}, depthID)
		for _, o := range l.Obs {
			if vars[o.KF] == nil {
				continue
			}
			k := m.Keyframes[o.KF]
			f := k.Features[o.Index]
			if o.KF != l.Host {
				kernel, weight, _ := b.pixelLoss(k, l, f)
				p.AddFactor(&zoomReprojection{vars[l.Host], vars[o.KF], d, lens, m.hostPixel(l), f.Pixel, weight}, kernel, ids[l.Host], ids[o.KF], depthID, lensID)
			} else if k.measuresMetres() && f.DepthM > 0 { // a network's errors are shared by a keyframe, as a zoom is
				p.AddFactor(&hostReading{depth: d, logDepth: k.logReading(f) + k.LogScale, weight: b.readingWeight(k, f)}, depthKernel, depthID)
			}
		}
	}
	if _, err := optimize.Solve(ctx, p, optimize.Options{MaxIterations: zoomIterations, FunctionTolerance: localTolerance, InitialLambda: globalLambda, Threads: min(cfg.threads, 2)}); err != nil {
		return z, err
	}
	z = zooms{keyframes: run, common: math.Log(lens.cam.Fx / before.cam.Fx), sigma: zoomFocalSigma}
	if cov, err := optimize.MarginalCovariance(p, lensID); err == nil { // else nothing holds it
		z.sigma = math.Sqrt(cov[0])
	}
	for _, id := range run {
		z.zoom = append(z.zoom, vars[id].zoom-told(id))
	}
	return z, nil
}

// step returns the change of the focal length, a logarithm, that stands out most
// against the least that is told there, and the keyframe by which it is complete.
func (z zooms) step(m *Map) (size, least float64, at int) {
	least = math.Inf(1)
	most := 0.
	for i := zoomSide; i+zoomSide <= len(z.keyframes); i++ {
		for _, gap := range [2]int{0, 1} { // keyframes that a slower zoom takes
			from, first, to := i-zoomSide, i+gap, i+gap+zoomSide
			if to > len(z.keyframes) {
				continue
			}
			told := m.zoomTold(z.keyframes[from:i], z.keyframes[first:to])
			d := stats.Median(slices.Clone(z.zoom[first:to])) - stats.Median(slices.Clone(z.zoom[from:i]))
			if math.Abs(d)/told > most {
				most, size, least, at = math.Abs(d)/told, d, told, z.keyframes[first]
			}
		}
	}
	return size, least, at
}

// zoomTold is the least change of the focal length between two groups of keyframes
// that is no wander; infinite where they are blurred or share too little.
func (m *Map) zoomTold(before, after []int) float64 {
	var px float64
	count := func(group []int) map[int]int {
		n := make(map[int]int)
		var noise []float64
		defer func() { px = math.Max(px, stats.Median(noise)) }()
		for _, id := range group {
			k := m.Keyframes[id]
			noise = append(noise, k.NoisePx)
			for _, f := range k.Features {
				if f.Landmark >= 0 {
					n[f.Landmark]++
				}
			}
		}
		return n
	}
	a, b := count(before), count(after)
	shared := 0
	for id, n := range a {
		if n > 1 && b[id] > 1 && m.landmarks.get(id) != nil {
			shared++
		}
	}
	if shared < zoomShared || px > zoomSharpPx {
		return math.Inf(1)
	}
	return zoomLeast
}
