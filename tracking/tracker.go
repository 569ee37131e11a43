package tracking

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/rolling"
	"github.com/metricslam/metricslam/slam"
)

// Config says when a pose is believed.
type Config struct {
	PixelSigma  float64 `yaml:"pixel_sigma"`  // of a KLT measurement in a sharp image, pixels
	MinInliers  int     `yaml:"min_inliers"`  // fewer cannot vouch for a pose
	InlierShare float64 `yaml:"inlier_share"` // of the landmarks followed, below which the prediction is not trusted
	LostFrames  int     `yaml:"lost_frames"`  // frames without a pose before a new part is started
}

// Default returns the settings for handheld cameras and cars alike.
func Default() Config {
	return Config{PixelSigma: 1, MinInliers: 25, InlierShare: .6, LostFrames: 5}
}

// Validate names the first field that makes no sense.
func (c Config) Validate() error {
	switch {
	case c.PixelSigma <= 0:
		return fmt.Errorf("tracking.pixel_sigma is %g; it must be positive", c.PixelSigma)
	case c.MinInliers < 6:
		return fmt.Errorf("tracking.min_inliers is %d; fewer than 6 cannot vouch for a pose", c.MinInliers)
	case c.InlierShare <= 0 || c.InlierShare > 1:
		return fmt.Errorf("tracking.inlier_share is %g; it must lie in (0, 1]", c.InlierShare)
	case c.LostFrames < 1:
		return fmt.Errorf("tracking.lost_frames is %d; it must be positive", c.LostFrames)
	}
	return nil
}

// Estimate is what the tracker found for a frame.
type Estimate struct {
	Pose     geom.SE3 // T_wc; the prediction where OK is false
	OK       bool
	Model    Model // what the pose rests on
	Inliers  []int // track ids that vouch for the pose
	Outliers map[int]bool
	RMSPx    float64 // of the inliers' reprojection errors
}

// Tracker predicts and estimates poses of consecutive frames.
type Tracker struct {
	cfg      Config
	seed     uint64
	last     geom.SE3 // T_wc of the last posed frame
	lastTime float64
	motion   geom.Tangent6 // per second, in the body frame of the last frame
	moving   bool          // motion is known
	noisePx  float64       // deviation of the last frame's pixels

	ids    []int
	rays   []geom.Vec2
	points []geom.Vec3
	info   []geom.Info2 // of the rays, with what the landmark's depth leaves open
	along  []geom.Vec2  // how a ray moves where the log depth of its landmark changes by 1
	logStd []float64    // of the landmarks
	widths []float64    // deviations of the rays along their epipolar lines, by the parallax
	pixel  float64      // information of a ray alone
	weak   bool         // most depths say less than the epipolar lines
}

// New returns a tracker that knows no pose; seed drives RANSAC.
func New(cfg Config, seed uint64) *Tracker {
	return &Tracker{cfg: cfg, seed: seed, noisePx: cfg.PixelSigma}
}

// Reset sets the pose at a time and forgets the motion.
func (t *Tracker) Reset(time float64, pose geom.SE3) {
	t.last, t.lastTime, t.moving, t.noisePx = pose, time, false, t.cfg.PixelSigma
}

// Predict returns the pose to expect at a time: constant velocity, with the
// rotation replaced by the one seen in the images (R_ba from the last frame's
// rays to this one's) where there is one.
func (t *Tracker) Predict(time float64, seen geom.Mat3, ok bool) geom.SE3 {
	pose := t.last
	if t.moving {
		xi := t.motion
		for i := range xi {
			xi[i] *= time - t.lastTime
		}
		pose = t.last.Retract(xi)
	}
	if ok {
		pose.R = t.last.R.Mul(seen.T())
	}
	return pose
}

// Locate estimates the pose of a frame from its tracks, starting at guess.
func (t *Tracker) Locate(time float64, cam geom.Camera, guess geom.SE3, tracks []slam.Track, point func(id int) (slam.Point, bool)) Estimate {
	t.gather(cam, guess, tracks, point)
	est := Estimate{Pose: guess}
	if len(t.ids) < t.cfg.MinInliers {
		return est
	}
	cw, inliers := t.refine(guess.Inverse())
	if float64(len(inliers)) < t.cfg.InlierShare*float64(len(t.ids)) {
		if alt, more, ok := t.ransac(); ok && len(more) > len(inliers) {
			cw, inliers = alt, more
		}
	}
	if t.weak {
		est.Model = Epipolar
	} else if free, in, ok := t.freeDepths(cw, guess.Inverse()); ok {
		cw, inliers, est.Model = free, in, Epipolar
	}
	if len(inliers) < t.cfg.MinInliers || !cw.IsFinite() {
		return Estimate{Pose: guess}
	}
	est.OK, est.Pose = true, cw.Inverse()
	est.Inliers, est.Outliers = make([]int, 0, len(inliers)), make(map[int]bool)
	for _, id := range t.ids {
		est.Outliers[id] = true
	}
	var sum float64
	for _, i := range inliers {
		est.Inliers = append(est.Inliers, t.ids[i])
		delete(est.Outliers, t.ids[i])
		sum += t.residual(cw, i).Norm2()
	}
	est.RMSPx = math.Sqrt(sum/float64(2*len(inliers))) * cam.Focal()
	t.measureNoise(cw, cam.Focal())
	t.advance(time, est.Pose)
	return est
}

