package mapping

import (
	"math"

	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

// Scale is the log-scale of the depth source in lengths of the map: log z = log D
// + Log for its readings D on average, with the deviation of that average. It is
// what keyframes are tied to; Metric says how many metres a length of the map is.
type Scale struct {
	Log   float64
	Sigma float64
}

// update averages the keyframes of a part. A network's error is slow, so that
// neighbours count as one.
func (s *Scale) update(m *Map, part int) {
	var sum, sum2, n float64
	var own float64
	for _, k := range m.Keyframes {
		if k.Part != part || k.Depth.ScaleSigma <= 0 {
			continue
		}
		sum += k.LogScale
		sum2 += k.LogScale * k.LogScale
		own = max(own, k.Depth.ScaleSigma)
		n++
	}
	if n == 0 {
		s.Log, s.Sigma = 0, 0
		return
	}
	mean := sum / n
	variance := max(sum2/n-mean*mean, 0)
	independent := 1 + (n-1)/scaleCorrelation
	s.Log = mean
	s.Sigma = math.Sqrt((variance + own*own) / independent)
}

// sensorScale is the log-scale that a new keyframe takes over where the depth
// source measures metres: 0, unless the map was brought to other metres than the
// sensor's.
func (m *Mapper) sensorScale() float64 {
	for i := len(m.Map.Keyframes) - 1; i >= 0; i-- {
		if k := m.Map.Keyframes[i]; k.Part == m.part && k.measuresMetres() {
			return k.LogScale
		}
	}
	return 0
}

// logReading is the logarithm of a reading that bundle adjustment compares with
// the map: with its log-scale where that is no variable.
func (k *Keyframe) logReading(f Feature) float64 {
	if k.Depth.ScaleSigma > 0 {
		return math.Log(f.DepthM)
	}
	return math.Log(f.DepthM) + k.LogScale
}

// metricDepth unpacks the depth of a keyframe for fusion, which fits the scale of
// a network's depth by itself, but never bends a sensor's.
func (k *Keyframe) metricDepth(depth *images.Depth) slam.DepthMap {
	d := depth.Unpack()
	if d.ScaleSigma == 0 && k.LogScale != 0 {
		for i := range d.Depth {
			d.Depth[i] *= float32(math.Exp(k.LogScale))
		}
	}
	return d
}
