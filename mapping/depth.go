package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

const (
	edgeStep   = .08 // jump of log depth across a pixel's surroundings that makes an edge
	edgeLogStd = .25 // deviation of a reading at an edge: which surface is it?
	edgeRadius = 2   // pixels of the packed depth looked at on each side
)

// readDepth returns the depth source's reading at pixel u of a picture. Networks
// blur depth across outlines, where corners are most frequent; there the nearer
// side is taken, since an outline moves with the foreground, and hardly trusted.
func readDepth(d *PackedDepth, cam geom.Camera, u geom.Vec2) (depthM, logStd float64, ok bool) {
	if d.Empty() {
		return 0, 0, false
	}
	f := float64(d.W) / float64(cam.W)
	x, y := int(u.X*f+.5), int(u.Y*float64(d.H)/float64(cam.H)+.5)
	if x < 0 || y < 0 || x >= d.W || y >= d.H {
		return 0, 0, false
	}
	logM, logStd, ok := d.logAt(x, y)
	sides, n := sideDepths(d, x, y)
	if n == 0 {
		return math.Exp(logM), max(logStd, edgeLogStd), ok
	}
	near, far := slices.Min(sides[:n]), slices.Max(sides[:n])
	if !ok || far-near > edgeStep {
		return math.Exp(near), max(logStd, d.Sigma, edgeLogStd), true
	}
	return math.Exp(logM), logStd, true
}

// sideDepths returns the mean log depth of the left, right, upper and lower
// margin of a pixel's surroundings, of those that are known. Means over a margin
// tell an edge from noise.
func sideDepths(d *PackedDepth, cx, cy int) (sides [4]float64, n int) {
	const r = edgeRadius
	for _, m := range [4][4]int{{-r, -1, -r, r}, {1, r, -r, r}, {-r, r, -r, -1}, {-r, r, 1, r}} {
		var sum, count float64
		for y := max(cy+m[2], 0); y <= min(cy+m[3], d.H-1); y++ {
			for x := max(cx+m[0], 0); x <= min(cx+m[1], d.W-1); x++ {
				if z, _, ok := d.logAt(x, y); ok {
					sum += z
					count++
				}
			}
		}
		if count >= 4 {
			sides[n] = sum / count
			n++
		}
	}
	return sides, n
}

// alignScale estimates s_k of a new keyframe from the landmarks it sees: the
// median of log z - log D, drawn to the source's mean where they are few.
func (m *Map) alignScale(k *Keyframe, mean, tieSigma float64) float64 {
	var diff []float64
	for _, f := range k.Features {
		l, ok := m.landmarks.find(f.Landmark)
		if !ok || !l.Known() || f.DepthM <= 0 || l.LogStd > .3 || f.LogStd >= edgeLogStd {
			continue
		}
		if z := k.Pose.ApplyInverse(m.Position(l)).Z; z > minDepthM {
			diff = append(diff, math.Log(z/f.DepthM))
		}
	}
	if len(diff) < 10 {
		return mean
	}
	slices.Sort(diff)
	median := diff[len(diff)/2]
	spread := (diff[len(diff)*3/4] - diff[len(diff)/4]) / 1.349
	variance := spread*spread/float64(len(diff)) + 1e-4
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
	if pc.Z < minDepthM || k.Camera.Project(pc).Sub(f.Pixel).Norm() > 2.5 {
		return
	}
	l.InvDepth = 1 / za
	l.LogStd = 1 / (k.Camera.Focal() * angle)
}

// medianOr returns the median of v, which it sorts, or other where v is empty.
func medianOr(v []float64, other float64) float64 {
	if len(v) == 0 {
		return other
	}
	slices.Sort(v)
	return v[len(v)/2]
}
