package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/metricslam/metricslam/calibration"
	"github.com/metricslam/metricslam/chessboard"
	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/internal/progress"
)

// calibrateCmd finds a camera's intrinsics from images of a board.
type calibrateCmd struct {
	Source    string   `arg:"" optional:"" help:"A video, or a folder of images, that shows the board from many sides."`
	Target    string   `placeholder:"SHEET.PDF" help:"Write the board to print into this file, and end."`
	Output    string   `short:"o" placeholder:"CAMERA.YAML" help:"Camera file to write; plots go beside it."`
	Board     string   `default:"tags" enum:"tags,chessboard" help:"What the board is: tags (a grid of AprilTag or ArUco markers; may be seen in part), chessboard (must be seen whole)."`
	Cols      int      `placeholder:"N" help:"Tags along a row, or inner corners of a chessboard; default: 7, 9."`
	Rows      int      `placeholder:"N" help:"Rows of tags, or of inner corners; default: 5, 6."`
	Family    string   `default:"apriltag36h11" placeholder:"NAME" help:"Family of the tags, as --marker-family of run."`
	First     int      `placeholder:"ID" help:"Id of the upper left tag; the others follow by rows."`
	Gap       *float64 `placeholder:"SHARE" help:"White between two tags, as a share of a tag's edge; default: .25."`
	Paper     string   `default:"a4" placeholder:"NAME" help:"Paper of --target: a4, a3, a2, a1, letter, tabloid."`
	Model     string   `default:"auto" enum:"auto,radtan,fisheye" help:"Model of the lens: radtan (k1 k2 p1 p2 k3), fisheye (Kannala-Brandt), or auto, the better one."`
	Kind      string   `placeholder:"KIND" help:"Kind of the source where it is not recognised, as of run."`
	Start     int      `placeholder:"N" help:"First frame."`
	Stride    int      `placeholder:"N" help:"Read every Nth frame; default: so that some 600 are read."`
	MaxFrames int      `placeholder:"N" help:"Frames to read; default: all."`
	Force     bool     `help:"Write the camera file even where the calibration is not good enough."`
	JSON      bool     `help:"Print the result as JSON."`
	Quiet     bool     `help:"Show nothing but errors and the verdict."`
}

// Run writes the target, or calibrates.
func (c calibrateCmd) Run(ctx context.Context) error {
	b, err := c.board()
	if err != nil {
		return err
	}
	switch {
	case c.Target != "" && c.Source == "":
		return c.writeTarget(b)
	case c.Target != "":
		return errors.New("--target writes a board to print and calibrates nothing: leave the source out")
	case c.Source == "":
		return errors.New("name a video or a folder that shows the board; --target sheet.pdf makes one to print")
	case c.Output == "":
		return errors.New("-o CAMERA.YAML is missing: where the camera file goes")
	}
	views, size, read, err := c.look(ctx, b)
	if err != nil {
		return err
	}
	model := calibration.Model(c.Model)
	if c.Model == "auto" {
		model = ""
	}
	res, err := calibration.Calibrate(ctx, views, b, size.w, size.h, model)
	if err != nil {
		return fmt.Errorf("%s: %w (%d frames read; the board is %s)", c.Source, err, read, boardWords(b))
	}
	return c.write(res)
}

// board is what the flags describe.
func (c calibrateCmd) board() (calibration.Board, error) {
	b := calibration.DefaultBoard(calibration.Kind(c.Board))
	if c.Cols != 0 {
		b.Cols = c.Cols
	}
	if c.Rows != 0 {
		b.Rows = c.Rows
	}
	if b.Kind == calibration.Tags {
		b.Family, b.First = c.Family, c.First
		if c.Gap != nil {
			b.Gap = *c.Gap
		}
	}
	return b, b.Validate()
}

func boardWords(b calibration.Board) string {
	if b.Kind == calibration.Chessboard {
		return fmt.Sprintf("a chessboard of %d x %d inner corners", b.Cols, b.Rows)
	}
	return fmt.Sprintf("%d x %d tags of %s from %d", b.Cols, b.Rows, b.Family, b.First)
}

func (c calibrateCmd) writeTarget(b calibration.Board) error {
	s, err := calibration.NewSheet(b, c.Paper)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(c.Target, s.Write); err != nil {
		return err
	}
	fmt.Printf("%s: %s, edges of %.1f mm, on %s: print it at 100 %%, check the ruler, glue it to something flat\n", c.Target, boardWords(b), s.EdgeMM, s.Paper)
	return nil
}

// enoughFrames is how many frames are looked at: a minute's video at 10 a second.
const enoughFrames = 600

type imageSize struct{ w, h int }

