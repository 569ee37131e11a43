package photometric

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Image is grey levels as floats, row by row.
type Image struct {
	W, H int
	Pix  []float32
}

// Sample interpolates the grey level and its gradient bilinearly; u must lie at
// least a pixel before the right and the lower border.
func (m *Image) Sample(u geom.Vec2) (v, gx, gy float64) {
	x, y := int(u.X), int(u.Y)
	fx, fy := u.X-float64(x), u.Y-float64(y)
	i := y*m.W + x
	p00, p10 := float64(m.Pix[i]), float64(m.Pix[i+1])
	p01, p11 := float64(m.Pix[i+m.W]), float64(m.Pix[i+m.W+1])
	v = (1-fy)*((1-fx)*p00+fx*p10) + fy*((1-fx)*p01+fx*p11)
	return v, (1-fy)*(p10-p00) + fy*(p11-p01), (1-fx)*(p01-p00) + fx*(p11-p10)
}

// Nearest returns the grey level of the pixel that u lies in.
func (m *Image) Nearest(u geom.Vec2) float64 { return float64(m.Pix[int(u.Y+.5)*m.W+int(u.X+.5)]) }

// Smooth returns an image averaged over boxes of 2 radius + 1 pixels, whose border
// goes on beyond the image.
func Smooth(g slam.Gray, radius int) Image {
	m := Image{g.W, g.H, make([]float32, g.W*g.H)}
	norm := 1 / float32((2*radius+1)*(2*radius+1))
	columns := make([]int32, g.W) // sums of the rows of a box
	row := func(y int) []uint8 {
		y = min(max(y, 0), g.H-1)
		return g.Pix[y*g.W : (y+1)*g.W]
	}
	for y := -radius; y <= radius; y++ {
		for x, p := range row(y) {
			columns[x] += int32(p)
		}
	}
	for y := range g.H {
		out := m.Pix[y*g.W : (y+1)*g.W]
		var sum int32
		for d := -radius; d <= radius; d++ {
			sum += columns[min(max(d, 0), g.W-1)]
		}
		for x := range out {
			out[x] = float32(sum) * norm
			sum += columns[min(x+radius+1, g.W-1)] - columns[max(x-radius, 0)]
		}
		old, next := row(y-radius), row(y+radius+1)
		for x := range columns {
			columns[x] += int32(next[x]) - int32(old[x])
		}
	}
	return m
}

// View is an image with the camera that sees it.
type View struct {
	Camera geom.Camera
	Image
}

// Shrink returns a view of 1/k of the size, each pixel the mean of a block.
func Shrink(g slam.Gray, cam geom.Camera, k int) View { return shrink(cam, k, g.Pix) }

// Halved returns a view of half the size, each pixel the mean of four.
func (v *View) Halved() View {
	return shrink(v.Camera, 2, v.Pix)
}

// shrink averages blocks of k x k pixels; what is left at the right and the lower
// border is cut off.
func shrink[T uint8 | float32](cam geom.Camera, k int, pix []T) View {
	w, h := cam.W/k, cam.H/k
	cut := cam
	cut.W, cut.H = w*k, h*k
	v := View{cut.Resized(w, h), Image{w, h, make([]float32, w*h)}}
	norm := 1 / float32(k*k)
	for y := range h {
		out := v.Pix[y*w : (y+1)*w]
		for dy := range k {
			row := pix[(y*k+dy)*cam.W:][:w*k]
			for x := range out {
				for _, p := range row[x*k : x*k+k] {
					out[x] += float32(p)
				}
			}
		}
		for x := range out {
			out[x] *= norm
		}
	}
	return v
}

// see returns where a point of the camera's frame is seen. ok is false less than
// nearM before the camera and within border pixels of the image's.
func (v *View) see(p geom.Vec3, nearM, border float64) (u geom.Vec2, ok bool) {
	if p.Z < nearM {
		return u, false
	}
	u = v.Camera.Project(p)
	right, lower := float64(v.W-1)-border, float64(v.H-1)-border
	return u, u.X >= border && u.Y >= border && u.X < right && u.Y < lower
}

// sample returns the grey level at which a point is seen, at u, and its derivative
// by the point.
func (v *View) sample(p geom.Vec3, u geom.Vec2) (grey float64, d geom.Vec3) {
	grey, gx, gy := v.Sample(u)
	j := v.Camera.ProjectJacobian(p)
	return grey, geom.Vec3{
		X: gx*j[0][0] + gy*j[1][0],
		Y: gx*j[0][1] + gy*j[1][1],
		Z: gx*j[0][2] + gy*j[1][2],
	}
}
