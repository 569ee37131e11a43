package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/mapping/images"
)

// alignScale estimates s_k of a new keyframe from the landmarks it sees: the
// median of log z - log D, drawn to the source's mean where they are few.
func (m *Map) alignScale(k *Keyframe, mean, tieSigma float64) float64 {
	var diff []float64
	for _, f := range k.Features {
		l, ok := m.landmarks.find(f.Landmark)
		if !ok || !l.Known() || f.DepthM <= 0 || l.LogStd > alignMaxLogStd || f.LogStd >= images.EdgeLogStd {
			continue
		}
		if z := k.Pose.ApplyInverse(m.Position(l)).Z; z > minDepthM {
			diff = append(diff, math.Log(z/f.DepthM))
		}
	}
	if len(diff) < alignMinLandmarks {
		return mean
	}
	slices.Sort(diff)
	median := diff[len(diff)/2]
	spread := (diff[len(diff)*3/4] - diff[len(diff)/4]) / normalIQR
	variance := spread*spread/float64(len(diff)) + alignFloorStd*alignFloorStd
	w := 1 / variance
	tie := 1 / (tieSigma * tieSigma)
	return (w*median + tie*mean) / (w + tie)
}

// triangulate gives depth to landmarks of k that have none, once two rays to
// them differ enough.
func (m *Map) triangulate(k *Keyframe, minParallax float64) {
	for _, f := range k.Features {
		l, ok := m.landmarks.find(f.Landmark)
		if !ok || l.Known() || l.Host == k.ID {
			continue
		}
		m.triangulateLandmark(l, k, f, minParallax)
	}
}

func (m *Map) triangulateLandmark(l *Landmark, k *Keyframe, f Feature, minParallax float64) {
	host := m.Keyframes[l.Host]
	rel := k.Pose.Between(host.Pose) // host to current camera
	a, b := rel.R.MulVec(l.Ray), k.Camera.Ray(f.Pixel)
	angle := math.Atan2(a.Cross(b).Norm(), a.Dot(b))
	if angle < minParallax {
		return
	}
	// b z_b = a z_a + t: least squares for z_a after crossing with b.
	ab, tb := a.Cross(b), rel.T.Cross(b)
	za := -ab.Dot(tb) / ab.Norm2()
	if za < minDepthM || math.IsNaN(za) {
		return
	}
	pc := a.Scale(za).Add(rel.T)
	if pc.Z < minDepthM || k.Camera.Project(pc).Sub(f.Pixel).Norm() > triangulateMaxPx {
		return
	}
	m.setDepth(l, 1/za)
	l.LogStd = 1 / (k.Camera.Focal() * angle)
}
