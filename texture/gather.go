package texture

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

const (
	// Of frames nearer to each other than a tenth of the distance of what they see, and
	// less than 10 degrees turned, the sharpest one is kept: the others show the same.
	gatherShare, gatherRad = .1, 10 * math.Pi / 180
	gatherQuality          = 95 // of JPEG
)

// Gatherer keeps the images of a sequence of views that a texture is worth making of,
// compressed: some 100 kB for each of 640x480.
type Gatherer struct {
	views  []View
	images [][]byte
	first  geom.SE3 // of the views of which the last one is the sharpest
	reach  float64  // metres
	sharp  float64  // contrast of the last one
}

// Add takes a view, if it is one of those kept.
func (g *Gatherer) Add(v slam.KeyframeView) error {
	img := v.Color
	if img.Empty() {
		img = v.Gray.RGB()
	}
	if img.Empty() {
		return nil
	}
	sharp := contrast(img, img.W/2, img.H/2, max(img.W, img.H))
	fresh := len(g.views) == 0
	if !fresh {
		d := g.first.Inverse().Mul(v.Pose)
		fresh = d.T.Norm() > g.reach || geom.RotationAngle(d.R) > gatherRad
	}
	if !fresh && sharp <= g.sharp {
		return nil
	}
	var data bytes.Buffer
	if err := jpeg.Encode(&data, rgba(img), &jpeg.Options{Quality: gatherQuality}); err != nil {
		return fmt.Errorf("texture: the image of view %d: %w", v.ID, err)
	}
	if fresh {
		g.views, g.images = append(g.views, View{}), append(g.images, nil)
		g.first, g.reach = v.Pose, gatherShare*float64(stats.Median(known(v.Depth)))
	}
	n := len(g.views) - 1
	g.views[n], g.images[n], g.sharp = View{Pose: v.Pose, Camera: v.Camera}, data.Bytes(), sharp
	return nil
}

// known returns some of the depths of a map.
func known(d slam.DepthMap) (out []float32) {
	for i := 0; i < len(d.Depth); i += len(d.Depth)/1000 + 1 {
		if z := d.Depth[i]; z > 0 && !math.IsInf(float64(z), 0) {
			out = append(out, z)
		}
	}
	if len(out) == 0 {
		return []float32{1}
	}
	return out
}

func rgba(img slam.RGB) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
	for i := range img.W * img.H {
		copy(out.Pix[4*i:], img.Pix[3*i:3*i+3])
		out.Pix[4*i+3] = 255
	}
	return out
}

// Views returns what was kept.
func (g *Gatherer) Views() Views {
	return Views{Of: g.views, Image: func(i int) (slam.RGB, error) {
		img, err := jpeg.Decode(bytes.NewReader(g.images[i]))
		if err != nil {
			return slam.RGB{}, err
		}
		b := img.Bounds()
		plain := image.NewRGBA(b)
		draw.Draw(plain, b, img, b.Min, draw.Src)
		out := slam.NewRGB(b.Dx(), b.Dy())
		for i := range out.W * out.H {
			copy(out.Pix[3*i:3*i+3], plain.Pix[4*i:])
		}
		return out, nil
	}}
}
