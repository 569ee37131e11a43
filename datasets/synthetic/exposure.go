package synthetic

import (
	"math"
	"sync"

	"github.com/metricslam/metricslam/geom"
)

// autoExposure is the camera's light meter: it follows the brightness of the
// view with a lag, so that a turn towards a window is first too bright. The
// gain at a time depends on the views before that time alone, hence not on
// which frames are asked for.
type autoExposure struct {
	path    cameraPath
	scene   scene
	target  float64 // mean of log light (of full scale 1) that the meter aims at
	unrest  wander  // slow error of the meter, in log gain
	mu      sync.Mutex
	painter *painter
	metered map[int]float64
}

const (
	meterStepS  = .3 // between the meter's looks
	meterTaps   = 5  // looks that count
	meterDecay  = .55
	meterGain   = .1 // low enough for windows not to clip
	meterShrink = 16
)

func newAutoExposure(path cameraPath, sc scene, cam geom.Camera, target, unrestAmp float64, seed uint64) *autoExposure {
	w := newWander(.03, .4, stream(seed, 5))
	for i := range w.amp {
		w.amp[i] *= unrestAmp
	}
	small := cam.Resized(cam.W/meterShrink, cam.H/meterShrink)
	return &autoExposure{path: path, scene: sc, target: target, unrest: w,
		painter: newPainter(small, sc.surroundings()), metered: map[int]float64{}}
}

// gain returns the factor from light to full scale at time t.
func (a *autoExposure) gain(t float64) float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := t / meterStepS
	k := int(math.Floor(f))
	u := f - float64(k)
	log := (1-u)*a.followed(k) + u*a.followed(k+1)
	for old := range a.metered {
		if old < k-200 {
			delete(a.metered, old)
		}
	}
	return math.Exp(a.target - log + a.unrest.at(t))
}

// followed returns the weighted mean of the looks up to k-1.
func (a *autoExposure) followed(k int) float64 {
	sum, weight, w := 0.0, 0.0, 1.0
	for i := 1; i <= meterTaps; i++ {
		sum += w * a.meter(max(k-i, 0))
		weight += w
		w *= meterDecay
	}
	return sum / weight
}

// meter returns the mean log light of the view at look k.
func (a *autoExposure) meter(k int) float64 {
	if v, ok := a.metered[k]; ok {
		return v
	}
	t := min(float64(k)*meterStepS, a.path.durationS())
	pose := a.path.pose(t)
	a.painter.paint(pose, a.scene.groups(pose, t, nil), meterGain)
	sum := 0.0
	for _, v := range a.painter.light {
		green := float64(v>>16&0xffff) / fullScale
		sum += math.Log(green/meterGain + .01)
	}
	v := sum / float64(len(a.painter.light))
	a.metered[k] = v
	return v
}
