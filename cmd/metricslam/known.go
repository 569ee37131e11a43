package main

import (
	"fmt"

	"github.com/metricslam/metricslam/mapping/metric"
)

// knownFlags are true sizes in sight, which bring a map to metres.
type knownFlags struct {
	MarkerSize    float64  `placeholder:"M" help:"Edge of the black square of printed markers in sight, in metres: a source of scale."`
	MarkerFamily  string   `placeholder:"NAME" help:"Their family: apriltag36h11 (default), aruco4x4, aruco5x5, aruco6x6, aruco7x7 (the dictionaries of 50; _100, _250, _1000 for larger ones), aruco_original."`
	KnownDistance []string `sep:"none" placeholder:"A,B=M" help:"Known distance in metres: 0,850=4.20 between the camera at frames 0 and 850, m3,m7=1.25 between the middles of markers 3 and 7. May be repeated."`
}

// know puts the flags over a configuration.
func (f knownFlags) know(known *metric.Known) error {
	if f.MarkerSize != 0 {
		known.MarkerSizeM = f.MarkerSize
	}
	if f.MarkerFamily != "" {
		known.MarkerFamily = f.MarkerFamily
	}
	if len(f.KnownDistance) > 0 {
		known.Distances = nil
	}
	for _, text := range f.KnownDistance {
		var d metric.Distance
		if err := d.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("--known-distance: %w", err)
		}
		known.Distances = append(known.Distances, d)
	}
	return nil
}
