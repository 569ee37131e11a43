package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/mapping/metric"

	"github.com/metricslam/metricslam/internal/stats"
)

// logScales averages the log-scales of a part's keyframes that which names.
func (m *Map) logScales(part int, which func(*Keyframe) bool) (mean, variance float64, n int) {
	var sum, sum2 float64
	for _, k := range m.Keyframes {
		if k.Part == part && which(k) {
			sum += k.LogScale
			sum2 += k.LogScale * k.LogScale
			n++
		}
	}
	if n == 0 {
		return 0, 0, 0
	}
	mean = sum / float64(n)
	return mean, math.Max(sum2/float64(n)-mean*mean, 0), n
}

// networkSource is the scale by a depth network. Its readings are unbiased over
// all places in the world: log z = log D + e with E[e] = 0, so that the gain is
// -mean(s_k). Its error has two parts: a bias of the place, which no number of
// images of that place averages away, and one of the viewpoint, of which
// scaleCorrelation keyframes share a draw. The viewpoint's is measured, from the
// spread of s_k; the place's is what the network states (place_sigma of its
// contract, measured over places and cameras that it was not trained on), or that
// spread where it is larger: a network that wavers within a place will not be better from place
// to place. Where its depth disagrees in shape with what is triangulated by more than where it
// knows a place, it is off by as much on the whole, too.
func (m *Mapper) networkSource(part int) (s metric.Source, ok bool) {
	stated, place := 0., 0.
	mean, spread2, n := m.Map.logScales(part, func(k *Keyframe) bool {
		stated, place = math.Max(stated, k.Depth.ScaleSigma), math.Max(place, k.Depth.PlaceSigma)
		return k.Depth.ScaleSigma > 0
	})
	if n == 0 {
		return s, false
	}
	c := float64(n)
	view2 := (priorKeyframes*stated*stated + c*spread2) / (priorKeyframes + c)
	place2 := math.Max(place*place, view2)
	if shape := m.shape[part]; shape > shapeKnown {
		place2 += shape*shape - shapeKnown*shapeKnown
	}
	independent := 1 + (c-1)/scaleCorrelation
	return metric.Source{Name: "depth network", Log: -mean, Sigma: math.Sqrt(place2 + view2/independent), N: n, Rank: metric.RankNetwork}, true
}

// sensorSource is the scale by a sensor that measures metres.
func (m *Mapper) sensorSource(part int) (s metric.Source, ok bool) {
	mean, _, n := m.Map.logScales(part, (*Keyframe).measuresMetres)
	return metric.Source{Name: "depth sensor", Log: -mean, Sigma: sensorLogStd, N: n, Rank: metric.RankSensor}, n > 0
}

// heightSource is the scale by the camera's height over the ground: the steps
// between keyframes in metres against those of the map.
func (m *Mapper) heightSource(part int) (s metric.Source, ok bool) {
	var logs, weights []float64
	for prev, k := range m.Map.steps(part) {
		if k.StepM <= 0 {
			continue
		}
		if step := k.Pose.T.Sub(prev.Pose.T).Norm(); step > 1e-9 {
			logs, weights = append(logs, math.Log(k.StepM/step)), append(weights, 1/(k.StepLogStd*k.StepLogStd))
		}
	}
	if len(logs) == 0 {
		return s, false
	}
	middle := stats.Median(slices.Clone(logs))
	var sum, sum2, info float64
	n := 0
	for i, l := range logs {
		if d := l - middle; math.Abs(d) < heightGate {
			sum, sum2, info = sum+weights[i]*d, sum2+weights[i]*d*d, info+weights[i]
			n++
		}
	}
	d := sum / info
	spread2 := math.Max(sum2/info-d*d, float64(n)/info)
	variance := spread2*math.Min(1, heightShared/float64(n)) + heightLogStd*heightLogStd
	return metric.Source{Name: metric.HeightName, Log: middle + d, Sigma: math.Sqrt(variance), N: n, Rank: metric.RankHeight}, true
}

// shapeSpread is how much a network's depth disagrees in shape with what is triangulated:
// the deviation of the logarithm of their ratio about the median of its keyframe, median
// over the keyframes of a part.
func (m *Map) shapeSpread(part int, cfg Config) (spread float64, keyframes int) {
	const least = 1 / (shapeLogStd * shapeLogStd)
	known := make(map[int]bool)
	var all []float64
	for _, k := range m.Keyframes {
		if k.Part != part || k.Culled() || k.Depth.ScaleSigma <= 0 {
			continue
		}
		var logs []float64
		for _, f := range k.Features {
			l, ok := m.landmarks.find(f.Landmark)
			if !ok || !l.Known() || f.DepthM <= 0 {
				continue
			}
			good, asked := known[l.ID]
			if !asked {
				good = m.triangulation(l, cfg) > least
				known[l.ID] = good
			}
			if p := k.Pose.ApplyInverse(m.Position(l)); good && p.Z > minDepthM {
				logs = append(logs, math.Log(p.Z/f.DepthM))
			}
		}
		if len(logs) < shapeLandmarks {
			continue
		}
		all = append(all, (stats.Quantile(logs, .75)-stats.Quantile(logs, .25))/normalIQR)
	}
	if len(all) == 0 {
		return 0, 0
	}
	return stats.Median(all), len(all)
}

// measureShape notes how much the network's depth of an adjusted part disagrees in shape
// with what is triangulated.
func (m *Mapper) measureShape(part int) {
	spread, n := m.Map.shapeSpread(part, m.cfg)
	if n == 0 {
		return
	}
	if m.shape == nil {
		m.shape = make(map[int]float64)
	}
	m.shape[part] = spread
	m.log.Info("shape of the network's depth", "part", part, "log_std", spread, "keyframes", n)
}
