package mapping

import (
	"math"
	"sync"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// undistortions are, by camera, where its pinhole sees the pixels of its images: all
// views of a part share two or three. Several goroutines may ask for them.
type undistortions struct {
	mu   sync.Mutex
	maps map[geom.Camera][]int

	sampled geom.Camera // that samples is of
	samples []geom.Vec2
}

// sampling returns where each pixel of a camera's pinhole lies in its image. The last one
// is kept.
func (l *undistortions) sampling(c geom.Camera) []geom.Vec2 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.samples == nil || l.sampled != c {
		l.sampled, l.samples = c, sampling(c)
	}
	return l.samples
}

func (l *undistortions) undistortionMap(c geom.Camera) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, ok := l.maps[c]
	if !ok {
		if l.maps == nil {
			l.maps = make(map[geom.Camera][]int)
		}
		from = undistortionMap(c)
		l.maps[c] = from
	}
	return from
}

// undistort turns a view of an adjusted camera into that of a pinhole of the same
// focal length and principal point: fusion knows no other. Pixels are taken, not
// averaged, for the reason that packDepth has.
func (l *undistortions) undistort(v *slam.KeyframeView) {
	if bent := v.Camera; bent.Distorted() {
		v.Camera = pinhole(bent)
		for i, s := range v.Landmarks {
			v.Landmarks[i].Pixel = v.Camera.Project(bent.Ray(s.Pixel))
		}
		from := l.undistortionMap(bent)
		v.Gray.Pix, v.Color.Pix = picked(v.Gray.Pix, from, 1), picked(v.Color.Pix, from, 3)
	}
	if d := &v.Depth; !d.Empty() && d.Camera.Distorted() {
		from := l.undistortionMap(d.Camera)
		d.Camera = pinhole(d.Camera)
		d.Depth, d.LogStd = picked(d.Depth, from, 1), picked(d.LogStd, from, 1)
	}
}

// pinhole is a camera without its bend.
func pinhole(c geom.Camera) geom.Camera {
	c.U1, c.U2 = 0, 0
	return c
}

// undistortionMap returns which pixel of a bent camera's image every pixel of its pinhole
// sees, -1 where it sees past the edge.
func undistortionMap(c geom.Camera) []int {
	straight := pinhole(c)
	from := make([]int, c.W*c.H)
	for y := range c.H {
		for x := range c.W {
			u := c.Project(straight.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
			cx, cy := int(math.Round(u.X)), int(math.Round(u.Y))
			from[y*c.W+x] = -1
			if cx >= 0 && cy >= 0 && cx < c.W && cy < c.H {
				from[y*c.W+x] = cy*c.W + cx
			}
		}
	}
	return from
}

// picked gathers pixels of n values; zeros where there is none. nil stays nil.
func picked[T uint8 | float32](pix []T, from []int, n int) []T {
	if len(pix) == 0 {
		return pix
	}
	out := make([]T, len(pix))
	for i, j := range from {
		if j >= 0 {
			copy(out[n*i:n*i+n], pix[n*j:n*j+n])
		}
	}
	return out
}
