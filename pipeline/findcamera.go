package pipeline

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/metricslam/metricslam/calibration/selfcal"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Frames is what FindCamera reads: a source of frames.
type Frames interface {
	Info() slam.SourceInfo
	Next(context.Context) (*slam.Frame, error)
}

// FoundCamera is what FindCamera found.
type FoundCamera = selfcal.Result

const (
	findFrames = 900 // of a sequence that are looked at: half a minute
	viewShare  = .04 // of the image's width that keypoints move between two views
	viewKept   = .6  // share of the keypoints still followed, below which a view is made
	viewFrames = 30  // between two views of a camera that turns on the spot or stands
)

// FindCamera finds focal length and radial distortion from the images of a source
// alone; their camera counts for nothing but to predict where keypoints go.
func FindCamera(ctx context.Context, src Frames, cfg Config) (FoundCamera, error) {
	c := collector{tracker: frontend.New(cfg.Frontend), turn: geom.Identity3()}
	defer c.tracker.Close()
	cam := src.Info().Camera
	for n := 0; n < findFrames; {
		f, err := src.Next(ctx)
		var skip *slam.SkipError
		switch {
		case errors.Is(err, io.EOF):
			return selfcal.Find(ctx, c.views, cam.W, cam.H, cfg.Seed)
		case errors.As(err, &skip):
			continue
		case err != nil:
			return FoundCamera{}, err
		}
		if err := c.add(f); err != nil {
			return FoundCamera{}, err
		}
		n++
	}
	return selfcal.Find(ctx, c.views, cam.W, cam.H, cfg.Seed)
}

// collector follows keypoints and keeps views.
type collector struct {
	tracker *frontend.Tracker
	thumb   frontend.Thumbnail
	turn    geom.Mat3 // since the last view
	step    geom.Mat3 // of the last frame
	views   []selfcal.View
	last    int // frame of the last view
}

func (c *collector) add(f *slam.Frame) error {
	thumb := frontend.NewThumbnail(f.Gray, f.Camera)
	r := geom.Identity3()
	if len(c.views) > 0 {
		r, _ = frontend.Rotation(c.thumb, thumb, c.step)
	}
	c.thumb, c.step = thumb, r
	c.turn = r.Mul(c.turn)
	err := c.tracker.Track(f.Gray, func(t slam.Track) geom.Vec2 {
		if p := r.MulVec(f.Camera.Ray(t.Pixel)); p.Z > minAheadM {
			return f.Camera.Project(p)
		}
		return t.Pixel
	})
	if err != nil {
		return err
	}
	if len(c.views) > 0 && !c.moved(f) {
		return nil
	}
	if _, err := c.tracker.Detect(); err != nil {
		return err
	}
	c.views = append(c.views, selfcal.View{Frame: f.Index, Tracks: slices.Clone(c.tracker.Tracks()), Turn: c.turn})
	c.turn, c.last = geom.Identity3(), f.Index
	return nil
}

// moved reports whether the image is worth a view.
func (c *collector) moved(f *slam.Frame) bool {
	before := c.views[len(c.views)-1].Tracks
	at := make(map[int]geom.Vec2, len(before))
	for _, t := range before {
		at[t.ID] = t.Pixel
	}
	var steps []float64
	for _, t := range c.tracker.Tracks() {
		if u, ok := at[t.ID]; ok {
			steps = append(steps, u.Sub(t.Pixel).Norm())
		}
	}
	if len(steps) < int(viewKept*float64(len(before))) || f.Index-c.last >= viewFrames {
		return true
	}
	if len(steps) == 0 { // nothing was followed from a view without features
		return false
	}
	slices.Sort(steps)
	return steps[len(steps)/2] > viewShare*float64(f.Gray.W)
}
