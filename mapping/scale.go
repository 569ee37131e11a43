package mapping

import "math"

// Scale is the log-scale of the depth source: log z = log D + Log for its
// readings D on average, with the deviation of that average.
type Scale struct {
	Log   float64
	Sigma float64
}

// scaleCorrelation is how many keyframes share one draw of a network's scale
// error: the error belongs to the viewpoint (docs/scale.md).
const scaleCorrelation = 8

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
