package pipeline

import (
	"context"
	"sync"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// prepared is what the images alone say of a frame: it needs no map, so that it is
// made beside the tracking of the frames before.
type prepared struct {
	image  *frontend.Image
	turn   geom.Mat3 // rays of the frame before to rays of this one
	turned bool      // turn is known
}

// preparer prepares frame after frame.
type preparer struct {
	thumb frontend.Thumbnail // of the last frame
	time  float64
	rate  turnRate // up to it
}

func (p *preparer) next(f *slam.Frame) (*prepared, error) {
	image, err := frontend.NewImage(f.Gray)
	if err != nil {
		return nil, err
	}
	thumb := frontend.NewThumbnail(f.Gray, f.Camera)
	dt := f.Time - p.time
	out := &prepared{image: image}
	out.turn, out.turned = p.rate.turn(p.thumb, thumb, dt)
	p.thumb, p.time, p.rate = thumb, f.Time, rateOf(out.turn, out.turned, dt)
	return out, nil
}

// turnRate is a rotation per second in the camera's axes.
type turnRate struct {
	w  geom.Vec3
	ok bool
}

// longestGapS is the time between two frames beyond which their turn says nothing
// of that within one or of the next.
const longestGapS = .3

// turn is the rotation of rays of image a to those of image b, dt seconds later, as
// both show it. It is looked for from the turn up to a.
func (r turnRate) turn(a, b frontend.Thumbnail, dt float64) (geom.Mat3, bool) {
	guess := geom.Identity3()
	if r.ok && dt > 0 && dt < longestGapS {
		guess = geom.ExpSO3(r.w.Scale(-dt))
	}
	return frontend.Rotation(a, b, guess)
}

// rateOf is that of a rotation of rays in dt seconds.
func rateOf(turn geom.Mat3, ok bool, dt float64) turnRate {
	if !(dt > 0 && dt < longestGapS) {
		return turnRate{}
	}
	return turnRate{geom.LogSO3(turn.T()).Scale(1 / dt), ok}
}

// ahead checks frames as they are read, and prepares them.
type ahead struct {
	datasets.Source
	preparer *preparer // nil: frames are only checked

	mu    sync.Mutex
	ready map[*slam.Frame]*prepared
}

// Next passes frames over that show nothing.
func (a *ahead) Next(ctx context.Context) (*slam.Frame, error) {
	f, err := a.Source.Next(ctx)
	if err != nil {
		return f, err
	}
	if err := blank(f.Gray); err != nil {
		return nil, &datasets.SkipError{Index: f.Index, File: f.Name, Err: err}
	}
	if a.preparer == nil {
		return f, nil
	}
	p, err := a.preparer.next(f)
	if err != nil {
		return f, nil // whoever takes the frame is told
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ready == nil {
		a.ready = make(map[*slam.Frame]*prepared)
	}
	a.ready[f] = p
	return f, nil
}

// take gives away what was prepared of a frame, nil where nothing was.
func (a *ahead) take(f *slam.Frame) *prepared {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.ready[f]
	delete(a.ready, f)
	return p
}

// Close frees what nobody took.
func (a *ahead) Close() error {
	for _, p := range a.ready {
		p.image.Close()
	}
	return a.Source.Close()
}
