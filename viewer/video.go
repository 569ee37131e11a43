package viewer

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"gocv.io/x/gocv"
)

// VideoOptions say how a film is made: one turn around the scene.
type VideoOptions struct {
	Options         // View must be auto
	Seconds float64 // of the whole turn
	FPS     float64
}

func (o VideoOptions) frames() (int, error) {
	n := o.Seconds * o.FPS
	if !(o.Seconds > 0) || !(o.FPS >= 1 && o.FPS <= 120) || n > 100000 {
		return 0, fmt.Errorf("film of %g s at %g frames a second: want a positive length, 1 to 120 frames a second and at most 100000 frames", o.Seconds, o.FPS)
	}
	if o.View != "" && o.View != "auto" {
		return 0, fmt.Errorf("view %s: a film turns around the scene, its view is auto", o.View)
	}
	return max(1, int(math.Round(n))), nil
}

// RenderVideo writes an MP4 that goes once around a scene. The file is complete
// or not there. Width and height are made even, as the codec wants.
func RenderVideo(ctx context.Context, s *Scene, path string, opt VideoOptions) error {
	if err := s.Check(); err != nil {
		return err
	}
	w, h, err := opt.size()
	if err != nil {
		return err
	}
	w, h = max(w&^1, 16), max(h&^1, 16)
	n, err := opt.frames()
	if err != nil {
		return err
	}
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".mp4" {
		return fmt.Errorf("write %s: the name of a film must end in .mp4", path)
	}
	// OpenCV writes by name and chooses the container by its end.
	tmp, err := os.MkdirTemp(filepath.Dir(path), ".film-*")
	if err != nil {
		return fmt.Errorf("write %s: %w; check that its folder exists and is writable", path, err)
	}
	defer os.RemoveAll(tmp)
	part := filepath.Join(tmp, "film.mp4")
	out, err := gocv.VideoWriterFile(part, "mp4v", opt.FPS, w, h, true)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer out.Close()
	if !out.IsOpened() {
		return fmt.Errorf("write %s: OpenCV cannot write MP4 here; render a .png instead, or install its ffmpeg plug-in", path)
	}
	err = offscreen(w, h, func(t *target) error { return t.film(ctx, s, out, opt.Style, n) })
	if err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(part, path)
}

// film draws n frames of a turn.
func (t *target) film(ctx context.Context, s *Scene, out *gocv.VideoWriter, style Style, n int) error {
	o := AutoOrbit(s, t.w, t.h)
	start := o.YawRad
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.YawRad = start + 2*math.Pi*float64(i)/float64(n)
		img, err := t.draw(s, frame{view: o.View(t.w, t.h), up: o.Up, pivotM: o.DistanceM, style: style})
		if err != nil {
			return err
		}
		if err := writeFrame(out, img.Pix, t.w, t.h); err != nil {
			return err
		}
	}
	return nil
}

// writeFrame hands RGBA pixels to OpenCV as the BGR it expects.
func writeFrame(out *gocv.VideoWriter, rgba []uint8, w, h int) error {
	bgr := make([]uint8, 3*w*h)
	for i := range w * h {
		bgr[3*i], bgr[3*i+1], bgr[3*i+2] = rgba[4*i+2], rgba[4*i+1], rgba[4*i]
	}
	m, err := gocv.NewMatFromBytes(h, w, gocv.MatTypeCV8UC3, bgr)
	if err != nil {
		return err
	}
	defer m.Close()
	return out.Write(m)
}
