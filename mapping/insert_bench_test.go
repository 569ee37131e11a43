package mapping

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// way is a camera that goes ahead between points at its sides, a keyframe every .5 m,
// and never comes back.
type way struct {
	*Mapper
	rand   *rand.Rand
	points []geom.Vec3 // by track
	seen   int         // points behind it
}

func newWay(b *testing.B) *way {
	return &way{Mapper: NewMapper(Default(), &fakeMatcher{}, nil), rand: rand.New(rand.NewPCG(2, 3))}
}

// step inserts the next keyframe.
func (w *way) step(b *testing.B) {
	z := .5 * float64(len(w.Map.Keyframes))
	for len(w.points) == 0 || w.points[len(w.points)-1].Z < z+12 {
		at := float64(len(w.points)) * .02
		w.points = append(w.points, geom.Vec3{X: math.Copysign(1+2*w.rand.Float64(), w.rand.Float64()-.5), Y: 2*w.rand.Float64() - 1, Z: at})
	}
	pose := geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: z}}
	cam := geom.Camera{W: 64, H: 48, Fx: 52, Fy: 52, Cx: 31.5, Cy: 23.5}
	f := &slam.Frame{Index: len(w.Map.Keyframes), Time: z, Camera: cam, Gray: slam.NewGray(cam.W, cam.H)}
	c := Candidate{Frame: f, Pose: pose, Depth: depthOf(16, 12, func(int, int) float64 { return 3 }), NoisePx: .1}
	c.Depth.Camera, c.Depth.ScaleSigma, c.Depth.PlaceSigma = cam.Resized(16, 12), .1, .1
	for w.points[w.seen].Z < z {
		w.seen++
	}
	for id := w.seen; id < len(w.points); id++ {
		p := pose.ApplyInverse(w.points[id])
		if u := cam.Project(p); p.Z > 1.5 && cam.Contains(u, 1) {
			c.Tracks = append(c.Tracks, slam.Track{ID: id, Pixel: u})
		}
	}
	if _, err := w.Insert(b.Context(), c); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkInsert is a keyframe of a map that has already so many: what it costs
// must not grow with the map.
func BenchmarkInsert(b *testing.B) {
	for _, n := range []int{200, 1000, 1700} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWay(b)
			for len(w.Map.Keyframes) < n {
				w.step(b)
			}
			b.ResetTimer()
			for b.Loop() {
				w.step(b)
			}
		})
	}
}
