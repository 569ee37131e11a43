package ground

import (
	"math"
	"math/rand/v2"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// cloth is smooth random texture of a plane, as a function of a point in metres:
// waves of 8 cm to 2 m.
type cloth struct{ kx, ky, phase, amp []float64 }

func newCloth(seed uint64) cloth {
	r := rand.New(rand.NewPCG(seed, 3))
	var c cloth
	for range 30 {
		length := .08 * math.Pow(25, r.Float64())
		k, dir := 2*math.Pi/length, 2*math.Pi*r.Float64()
		c.kx, c.ky = append(c.kx, k*math.Cos(dir)), append(c.ky, k*math.Sin(dir))
		c.phase, c.amp = append(c.phase, 2*math.Pi*r.Float64()), append(c.amp, 12)
	}
	return c
}

// mean is the grey level over a box of dx by dy metres around a point: what a
// pixel sees.
func (c cloth) mean(x, y, dx, dy float64) float64 {
	v := 128.0
	for i := range c.kx {
		v += c.amp[i] * math.Sin(c.kx[i]*x+c.ky[i]*y+c.phase[i]) * sinc(c.kx[i]*dx/2) * sinc(c.ky[i]*dy/2)
	}
	return v
}

func sinc(x float64) float64 {
	if math.Abs(x) < 1e-6 {
		return 1
	}
	return math.Sin(x) / x
}

// renderGround draws the plane y = heightM of the world (y down) as a camera that
// looks along z sees it; the sky is grey.
func renderGround(c cloth, cam geom.Camera, pose geom.SE3, heightM, gain float64) slam.Gray {
	g := slam.NewGray(cam.W, cam.H)
	for y := range cam.H {
		for x := range cam.W {
			d := pose.R.MulVec(cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			v := 150.0
			if d.Y > .02 {
				z := heightM / d.Y
				p := pose.T.Add(d.Scale(z))
				v = c.mean(p.X, p.Z, z/cam.Fx, z*z/(heightM*cam.Fy))
			}
			g.Pix[y*cam.W+x] = uint8(min(max(gain*v+.5, 0), 255))
		}
	}
	return g
}
