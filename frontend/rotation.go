package frontend

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// thumbWidth is the width of the pictures that rotation is estimated from: at
// this size even strong motion blur is gone and 5 degrees are a few pixels.
const thumbWidth = 80

// Thumbnail is a small float picture with its camera.
type Thumbnail struct {
	Camera geom.Camera
	pix    []float64
}

// NewThumbnail averages a picture down to about 80 pixels width. One that lacks
// pixels gives an empty thumbnail, from which no rotation is told.
func NewThumbnail(g slam.Gray, cam geom.Camera) Thumbnail {
	if len(g.Pix) < g.W*g.H {
		return Thumbnail{Camera: cam}
	}
	k := max(1, g.W/thumbWidth)
	w, h := g.W/k, g.H/k
	t := Thumbnail{Camera: cropped(cam, w*k, h*k).Resized(w, h), pix: make([]float64, w*h)}
	norm := 1 / float64(k*k)
	for y := range h {
		for x := range w {
			var sum int
			for dy := range k {
				row := g.Pix[(y*k+dy)*g.W+x*k:]
				for dx := range k {
					sum += int(row[dx])
				}
			}
			t.pix[y*w+x] = float64(sum) * norm
		}
	}
	return t
}

func cropped(c geom.Camera, w, h int) geom.Camera {
	c.W, c.H = w, h
	return c
}

// Rotation estimates the rotation R_ba that takes rays of picture a to those of
// picture b, by Gauss-Newton on all pixels with a gain and an offset, starting
// at guess. ok is false where the pictures share too little or the residual
// does not fall: then guess is as good.
func Rotation(a, b Thumbnail, guess geom.Mat3) (r geom.Mat3, ok bool) {
	if len(a.pix) == 0 || len(a.pix) != len(b.pix) {
		return guess, false
	}
	r = guess
	first, last := -1.0, -1.0
	for range 12 {
		step, cost, n := rotationStep(a, b, r)
		if n < len(a.pix)/4 {
			return guess, false
		}
		if first < 0 {
			first = cost
		} else if cost > last*1.0001 {
			break
		}
		last = cost
		r = geom.Orthonormalize(geom.ExpSO3(step).Mul(r))
		if step.Norm() < 1e-4 {
			break
		}
	}
	return r, last <= first
}

// rotationStep returns the left increment of r, the mean squared residual and
// the number of pixels seen in both pictures. The residual of a pixel is
// g a(u) + o - b(proj(r ray(u))), with gain g and offset o solved along.
func rotationStep(a, b Thumbnail, r geom.Mat3) (step geom.Vec3, cost float64, n int) {
	var h [5][5]float64
	var g [5]float64
	gain, offset := lightModel(a, b, r)
	cam := b.Camera
	for y := 1; y < a.Camera.H-1; y++ {
		for x := 1; x < a.Camera.W-1; x++ {
			p := r.MulVec(a.Camera.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			if p.Z <= .1 {
				continue
			}
			u := cam.Project(p)
			if !cam.Contains(u, 1.5) {
				continue
			}
			v, gx, gy := sample(b, u)
			pa := a.pix[y*a.Camera.W+x]
			res := v - gain*pa - offset
			j := cam.ProjectJacobian(p)
			d := geom.Vec3{X: gx*j[0][0] + gy*j[1][0], Y: gx*j[0][1] + gy*j[1][1], Z: gx*j[0][2] + gy*j[1][2]}
			// d p / d step = -[p]x, so d res / d step = p x d.
			jr := p.Cross(d)
			row := [5]float64{jr.X, jr.Y, jr.Z, -pa, -1}
			w := 1.0
			if s := res * res; s > 400 { // Huber at 20 grey levels
				w = 20 / (res * sign(res))
			}
			for i := range 5 {
				g[i] += w * row[i] * res
				for k := range 5 {
					h[i][k] += w * row[i] * row[k]
				}
			}
			cost += w * res * res
			n++
		}
	}
	x := solve5(h, g)
	return geom.Vec3{X: -x[0], Y: -x[1], Z: -x[2]}, cost / float64(max(n, 1)), n
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}

// lightModel fits b = gain a + offset over the pixels that both see.
func lightModel(a, b Thumbnail, r geom.Mat3) (gain, offset float64) {
	var sa, sb, saa, sab, n float64
	for y := 1; y < a.Camera.H-1; y += 2 {
		for x := 1; x < a.Camera.W-1; x += 2 {
			p := r.MulVec(a.Camera.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			if p.Z <= .1 {
				continue
			}
			u := b.Camera.Project(p)
			if !b.Camera.Contains(u, 1.5) {
				continue
			}
			va, vb := a.pix[y*a.Camera.W+x], b.pix[int(u.Y+.5)*b.Camera.W+int(u.X+.5)]
			sa, sb, saa, sab, n = sa+va, sb+vb, saa+va*va, sab+va*vb, n+1
		}
	}
	det := n*saa - sa*sa
	if n < 10 || det < 1e-6 {
		return 1, 0
	}
	gain = min(max((n*sab-sa*sb)/det, .3), 3)
	return gain, (sb - gain*sa) / n
}

// sample interpolates a thumbnail and its gradient bilinearly.
func sample(t Thumbnail, u geom.Vec2) (v, gx, gy float64) {
	w := t.Camera.W
	x, y := int(u.X), int(u.Y)
	fx, fy := u.X-float64(x), u.Y-float64(y)
	i := y*w + x
	p00, p10, p01, p11 := t.pix[i], t.pix[i+1], t.pix[i+w], t.pix[i+w+1]
	v = (1-fy)*((1-fx)*p00+fx*p10) + fy*((1-fx)*p01+fx*p11)
	return v, (1-fy)*(p10-p00) + fy*(p11-p01), (1-fx)*(p01-p00) + fx*(p11-p10)
}

// solve5 solves a symmetric system by Gaussian elimination with a small ridge.
func solve5(h [5][5]float64, g [5]float64) (x [5]float64) {
	for i := range 5 {
		h[i][i] += 1e-6*h[i][i] + 1e-9
	}
	for i := range 5 {
		for k := i + 1; k < 5; k++ {
			f := h[k][i] / h[i][i]
			for c := i; c < 5; c++ {
				h[k][c] -= f * h[i][c]
			}
			g[k] -= f * g[i]
		}
	}
	for i := 4; i >= 0; i-- {
		s := g[i]
		for c := i + 1; c < 5; c++ {
			s -= h[i][c] * x[c]
		}
		x[i] = s / h[i][i]
	}
	return x
}
