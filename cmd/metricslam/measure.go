package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/metricslam/metricslam/depth/multiview"
	"github.com/metricslam/metricslam/depth/photo"
	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// measureCmd measures distances in one photograph, or in several of one place.
type measureCmd struct {
	photoFlags
	Photo []string `arg:"" sep:"none" help:"The photograph; several of one place are placed together, and points are those of the first."`
	From  []string `sep:"none" required:"" placeholder:"U,V" help:"One end in pixels of the upright image; give --from and --to again for more pairs."`
	To    []string `sep:"none" required:"" placeholder:"U,V" help:"The other end."`
	Known []string `sep:"none" placeholder:"U,V,U,V=METRES" help:"Two points whose distance is known: rescales everything. May be given again."`
	JSON  bool     `help:"Print the result as JSON."`
}

// Run prints the distances with their standard deviations.
func (c measureCmd) Run(ctx context.Context) error {
	pairs, err := parsePairs(c.From, c.To)
	if err != nil {
		return err
	}
	var known []photo.Reference
	for _, text := range c.Known {
		r, err := parseReference(text)
		if err != nil {
			return err
		}
		known = append(known, r)
	}
	photos, err := c.compute(ctx)
	if err != nil {
		return err
	}
	if len(photos) == 1 {
		res, err := photos[0].Measure(pairs, known)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Photo[0], err)
		}
		return c.print(photos[0], res, nil, len(known) > 0)
	}
	place, err := multiview.New(ctx, photos, c.Photo, describePhoto)
	if err != nil {
		return err
	}
	res, err := place.Measure(ctx, pairs, known)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Photo[0], err)
	}
	return c.print(photos[0], photo.Result{}, &res, len(known) > 0)
}

// photoKeypoints of a photograph: several times those of a keyframe, since
// photographs are few and lie far apart.
const photoKeypoints = 4000

func describePhoto(g slam.Gray) ([]geom.Vec2, []slam.Descriptor, error) {
	return frontend.ORB(g, photoKeypoints)
}

// compute gives every photograph its depth.
func (c measureCmd) compute(ctx context.Context) ([]*photo.Photo, error) {
	src, err := c.open()
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var photos []*photo.Photo
	for _, file := range c.Photo {
		img, cam, err := c.load(file)
		if err != nil {
			return nil, err
		}
		p, err := photo.Compute(ctx, src, img, cam)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		photos = append(photos, p)
	}
	return photos, nil
}

// focal is the focal length of the first photograph, for JSON.
type focal struct {
	Px   float64 `json:"px"`
	From string  `json:"from"`
}

// print prints the lengths in one photograph, or those in several.
func (c measureCmd) print(p *photo.Photo, one photo.Result, several *multiview.Result, known bool) error {
	f := focal{p.Camera.Fx, p.Camera.From}
	switch {
	case c.JSON && several != nil:
		return printJSON(os.Stdout, struct {
			Photos []string `json:"photos"`
			Model  string   `json:"model"`
			Focal  focal    `json:"focal"`
			*multiview.Result
		}{c.Photo, p.Model, f, several})
	case c.JSON:
		return printJSON(os.Stdout, struct {
			Photo string `json:"photo"`
			Model string `json:"model"`
			Focal focal  `json:"focal"`
			photo.Result
		}{c.Photo[0], p.Model, f, one})
	}
	fmt.Printf("f %.0f px (%s), depth from %s", p.Camera.Fx, p.Camera.From, p.Model)
	scale, lengths := one.Scale, one.Measurements
	if several != nil {
		scale, lengths = several.Scale, nil
		for _, m := range several.Measurements {
			lengths = append(lengths, m.Measurement)
		}
		fmt.Printf(", %d photographs with %d points in common", len(c.Photo), several.Landmarks)
	}
	if known {
		fmt.Printf(", rescaled by %.3f", scale)
	}
	fmt.Println()
	if words := p.TurnedWords(); words != "" {
		fmt.Println(words)
	}
	for i, m := range lengths {
		fmt.Printf("(%g,%g) - (%g,%g): %.3f m +- %.3f (%.0f %%)\n", m.From[0], m.From[1], m.To[0], m.To[1], m.DistanceM, m.SigmaM, 100*m.SigmaM/m.DistanceM)
		if several != nil {
			v := several.Measurements[i].Views
			fmt.Printf("  its ends were found in %d and %d of %d photographs\n", v[0], v[1], len(c.Photo))
		}
		if words := p.Explain(m.Parts, known); words != "" {
			fmt.Println("  " + words)
		}
	}
	return nil
}

func parsePairs(from, to []string) ([]photo.Pair, error) {
	if len(from) != len(to) {
		return nil, fmt.Errorf("%d --from and %d --to: they belong together", len(from), len(to))
	}
	pairs := make([]photo.Pair, len(from))
	for i := range from {
		a, err := parseNumbers("--from", from[i], 2)
		if err != nil {
			return nil, err
		}
		b, err := parseNumbers("--to", to[i], 2)
		if err != nil {
			return nil, err
		}
		pairs[i] = photo.Pair{From: geom.Vec2{X: a[0], Y: a[1]}, To: geom.Vec2{X: b[0], Y: b[1]}}
	}
	return pairs, nil
}

func parseReference(text string) (photo.Reference, error) {
	points, length, ok := strings.Cut(text, "=")
	if !ok {
		return photo.Reference{}, fmt.Errorf("--known %s: want u,v,u,v=metres", text)
	}
	p, err := parseNumbers("--known", points, 4)
	if err != nil {
		return photo.Reference{}, err
	}
	m, err := strconv.ParseFloat(length, 64)
	if err != nil || !(m > 0) || math.IsInf(m, 0) {
		return photo.Reference{}, fmt.Errorf("--known %s: %q is no length in metres", text, length)
	}
	return photo.Reference{
		Pair:    photo.Pair{From: geom.Vec2{X: p[0], Y: p[1]}, To: geom.Vec2{X: p[2], Y: p[3]}},
		LengthM: m,
	}, nil
}

// parseNumbers reads n numbers with commas between.
func parseNumbers(flag, text string, n int) ([]float64, error) {
	parts := strings.Split(text, ",")
	if len(parts) != n {
		return nil, fmt.Errorf("%s %s: want %d numbers with commas between", flag, text, n)
	}
	v := make([]float64, n)
	for i, p := range parts {
		var err error
		if v[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil || math.IsNaN(v[i]) || math.IsInf(v[i], 0) {
			return nil, fmt.Errorf("%s %s: %q is no number", flag, text, p)
		}
	}
	return v, nil
}
