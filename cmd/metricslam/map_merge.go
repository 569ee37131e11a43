package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/frontend"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/pipeline"
)

// mapMergeCmd joins two maps.
type mapMergeCmd struct {
	A      string `arg:"" help:"Map file whose frame is kept."`
	B      string `arg:"" help:"Map file that is joined to it."`
	Output string `short:"o" required:"" placeholder:"FILE" help:"Map file for both."`
	JSON   bool   `help:"Print what the joined map holds as JSON."`
	Quiet  bool   `help:"Show nothing but errors."`
}

// Run joins the maps and writes the result; without a common place nothing is
// written.
func (c mapMergeCmd) Run(ctx context.Context) error {
	maps, err := loadMaps(ctx, c.A, c.B)
	if err != nil {
		return err
	}
	defer closeMaps(maps)
	store := mapping.NewStore(maps...)
	defer store.Close()
	merger, closeMatcher := newMerger(c.Output, c.Quiet)
	defer closeMatcher()
	res, err := merger.Merge(ctx, maps[0].State, maps[1].State)
	if errors.Is(err, mapping.ErrNoCommonPlace) {
		return fmt.Errorf("%s and %s cannot be joined: %w", c.A, c.B, err)
	}
	if err != nil {
		return err
	}
	if err := store.Save(c.Output, res.State); err != nil {
		return err
	}
	if !c.Quiet && !c.JSON {
		fmt.Printf("joined by %d places: %d keyframes, %d landmarks in %s\n",
			res.Links, len(res.State.Keyframes), len(res.State.Landmarks), c.Output)
	}
	if c.JSON {
		return mapInfoCmd{File: c.Output, JSON: true}.Run(ctx)
	}
	return nil
}

// newMerger is what finds the places that two maps share. Scratch files lie beside the
// output, where room was made for it. It is to be closed.
func newMerger(output string, quiet bool) (m mapping.Merger, closeMatcher func()) {
	level := slog.LevelInfo
	if quiet {
		level = slog.LevelError
	}
	cfg := pipeline.Default()
	cfg.Mapping.Scratch = filepath.Dir(output)
	match := frontend.NewMatcher(cfg.Frontend)
	return mapping.Merger{
		Config: cfg.Mapping, Match: match,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: dropTime})),
	}, func() { match.Close() }
}
