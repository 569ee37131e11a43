package synthetic

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// sensorModel is the camera behind the lens. Linear light counts to fullScale.
type sensorModel struct {
	exposureS float64 // shutter time at the nominal gain
	electrons float64 // at full scale and nominal gain: sets the shot noise
	readNoise float64 // in units of fullScale/4095 at nominal gain
	vignette  float64 // share of light lost in the corners
}

// motion is how a picture moves while the shutter is open: translation and
// rotation of the camera, in its own axes, over the exposure.
type motion struct{ v, w geom.Vec3 }

// noiseTable holds normal deviates in 1/256; rows of pixels read it from random
// places, which is far faster than drawing them.
const noiseTableLen = 1 << 16

var noiseTable = func() (t [noiseTableLen]int16) {
	r := stream(0x6e6f697365)
	for i := range t {
		t[i] = int16(256*min(max(r.NormFloat64(), -5), 5) + .5)
	}
	return t
}()

// toneCurve maps linear light to display values: gamma, then the S shape that
// cameras add for contrast.
var toneCurve = func() (t [fullScale + 1]uint8) {
	for i := range t {
		v := math.Pow(float64(i)/fullScale, 1/2.2)
		v -= .4 * math.Sin(2*math.Pi*v) / (2 * math.Pi)
		t[i] = uint8(min(max(v*255+.5, 0), 255))
	}
	return t
}()

// developer turns linear light into pictures.
type developer struct {
	cam     geom.Camera
	model   sensorModel
	vigX    []int32 // share of light in 1/4096 is vigX[x] - vigY[y]
	vigY    []int32
	sigma   [fullScale + 1]int32 // noise in 1/16 units for the gain in use
	blurred []uint64             // one row
}

func newDeveloper(cam geom.Camera, model sensorModel) *developer {
	d := &developer{cam: cam, model: model, blurred: make([]uint64, cam.W)}
	corner := math.Hypot(float64(cam.W)/2, float64(cam.H)/2)
	loss := func(i int, c float64) int32 {
		r := (float64(i) - c) / corner
		return int32(4096 * model.vignette * r * r)
	}
	for x := range cam.W {
		d.vigX = append(d.vigX, 4096-loss(x, cam.Cx))
	}
	for y := range cam.H {
		d.vigY = append(d.vigY, loss(y, cam.Cy))
	}
	return d
}

// develop exposes one picture. gain is the electronic gain over the nominal
// one, which amplifies noise; seed belongs to the frame.
func (d *developer) develop(light []uint64, depthM []float32, m motion, gain float64, seed uint64) (slam.RGB, slam.Gray) {
	d.setNoise(gain)
	color, gray := slam.NewRGB(d.cam.W, d.cam.H), slam.NewGray(d.cam.W, d.cam.H)
	for y := range d.cam.H {
		d.blurRow(light, depthM, y, m)
		start := int(hash(seed, int64(y)) >> 32)
		d.exposeRow(start, color.Pix[3*y*d.cam.W:][:3*d.cam.W], gray.Pix[y*d.cam.W:][:d.cam.W])
	}
	return color, gray
}

// setNoise fills the table of noise by brightness: the variance of photon
// counting grows with light, that of reading is constant.
func (d *developer) setNoise(gain float64) {
	perUnit := gain * fullScale / d.model.electrons
	read := d.model.readNoise * gain
	for i := range d.sigma {
		d.sigma[i] = int32(16 * math.Sqrt(float64(i)*perUnit+read*read))
	}
}

// maxTaps is the largest number of samples along a motion blur; sums of three
// lanes of 12 bits stay in 16.
const maxTaps = 15

// reciprocal[n] is 4096/n.
var reciprocal = func() (t [maxTaps + 1]int32) {
	for n := 1; n <= maxTaps; n++ {
		t[n] = int32(4096/float64(n) + .5)
	}
	return t
}()

// blurRun is the run of pixels that share a motion.
const blurRun = 8

// blurRow averages row y along its pixels' motion during the exposure, with
// vignetting, into d.blurred. The samples lie symmetrically about the pixel, so
// that the picture belongs to the middle of the exposure.
func (d *developer) blurRow(light []uint64, depthM []float32, y int, m motion) {
	w, h := d.cam.W, d.cam.H
	yn := (float64(y) - d.cam.Cy) / d.cam.Fy
	var offsets [maxTaps]int
	for x0 := 0; x0 < w; x0 += blurRun {
		x1 := min(x0+blurRun, w)
		xc := (x0 + x1) / 2
		du, dv := m.flow((float64(xc)-d.cam.Cx)/d.cam.Fx, yn, depthM[y*w+xc])
		du, dv = du*d.cam.Fx, dv*d.cam.Fy
		// Keep the samples inside the picture.
		du = clampAbs(du, 2*float64(min(x0, w-x1)))
		dv = clampAbs(dv, 2*float64(min(y, h-1-y)))
		n := taps(du, dv, w, &offsets)
		row := light[y*w:]
		for x := x0; x < x1; x++ {
			sum := row[x]
			for k := 0; k < n/2; k++ {
				o := offsets[k]
				sum += light[y*w+x+o] + light[y*w+x-o]
			}
			vig := (d.vigX[x] - d.vigY[y]) * reciprocal[n] >> 12
			d.blurred[x] = scaleLanes(sum, uint64(vig))
		}
	}
}

// scaleLanes multiplies every lane by f/4096.
func scaleLanes(v, f uint64) uint64 {
	return (v&0xffff)*f>>12 | (v>>16&0xffff)*f>>12<<16 | (v>>32&0xffff)*f>>12<<32
}

// taps returns the odd number of samples for a blur of (du, dv) pixels, and the
// offsets of half of them; the other half is opposite.
func taps(du, dv float64, w int, offsets *[maxTaps]int) int {
	length := math.Max(math.Abs(du), math.Abs(dv))
	n := min(2*int((length+.6)/2)+1, maxTaps)
	for k := range n / 2 {
		s := float64(k+1) / float64(n)
		offsets[k] = int(math.Round(s*dv))*w + int(math.Round(s*du))
	}
	return n
}

func clampAbs(v, limit float64) float64 { return min(max(v, -limit), limit) }

// flow returns the motion of the image point (x, y) on the z = 1 plane, seen at
// depth z (0: infinitely far), over the exposure.
func (m *motion) flow(x, y float64, z float32) (du, dv float64) {
	iz := 0.0
	if z > 0 {
		iz = 1 / float64(z)
	}
	du = (x*m.v.Z-m.v.X)*iz + x*y*m.w.X - (1+x*x)*m.w.Y + y*m.w.Z
	dv = (y*m.v.Z-m.v.Y)*iz + (1+y*y)*m.w.X - x*y*m.w.Y - x*m.w.Z
	return du, dv
}

// exposeRow adds noise to the blurred row and applies the tone curve.
func (d *developer) exposeRow(start int, color, gray []uint8) {
	for x, v := range d.blurred {
		k := start + 3*x
		r := d.expose(int32(v&0xffff), k)
		g := d.expose(int32(v>>16&0xffff), k+1)
		b := d.expose(int32(v>>32&0xffff), k+2)
		color[3*x], color[3*x+1], color[3*x+2] = r, g, b
		gray[x] = uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 32768) >> 16)
	}
}

func (d *developer) expose(s int32, k int) uint8 {
	s = min(s, fullScale)
	s += int32(noiseTable[k&(noiseTableLen-1)]) * d.sigma[s] >> 12
	return toneCurve[min(max(s, 0), fullScale)]
}