// look reads the source and finds the board in its frames.
func (c calibrateCmd) look(ctx context.Context, b calibration.Board) (views []calibration.View, size imageSize, read int, err error) {
	opt := datasets.Options{Kind: c.Kind, Raw: true, Start: c.Start, Stride: c.Stride, MaxFrames: c.MaxFrames}
	src, err := datasets.Open(ctx, c.Source, opt)
	if err != nil {
		return nil, size, 0, err
	}
	if n := src.Info().Len; c.Stride == 0 && c.MaxFrames == 0 && n > 2*enoughFrames {
		src.Close()
		opt.Stride = n / enoughFrames
		if src, err = datasets.Open(ctx, c.Source, opt); err != nil {
			return nil, size, 0, err
		}
	}
	defer src.Close()
	if src.Info().Live && c.MaxFrames == 0 {
		return nil, size, 0, fmt.Errorf("%s never ends: say with --max-frames how many frames to look at", c.Source)
	}
	show := progress.New(os.Stderr, src.Info().Len, c.Quiet)
	defer show.Done("")
	show.Stage("looking for the board")
	finders := make(chan calibration.Finder, runtime.GOMAXPROCS(0))
	for range cap(finders) {
		f, err := finder(b)
		if err != nil {
			return nil, size, 0, err
		}
		finders <- f
	}
	var group errgroup.Group
	var all []*calibration.View
	for {
		frame, err := src.Next(ctx)
		var skip *datasets.SkipError
		switch {
		case errors.Is(err, io.EOF):
			group.Wait() // it returns no error
			for _, v := range all {
				if len(v.Corners) > 0 {
					views = append(views, *v)
				}
			}
			return views, size, read, nil
		case errors.As(err, &skip):
			warnf("%v", skip)
			continue
		case err != nil:
			group.Wait()
			return nil, size, 0, err
		}
		read++
		size = imageSize{frame.Gray.W, frame.Gray.H}
		v := &calibration.View{Frame: frame.Index, Name: frame.Name}
		all = append(all, v)
		f := <-finders
		group.Go(func() error {
			v.Corners = f.Find(frame.Gray)
			finders <- f
			return nil
		})
	}
}

func finder(b calibration.Board) (calibration.Finder, error) {
	if b.Kind == calibration.Chessboard {
		return chessboard.New(b), nil
	}
	return calibration.NewTagFinder(b)
}

// write writes the plots, the camera file where it can be trusted, and the
// verdict.
func (c calibrateCmd) write(res *calibration.Result) error {
	stem := strings.TrimSuffix(c.Output, filepath.Ext(c.Output))
	for name, plot := range map[string]func(io.Writer) error{"coverage": res.WriteCoverage, "residuals": res.WriteResiduals} {
		if err := atomicfile.Write(stem+"."+name+".png", plot); err != nil {
			return err
		}
	}
	grade, reasons := res.Verdict()
	if grade != calibration.Poor || c.Force {
		if err := atomicfile.Write(c.Output, res.WriteYAML); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := c.printJSON(res, grade, reasons); err != nil {
			return err
		}
	} else {
		fmt.Print(describeCalibration(res, grade, reasons))
	}
	if grade == calibration.Poor && !c.Force {
		return fmt.Errorf("the calibration is not good enough, and %s was not written (--force does it)", c.Output)
	}
	return nil
}

func (c calibrateCmd) printJSON(res *calibration.Result, grade calibration.Grade, reasons []string) error {
	values, sigma := map[string]float64{}, map[string]float64{}
	for i, n := range res.Camera.Model.Names() {
		values[n], sigma[n] = res.Camera.Values[i], res.Sigma[i]
	}
	border := res.BorderPx
	if math.IsInf(border, 0) {
		border = -1
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"model": res.Camera.Model, "width": res.Camera.W, "height": res.Camera.H, "camera": values, "deviation": sigma,
		"views": len(res.Views), "views_found": res.Found, "rms_px": res.RMSPx, "sigma_px": res.SigmaPx,
		"systematic_px": res.SystematicPx, "border_px": border, "coverage": res.Coverage, "verdict": grade, "reasons": reasons,
	})
}

func describeCalibration(r *calibration.Result, grade calibration.Grade, reasons []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s camera, %dx%d, from %d views of %d that show the board\n", r.Camera.Model, r.Camera.W, r.Camera.H, len(r.Views), r.Found)
	for i, n := range r.Camera.Model.Names() {
		fmt.Fprintf(&b, "  %s %12.5g +- %.2g\n", n, r.Camera.Values[i], r.Sigma[i])
	}
	fmt.Fprintf(&b, "corners %.3f px from where they should be, %.0f %% of the image covered, a quarter of the views tilted by more than %.0f degrees\n", r.RMSPx, 100*r.Coverage, r.TiltRad*180/math.Pi)
	fmt.Fprintf(&b, "verdict: %s\n", grade)
	for _, why := range reasons {
		fmt.Fprintf(&b, "  %s\n", why)
	}
	return b.String()
}
