package pipeline

import (
	"context"

	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/rolling"
	"github.com/metricslam/metricslam/slam"
)

// unroller brings the frames of a rolling shutter to the moment of their middle row
// before anybody sees them: images, and the depth that was read with them. The turn
// is seen in the images, from the frame before and to the one after, for which a
// frame is held until the next has come; the translation and the depths are those of
// the map.
type unroller struct {
	readoutS float64
	step     func(context.Context, *slam.Frame) error
	known    mover

	held   *slam.Frame
	thumb  frontend.Thumbnail // of held
	before turnRate           // up to held
	last   turnRate           // up to the frame before
}

// mover is who knows how the camera moves.
type mover interface {
	// motion is the camera's between the last two frames handed on, in the map's unit;
	// ok is false while nobody knows.
	motion() (m rolling.Motion, ok bool)
	// depths enters the depths of the landmarks in sight, in the map's unit.
	depths(d *rolling.Depths)
}

// unrolled is step behind an unroller, and what hands on the frame that is held at
// the end; step itself where all rows are read at once.
func unrolled(readoutS float64, known mover, step func(context.Context, *slam.Frame) error) (take func(context.Context, *slam.Frame) error, end func(context.Context) error) {
	if readoutS == 0 {
		return step, func(context.Context) error { return nil }
	}
	u := &unroller{readoutS: readoutS, step: step, known: known}
	return u.take, u.end
}

func (u *unroller) take(ctx context.Context, f *slam.Frame) error {
	thumb := frontend.NewThumbnail(f.Gray, f.Camera)
	held := u.held
	if held == nil {
		u.held, u.thumb = f, thumb
		return nil
	}
	after := u.rate(f, thumb)
	w := after.w
	switch {
	case u.before.ok && after.ok:
		w = u.before.w.Add(after.w).Scale(.5)
	case u.before.ok:
		w = u.before.w
	}
	out := u.unroll(held, w)
	u.held, u.thumb, u.last, u.before = f, thumb, u.before, after
	return u.step(ctx, out)
}

// end hands on the last frame.
func (u *unroller) end(ctx context.Context) error {
	if u.held == nil {
		return nil
	}
	held := u.held
	u.held = nil
	return u.step(ctx, u.unroll(held, u.before.w))
}

// rate is the turn from the frame that is held to f.
func (u *unroller) rate(f *slam.Frame, thumb frontend.Thumbnail) turnRate {
	dt := f.Time - u.held.Time
	if !(dt > 0 && dt < longestGapS) {
		return turnRate{}
	}
	turn, ok := u.before.turn(u.thumb, thumb, dt)
	return rateOf(turn, ok, dt)
}

// unroll returns the frame at one moment. What was read stays as it was.
func (u *unroller) unroll(f *slam.Frame, w geom.Vec3) *slam.Frame {
	m := rolling.Motion{W: w}
	d := rolling.NewDepths(f.Camera.W, f.Camera.H)
	if was, ok := u.known.motion(); ok && u.last.ok {
		// The turn seen in small images takes up what they move by the translation:
		// by how much, the frame before tells, whose turn is known without it.
		m.V, m.W = was.V, w.Sub(u.last.w.Sub(was.W))
		u.known.depths(d)
	}
	warp := rolling.New(f.Camera, u.readoutS, m, d.At)
	out := *f
	out.Gray = warp.Gray(f.Gray)
	if !f.Color.Empty() {
		out.Color = warp.RGB(f.Color)
	}
	if read := f.SensorDepth; read != nil {
		out.SensorDepth = func() (slam.DepthMap, error) {
			depth, err := read()
			if err != nil || depth.Empty() {
				return depth, err
			}
			return warp.Depth(depth), nil
		}
	}
	return &out
}

// motion is that up to the last frame that was posed.
func (t *tracker) motion() (m rolling.Motion, ok bool) {
	if t.state != slam.Tracking {
		return m, false
	}
	return t.pose.Motion()
}

// depths enters the landmarks followed in the last frame.
func (t *tracker) depths(d *rolling.Depths) {
	last := t.pose.Last()
	for _, k := range t.keypoint.Tracks() {
		if p, ok := t.point(k.ID); ok {
			d.Add(k.Pixel, last.ApplyInverse(p.Position).Z)
		}
	}
}

var _ mover = (*tracker)(nil)
