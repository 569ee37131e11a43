package mapping

import "math"

// updateDeviation sets the deviation of a landmark's log depth from the curvature of its
// own residuals at fixed poses.
func (m *Map) updateDeviation(l *Landmark, cfg Config) {
	info := m.triangulation(l, cfg)
	for _, o := range l.Obs {
		k := m.Keyframes[o.KF]
		f := k.Features[o.Index]
		if f.DepthM > 0 {
			s := math.Max(f.LogStd, minReadingStd)
			if k.Depth.ScaleSigma > 0 {
				s *= cfg.PriorInflate
			}
			info += 1 / (s * s)
		}
	}
	l.LogStd = 1 / math.Sqrt(math.Max(info, 1))
}

// triangulation is the information on the log depth of a landmark by its reprojection
// errors, at fixed poses.
func (m *Map) triangulation(l *Landmark, cfg Config) (info float64) {
	host := &poseVar{pose: m.Keyframes[l.Host].Pose}
	v := &depthVar{rho: l.InvDepth, ray: l.Ray}
	var r [2]float64
	var j2 [2]float64
	jac := [][]float64{nil, nil, j2[:]}
	for _, o := range l.Obs {
		if o.KF == l.Host {
			continue
		}
		k := m.Keyframes[o.KF]
		rp := reprojection{observed{host, &poseVar{pose: k.Pose}, v}, &k.Camera, k.Features[o.Index].Pixel, m.pixelWeight(k, l, cfg)}
		if rp.Linearize(r[:], jac) {
			info += (j2[0]*j2[0] + j2[1]*j2[1]) * l.InvDepth * l.InvDepth
		}
	}
	return info
}
