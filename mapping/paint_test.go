package mapping

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// sticker is a square of grey relief that faces every camera: what a test scene
// shows of a point.
type sticker [stickerSide * stickerSide]float64

const (
	stickerSide  = 8
	stickerSizeM = .2
)

func newSticker(r *rand.Rand) (s sticker) {
	for i := range s {
		s[i] = 40 + 170*r.Float64()
	}
	return s
}

// at interpolates the relief at x, y in 0..1.
func (s *sticker) at(x, y float64) float64 {
	x, y = x*(stickerSide-1), y*(stickerSide-1)
	ix, iy := min(int(x), stickerSide-2), min(int(y), stickerSide-2)
	fx, fy := x-float64(ix), y-float64(iy)
	i := iy*stickerSide + ix
	return (1-fy)*((1-fx)*s[i]+fx*s[i+1]) + fy*((1-fx)*s[i+stickerSide]+fx*s[i+stickerSide+1])
}

// paint draws the stickers of points, given in the camera, far ones first.
func paint(cam geom.Camera, points []geom.Vec3, stickers []sticker) slam.Gray {
	g := slam.NewGray(cam.W, cam.H)
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(points[b].Z, points[a].Z) })
	for _, i := range order {
		p := points[i]
		u, half := cam.Project(p), stickerSizeM*cam.Fx/p.Z/2
		for y := max(int(math.Ceil(u.Y-half)), 0); y < min(int(u.Y+half)+1, g.H); y++ {
			for x := max(int(math.Ceil(u.X-half)), 0); x < min(int(u.X+half)+1, g.W); x++ {
				fx, fy := (float64(x)-u.X+half)/(2*half), (float64(y)-u.Y+half)/(2*half)
				if fx <= 1 && fy <= 1 {
					g.Pix[y*g.W+x] = uint8(stickers[i].at(fx, fy) + .5)
				}
			}
		}
	}
	return g
}
