package marker

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

var testCamera = geom.Camera{W: 640, H: 480, Fx: 525, Fy: 525, Cx: 319.5, Cy: 239.5}

// placed is a marker of a scene.
type placed struct {
	id   int
	pose geom.SE3 // T_cm, metres
	edge float64
}

// look is how an image is spoilt.
type look struct {
	blurPx, noise float64
	low, high     float64 // grey levels of black and white; 0: 30 and 220
	shade         float64 // share by which light falls off across the image
	seed          uint64
}

// render draws markers, each on white paper one cell wider, before a wavy
// background as bright as they are, with 3x3 samples a pixel.
func render(f *Family, markers []placed, l look) slam.Gray {
	if l.high == 0 {
		l.low, l.high = 30, 220
	}
	w, h := testCamera.W, testCamera.H
	img := make([]float64, w*h)
	for i, v := range background() {
		img[i] = l.low + (l.high-l.low)*v
	}
	for _, m := range markers {
		paint(img, f, m, l)
	}
	blurred(img, w, h, l.blurPx)
	r := rand.New(rand.NewPCG(l.seed, 1))
	g := slam.NewGray(w, h)
	for i, v := range img {
		v *= 1 - l.shade*float64(i%w)/float64(w)
		g.Pix[i] = uint8(math.Min(math.Max(v+l.noise*r.NormFloat64()+.5, 0), 255))
	}
	return g
}

// background is between 0, black, and 1.
var background = sync.OnceValue(func() []float64 {
	out := make([]float64, testCamera.W*testCamera.H)
	for i := range out {
		x, y := float64(i%testCamera.W), float64(i/testCamera.W)
		out[i] = .5 + .2*(math.Sin(x/17)*math.Cos(y/23)+.5*math.Sin((x+y)/5))
	}
	return out
})

func paint(img []float64, f *Family, m placed, l look) {
	low, high := geom.Vec2{X: math.Inf(1), Y: math.Inf(1)}, geom.Vec2{}
	for _, c := range Square(m.edge * 1.5) {
		u := testCamera.Project(m.pose.Apply(c))
		low, high = geom.Vec2{X: min(low.X, u.X), Y: min(low.Y, u.Y)}, geom.Vec2{X: max(high.X, u.X), Y: max(high.Y, u.Y)}
	}
	for y := max(0, int(low.Y)); y < min(testCamera.H, int(high.Y)+2); y++ {
		for x := max(0, int(low.X)); x < min(testCamera.W, int(high.X)+2); x++ {
			v := &img[y*testCamera.W+x]
			behind := *v
			*v = 0
			for i := range 9 {
				*v += shade(f, m, l, geom.Vec2{X: float64(x) + float64(i%3-1)/3, Y: float64(y) + float64(i/3-1)/3}, behind) / 9
			}
		}
	}
}

func shade(f *Family, m placed, l look, u geom.Vec2, behind float64) float64 {
	row, col, ok := cellAt(f, m, u)
	switch cells := float64(f.Cells()); {
	case !ok || col < -1 || row < -1 || col >= cells+1 || row >= cells+1:
		return behind
	case col < 0 || row < 0 || col >= cells || row >= cells || f.White(m.id, int(row), int(col)):
		return l.high
	}
	return l.low
}

// cellAt is the place of a pixel on a marker, in cells from its upper left.
func cellAt(f *Family, m placed, u geom.Vec2) (row, col float64, ok bool) {
	ray, n := testCamera.Ray(u), m.pose.R.Col(2)
	z := n.Dot(m.pose.T) / n.Dot(ray)
	p := m.pose.ApplyInverse(ray.Scale(z))
	cells := float64(f.Cells())
	return (p.Y/m.edge + .5) * cells, (p.X/m.edge + .5) * cells, z > 0
}

func blurred(img []float64, w, h int, sigma float64) {
	if sigma <= 0 {
		return
	}
	r := int(3*sigma) + 1
	taps := make([]float64, 2*r+1)
	var total float64
	for i := range taps {
		taps[i] = math.Exp(-float64((i-r)*(i-r)) / (2 * sigma * sigma))
		total += taps[i]
	}
	pass := func(n, lines, step, stride int) {
		line := make([]float64, n)
		for k := range lines {
			for i := range n {
				var s float64
				for j, t := range taps {
					s += t * img[k*stride+min(max(i+j-r, 0), n-1)*step]
				}
				line[i] = s / total
			}
			for i := range n {
				img[k*stride+i*step] = line[i]
			}
		}
	}
	pass(w, h, 1, w)
	pass(h, w, w, 1)
}

// facing is a pose at a depth, turned about x, y and z by angles in radians.
func facing(x, y, z, ax, ay, az float64) geom.SE3 {
	r := geom.ExpSO3(geom.Vec3{X: ax}).Mul(geom.ExpSO3(geom.Vec3{Y: ay})).Mul(geom.ExpSO3(geom.Vec3{Z: az}))
	return geom.SE3{R: r, T: geom.Vec3{X: x, Y: y, Z: z}}
}

func family(t testing.TB, name string) *Family {
	t.Helper()
	f, err := ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
