package tracking

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
)

const (
	noiseMinTracks = 10  // that tell the noise
	noiseMost      = 4   // times that of a sharp image: beyond, tracks are wrong rather than noisy
	noiseGate      = 1.5 // the same of what gates and weighs a track: wider, what is wrong adds to the noise
)

// NoisePx is the deviation of a coordinate of the last frame's pixels: blur and
// darkness raise it above that of a sharp image. It was seen before any
// adjustment could fit it: bundle adjustment that takes blurred corners for sharp
// ones explains their noise by a step along it and depths to match.
func (t *Tracker) NoisePx() float64 { return t.noisePx }

// measureNoise takes the noise from the median reprojection error, world to camera
// at cw. Errors along the two axes make a Rayleigh distribution.
func (t *Tracker) measureNoise(cw geom.SE3, focal float64) {
	if len(t.ids) < noiseMinTracks {
		return
	}
	e := make([]float64, len(t.ids))
	for i := range e {
		e[i] = t.residual(cw, i).Norm()
	}
	sigma := stats.Median(e) * focal / math.Sqrt(2*math.Ln2)
	t.noisePx = min(max(sigma, t.cfg.PixelSigma), noiseMost*t.cfg.PixelSigma)
}

// pixelInfo is the information of a coordinate of a ray.
func (t *Tracker) pixelInfo(focal float64) float64 {
	sigma := min(t.noisePx, noiseGate*t.cfg.PixelSigma) / focal
	return 1 / (sigma * sigma)
}
