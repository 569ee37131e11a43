package mapping

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/optimize"
)

// globalBundle adjusts all keyframes and landmarks of a part; its first keyframe
// stays. Depth readings count priorGain times their local weight: where many
// views fix the shape, a network's depth is only there for the scale. The camera is
// an unknown, too, where before says what it was.
func (m *Map) globalBundle(ctx context.Context, cfg Config, part int, priorGain, meanScale float64, iterations int, before *calibrated) (optimize.Summary, error) {
	origin := m.origin(part)
	var moving []int
	for _, k := range m.Keyframes {
		if k.Part == part && k.ID != origin && !k.Culled() {
			moving = append(moving, k.ID)
		}
	}
	if len(moving) == 0 {
		return optimize.Summary{}, nil
	}
	cfg.Iterations = iterations
	b := newBundle(m, cfg, moving, []int{origin}, meanScale, priorGain)
	b.lambda, b.most = globalLambda, cfg.GlobalObservations
	if before != nil {
		b.addLens(*before)
	}
	b.addLandmarks()
	b.addSteps()
	b.addTethers()
	if len(b.depths) == 0 {
		return optimize.Summary{}, nil
	}
	sum, err := b.solve(ctx)
	m.moved++
	m.allMoved = true
	if err != nil {
		return sum, err
	}
	return sum, b.settleLeft(ctx)
}

// Finish brings a part to its final state: global bundle adjustment with the
// camera as an unknown, features measured again in between, then metres by all
// sources of scale. It returns what is known of the metres. Where ctx ends, the
// adjustment is left out or cut short.
func (m *Mapper) Finish(ctx context.Context, part int) (metric.Estimate, error) {
	calibrated := m.calibrated(part)
	m.focalDoubt = 0
	for round := range 2 {
		if err := m.adjustRound(ctx, part, round, calibrated); err != nil && ctx.Err() == nil {
			return metric.Estimate{}, err
		}
	}
	m.loops.dropStale(part)
	if calibrated != nil {
		if err := m.judgeZoom(ctx, part, *calibrated); err != nil && ctx.Err() == nil {
			return metric.Estimate{}, err
		}
		m.judgeCamera(part, *calibrated)
	}
	m.measureShape(part)
	var err error
	if m.Metric, err = m.metricOf(part); err != nil {
		return metric.Estimate{}, err
	}
	m.bringToMetres(part)
	m.Map.moveChildren()
	for _, text := range m.Metric.Conflicts() {
		m.log.Warn(text, "part", part)
	}
	return m.Metric, nil
}

// adjustRound adjusts a part as a whole; features are measured again behind the
// first round.
func (m *Mapper) adjustRound(ctx context.Context, part, round int, lens *calibrated) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.Scale.update(m.Map, part)
	before := m.Map.hostedDepths(part)
	if err := m.Map.images.Spare(); err != nil {
		return err
	}
	if _, err := m.Map.globalBundle(ctx, m.cfg, part, m.cfg.GlobalPriorGain, m.Scale.Log, 2*m.cfg.Iterations, lens); err != nil {
		return err
	}
	m.Map.stretchUnits(part, before)
	m.realign(part)
	if round > 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	if err := m.rematchAll(part); err != nil {
		return err
	}
	if err := m.Map.registerAll(part); err != nil {
		return err
	}
	return m.measureAgain(part)
}

// realign finds the scales of a part's depth maps anew from the adjusted
// landmarks: in the last adjustment the readings weigh too little to do so.
func (m *Mapper) realign(part int) {
	for range 2 { // the mean that they are drawn to moves along
		m.Scale.update(m.Map, part)
		for _, k := range m.Map.Keyframes {
			if k.Part == part && k.Depth.ScaleSigma > 0 {
				k.LogScale = m.Map.alignScale(k, m.Scale.Log, m.cfg.ScaleTieSigma)
			}
		}
	}
}

// cameraOf returns the camera of a part's first keyframe, nil where it has none.
func (m *Map) cameraOf(part int) *geom.Camera {
	id := m.origin(part)
	if id < 0 {
		return nil
	}
	cam := m.Keyframes[id].Camera
	return &cam
}

// FocalConflicts says of the parts whose images contradict the camera that was told
// in what they do.
func (m *Mapper) FocalConflicts() map[int]string { return m.focalConflicts }

// judgeCamera says how the camera of a part was adjusted. Where the images pull it
// further than can be true at its deviations, the focal length that was told is
// wrong by an amount that nobody knows, for they pull against what was told. Not so
// where they ask for what was told once nothing holds them: then poses, depths and
// heights pull, and by 1 % either way on kitti_small.
func (m *Mapper) judgeCamera(part int, before calibrated) {
	c := m.Map.cameraOf(part)
	if c == nil || *c == before.cam {
		return
	}
	factor := c.Focal() / before.cam.Focal()
	m.log.Info("camera adjusted", "part", part, "focal_factor", factor,
		"cx_px", c.Cx-before.cam.Cx, "cy_px", c.Cy-before.cam.Cy, "u1", c.U1, "u2", c.U2)
	moved := math.Abs(math.Log(factor))
	if m.toldConfirmed[part] || moved <= focalConflictSigmas*math.Hypot(before.sigma[0], focalSystematic) {
		return
	}
	m.contradict(part, before.cam.Focal(), c.Focal())
}

// contradict notes that images contradict the focal length that was told.
func (m *Mapper) contradict(part int, told, found float64) {
	m.focalDoubt = max(m.focalDoubt, focalDoubtLeast, math.Abs(math.Log(found/told)))
	m.doubtFocal(part, fmt.Sprintf("the images contradict the camera that was told: they pull its focal length of %.0f pixels to %.0f, against what holds it. The calibration is of another camera, size or zoom, the lens zooms or breathes, or the rows of an image are read at different times (--rolling-shutter); the metres may be off by %.0f %%",
		told, found, 100*m.focalDoubt))
}

// doubtFocal keeps the first reason for which the focal length of a part is in doubt.
func (m *Mapper) doubtFocal(part int, text string) {
	m.log.Warn(text, "part", part)
	if m.focalConflicts == nil {
		m.focalConflicts = map[int]string{}
	}
	if m.focalConflicts[part] == "" {
		m.focalConflicts[part] = text
	}
}
