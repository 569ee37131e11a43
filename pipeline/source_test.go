package pipeline

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/slam"
)

// nextWithDepth returns the next frame of a source and the sensor's depth of it.
func nextWithDepth(ctx context.Context, src datasets.Source) (*slam.Frame, slam.DepthMap, error) {
	f, err := src.Next(ctx)
	if err != nil {
		return nil, slam.DepthMap{}, err
	}
	d, err := f.SensorDepth()
	return f, d, err
}

// mapSensor maps a source with the sensor's depth, in silence.
func mapSensor(t *testing.T, src datasets.Source) *Result {
	t.Helper()
	return mapSilently(t, src, "sensor", Default())
}

// mapSilently maps a source with the depth that spec names.
func mapSilently(t *testing.T, src datasets.Source, spec string, cfg Config) *Result {
	t.Helper()
	d, err := depth.Open(spec, depth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	res, err := Run(t.Context(), Job{
		Source: src, Depth: d, Config: cfg, Progress: progress.New(io.Discard, 0, true), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}
