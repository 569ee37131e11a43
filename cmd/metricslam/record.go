package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/metricslam/metricslam/bag"
	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/pipeline"
)

// startRecord opens the file of --record; nil without.
func (c runCmd) startRecord(src datasets.Source) (*bag.Recorder, error) {
	if c.Record == "" {
		return nil, nil
	}
	r, err := bag.Create(c.Record, src.Info().Live)
	if err != nil {
		return nil, fmt.Errorf("--record: %w", err)
	}
	return r, nil
}

// finishRecord adds the finished map to the file of --record.
func finishRecord(rec *bag.Recorder, res *pipeline.Result, show progress.Display, log *slog.Logger) error {
	if rec == nil {
		return nil
	}
	m, ok := res.Formats()
	if !ok {
		return errors.New("--record: no frame was posed")
	}
	show.Stage("recording the map")
	if err := rec.Finish(m); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	log.Info("recorded", "file", rec.Path)
	return nil
}
