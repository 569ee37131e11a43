package mapping

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
)

// Where images are sharp, registered features err by .1 or .2 pixels; some are found
// as well and slide along an outline, all to the same side. What is off by some times
// the median counts ever less there. In the hand of somebody who walks, blur and a
// rolling shutter move all features alike, by more: nothing stands out.

// registeredKernel is the loss of the registered features; sharp says that images are.
func (b *bundle) registeredKernel(all []*Landmark) (loss geom.Kernel, sharp bool) {
	var off []float64
	for _, l := range all {
		for _, o := range l.Obs {
			if _, ok := b.poses[o.KF]; !ok || o.KF == l.Host {
				continue
			}
			k := b.m.Keyframes[o.KF]
			f := k.Features[o.Index]
			if p := k.Pose.ApplyInverse(b.m.Position(l)); f.Registered && p.Z > minDepthM {
				off = append(off, k.Camera.Project(p).Sub(f.Pixel).Norm()*b.m.pixelWeight(k, l, b.cfg))
			}
		}
	}
	slices.Sort(off)
	if len(off) > 0 && off[len(off)/2] < sharpMedianPx {
		return geom.Kernel{Kind: geom.Cauchy, Delta: max(outlierMedians*off[len(off)/2], outlierLeastPx)}, true
	}
	return geom.Kernel{Kind: geom.Huber, Delta: math.Sqrt(chi2Pixel)}, false
}

// trust is the weight of a feature of keyframe k: little where a patch did not
// find it and others hold the keyframe. In blur a link's own features count all
// the same: little else holds two visits to a place together.
func (b *bundle) trust(k *Keyframe, f Feature) float64 {
	if f.Registered || f.Landmark >= firstLinkLandmark && !b.sharp {
		return 1
	}
	held, ok := b.registered[k.ID]
	if !ok {
		held = k.registered()
		b.registered[k.ID] = held
	}
	if held {
		return driftingWeight
	}
	return 1
}

// pixelWeight is 1/sigma of the reprojection error of a landmark in keyframe k:
// the pixel there and the ray of its host are as good as their images.
func (m *Map) pixelWeight(k *Keyframe, l *Landmark, cfg Config) float64 {
	at, host := cfg.pixelSigma(k), cfg.pixelSigma(m.Keyframes[l.Host])
	return 1 / math.Sqrt((at*at+host*host)/2)
}

// pixelSigma is the deviation of a coordinate of a keyframe's pixels.
func (c Config) pixelSigma(k *Keyframe) float64 { return max(k.NoisePx, c.PixelSigma) }

// depthKernel lets a wrong reading (an edge, a reflection) go.
var depthKernel = geom.Kernel{Kind: geom.Cauchy, Delta: depthCauchy}
