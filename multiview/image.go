package multiview

import (
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// maxPixels is the size above which images are halved for matching. Three
// levels up to 640x480 took three times the time and gave nothing.
const maxPixels = 150_000

// image is a grey image of a pinhole camera.
type image struct {
	Camera geom.Camera
	Pix    []uint8
}

// reduced halves an image until it has at most maxPixels pixels.
func reduced(g slam.Gray) slam.Gray {
	for g.W*g.H > maxPixels {
		g = halved(g)
	}
	return g
}

// halved returns the means of 2x2 pixels.
func halved(g slam.Gray) slam.Gray {
	out := slam.NewGray(g.W/2, g.H/2)
	for y := range out.H {
		a, b := g.Pix[2*y*g.W:(2*y+1)*g.W], g.Pix[(2*y+1)*g.W:(2*y+2)*g.W]
		row := out.Pix[y*out.W : (y+1)*out.W]
		for x := range row {
			row[x] = uint8((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) / 4)
		}
	}
	return out
}

// unbender is where a pinhole of the same size sees the pixels of a camera that has
// distortion left.
type unbender struct {
	cam    geom.Camera
	pixels [][2]float32
}

func newUnbender(cam geom.Camera) *unbender {
	u := &unbender{cam, make([][2]float32, cam.W*cam.H)}
	straight := cam
	straight.U1, straight.U2 = 0, 0
	for i := range u.pixels {
		p := cam.Project(straight.Ray(geom.Vec2{X: float64(i % cam.W), Y: float64(i / cam.W)}))
		u.pixels[i] = [2]float32{float32(p.X), float32(p.Y)}
	}
	return u
}

// photographer makes images and remembers the last camera: all keyframes of a run
// share it.
type photographer struct{ last *unbender }

// image makes an image of any size by any camera one of a pinhole for matching.
func (p *photographer) image(g slam.Gray, cam geom.Camera) *image {
	g = reduced(g)
	cam = cam.Resized(g.W, g.H)
	if !cam.Distorted() {
		return &image{cam, g.Pix}
	}
	if p.last == nil || p.last.cam != cam {
		p.last = newUnbender(cam)
	}
	im := &image{cam, make([]uint8, g.W*g.H)}
	im.Camera.U1, im.Camera.U2 = 0, 0
	for i, u := range p.last.pixels {
		im.Pix[i] = uint8(min(sample(g.Pix, g.W, g.H, u[0], u[1])+8, 255<<4) >> 4)
	}
	return im
}

// sample returns 16 times the grey level at (x, y), bilinear, that of the border
// outside.
func sample(pix []uint8, w, h int, x, y float32) int32 {
	x, y = min(max(x, 0), float32(w-1)), min(max(y, 0), float32(h-1))
	x0, y0 := min(int(x), w-2), min(int(y), h-2)
	fx, fy := int32((x-float32(x0))*64), int32((y-float32(y0))*64)
	i := y0*w + x0
	a, b := int32(pix[i]), int32(pix[i+1])
	c, d := int32(pix[i+w]), int32(pix[i+w+1])
	top, low := a<<6+(b-a)*fx, c<<6+(d-c)*fx
	return (top<<6 + (low-top)*fy) >> 8
}

// half is the image at half the size.
func (im *image) half() *image {
	g := halved(slam.Gray{W: im.Camera.W, H: im.Camera.H, Pix: im.Pix})
	return &image{im.Camera.Resized(g.W, g.H), g.Pix}
}