// Accept takes a pose that was measured otherwise: tracks far from where it puts
// their landmarks are outliers.
func (t *Tracker) Accept(time float64, cam geom.Camera, pose geom.SE3, tracks []slam.Track, point func(id int) (slam.Point, bool)) Estimate {
	t.gather(cam, pose, tracks, point)
	est := Estimate{OK: true, Pose: pose, Outliers: make(map[int]bool)}
	cw := pose.Inverse()
	for i, id := range t.ids {
		if t.squared(cw, i) < acceptGate {
			est.Inliers = append(est.Inliers, id)
		} else {
			est.Outliers[id] = true
		}
	}
	t.measureNoise(cw, cam.Focal())
	t.advance(time, pose)
	return est
}

// gather collects the tracks that have a landmark. Where the depth of a landmark
// is uncertain, its ray is uncertain along the epipolar line of its host, the more
// so the more the camera has moved.
func (t *Tracker) gather(cam geom.Camera, guess geom.SE3, tracks []slam.Track, point func(id int) (slam.Point, bool)) {
	t.ids, t.rays, t.points, t.along = t.ids[:0], t.rays[:0], t.points[:0], t.along[:0]
	t.widths, t.logStd = t.widths[:0], t.logStd[:0]
	t.pixel = t.pixelInfo(cam.Focal())
	cw := guess.Inverse()
	for _, tr := range tracks {
		p, ok := point(tr.ID)
		if !ok {
			continue
		}
		t.ids = append(t.ids, tr.ID)
		t.rays = append(t.rays, cam.Ray(tr.Pixel).XY())
		t.points = append(t.points, p.Position)
		t.along = append(t.along, alongEpipolar(cw, p))
		t.logStd = append(t.logStd, p.LogStd)
		t.widths = append(t.widths, parallax(guess.T, p)*p.LogStd)
	}
	t.weigh()
}

// parallax is the angle at a landmark between its host and the camera at c, in
// radians while it is small.
func parallax(c geom.Vec3, p slam.Point) float64 {
	sight := p.Position.Sub(p.Host)
	z := math.Max(sight.Norm(), .05)
	return c.Sub(p.Host).Cross(sight.Scale(1/z)).Norm() / z
}

// alongEpipolar is the derivative of a landmark's ray by the logarithm of its
// distance from the host: a vector along the epipolar line.
func alongEpipolar(cw geom.SE3, p slam.Point) geom.Vec2 {
	c := cw.Apply(p.Position)
	if c.Z < .05 {
		return geom.Vec2{}
	}
	d := cw.R.MulVec(p.Position.Sub(p.Host))
	return geom.Vec2{X: (d.X - c.X/c.Z*d.Z) / c.Z, Y: (d.Y - c.Y/c.Z*d.Z) / c.Z}
}

// gate is 95 % of chi-square with two degrees of freedom, widened for the
// corners that KLT holds badly.
const gate = 2 * 5.99

// acceptGate is the same for a pose from small images: 5 pixels.
const acceptGate = 25

var poseKernel = geom.Kernel{Kind: geom.Cauchy, Delta: 2}

// refine runs LM from cw on all points, and again on the inliers.
func (t *Tracker) refine(cw geom.SE3) (geom.SE3, []int) {
	cw, _ = geom.RefinePnP(cw, t.rays, t.points, t.info, poseKernel, 10)
	return cw, t.inliersOf(cw)
}

func (t *Tracker) ransac() (geom.SE3, []int, bool) {
	opt := geom.PnPOptions{Info: t.info}
	opt.Seed, opt.Threshold, opt.MinInliers = t.seed, gate, t.cfg.MinInliers
	cw, _, ok := geom.PnP(t.rays, t.points, opt)
	if !ok {
		return cw, nil, false
	}
	cw, in := t.refine(cw)
	return cw, in, true
}

func (t *Tracker) inliersOf(cw geom.SE3) []int {
	var in []int
	for i := range t.ids {
		if t.squared(cw, i) < gate {
			in = append(in, i)
		}
	}
	return in
}

// squared is the whitened squared reprojection error of point i.
func (t *Tracker) squared(cw geom.SE3, i int) float64 { return t.info[i].Quad(t.residual(cw, i)) }

// behind is the reprojection error of a point behind the camera, on the z = 1
// plane: beyond every gate, and finite, so that sums of squares stay numbers.
const behind = 1e3

// residual is the reprojection error of point i on the z = 1 plane.
func (t *Tracker) residual(cw geom.SE3, i int) geom.Vec2 {
	p := cw.Apply(t.points[i])
	if p.Z < .01 {
		return geom.Vec2{X: behind}
	}
	return p.XY().Sub(t.rays[i])
}

func (t *Tracker) advance(time float64, pose geom.SE3) {
	if dt := time - t.lastTime; dt > 0 {
		xi := geom.LogSE3(t.last.Between(pose))
		for i := range xi {
			t.motion[i] = xi[i] / dt
		}
		t.moving = true
	}
	t.last, t.lastTime = pose, time
}

// LastTime returns the stamp of the last posed frame.
func (t *Tracker) LastTime() float64 { return t.lastTime }

// Last returns the pose of the last posed frame.
func (t *Tracker) Last() geom.SE3 { return t.last }

// Motion returns how the camera moved between the last two posed frames; ok is false
// while it is not known.
func (t *Tracker) Motion() (m rolling.Motion, ok bool) {
	x := t.motion
	return rolling.Motion{V: geom.Vec3{X: x[0], Y: x[1], Z: x[2]}, W: geom.Vec3{X: x[3], Y: x[4], Z: x[5]}}, t.moving
}

// Rebase follows a correction of the map: the keyframe that was at from is now
// at to, and a length of before is scale lengths of now.
func (t *Tracker) Rebase(from, to geom.SE3, scale float64) {
	rel := from.Between(t.last)
	rel.T = rel.T.Scale(scale)
	t.last = to.Mul(rel)
	for i := range 3 { // the translation of the motion
		t.motion[i] *= scale
	}
}
