package calibration

import (
	"math"
	"math/rand/v2"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Studio renders a board as a camera sees it.
type Studio struct {
	cam   Camera
	board Board
	rays  []geom.Vec2 // of samples x samples a pixel
}

const samples = 2 // a side of a pixel

func NewStudio(c Camera, b Board) *Studio {
	s := &Studio{cam: c, board: b, rays: make([]geom.Vec2, c.W*c.H*samples*samples)}
	lens, v := c.lens(), c.Values
	w := c.W * samples
	for i := range s.rays {
		x, y := (float64(i%w)+.5)/samples-.5, (float64(i/w)+.5)/samples-.5
		s.rays[i] = lens.Undistort(geom.Vec2{X: (x - v[2]) / v[0], Y: (y - v[3]) / v[1]})
	}
	return s
}

// Shot is how an image is taken.
type Shot struct {
	Pose   geom.SE3 // T_cb
	BlurPx int      // along x, a box to both sides
	Noise  float64  // grey levels
	Seed   uint64
}

// Take renders the board on white paper before grey.
func (s *Studio) Take(sh Shot) slam.Gray {
	w, h := s.cam.W, s.cam.H
	inv := sh.Pose.Inverse()
	size := s.board.Size()
	const paper = 1.0 // of white around, in edges
	var low geom.Vec2
	if s.board.Kind == Chessboard {
		low = geom.Vec2{X: -1, Y: -1}
	}
	img := make([]float64, w*h)
	for i, ray := range s.rays {
		at := i/(w*samples)/samples*w + i%(w*samples)/samples
		v := 90.0
		d := inv.R.MulVec(geom.Vec3{X: ray.X, Y: ray.Y, Z: 1})
		if t := -inv.T.Z / d.Z; t > 0 {
			p := geom.Vec2{X: inv.T.X + t*d.X, Y: inv.T.Y + t*d.Y}
			switch {
			case s.board.Dark(p):
				v = 30
			case p.X > low.X-paper && p.Y > low.Y-paper && p.X < low.X+size.X+paper && p.Y < low.Y+size.Y+paper:
				v = 220
			}
		}
		img[at] += v / (samples * samples)
	}
	r := rand.New(rand.NewPCG(sh.Seed, 5))
	g := slam.NewGray(w, h)
	for y := range h {
		for x := range w {
			v := 0.0
			for k := -sh.BlurPx; k <= sh.BlurPx; k++ {
				v += img[y*w+min(max(x+k, 0), w-1)]
			}
			v = v/float64(2*sh.BlurPx+1) + sh.Noise*r.NormFloat64()
			g.Pix[y*w+x] = uint8(math.Min(math.Max(v+.5, 0), 255))
		}
	}
	return g
}

// Tour is n poses in front of a board: up to roam of the image from its middle, near and far, tilted
// up to tiltRad and turned.
func Tour(c Camera, b Board, n int, tiltRad, roam float64, seed uint64) (poses []geom.SE3) {
	r := rand.New(rand.NewPCG(seed, 9))
	size, v := b.Size(), c.Values
	middle := geom.Vec3{X: size.X / 2, Y: size.Y / 2}
	if b.Kind == Chessboard {
		middle = middle.Sub(geom.Vec3{X: 1, Y: 1})
	}
	for len(poses) < n {
		share := .35 + .5*r.Float64() // of the image's width that the board takes
		z := size.X * v[0] / (share * float64(c.W))
		room := roam * (1 - .6*share)
		x := (2*r.Float64() - 1) * room * float64(c.W) / v[0] * z
		y := (2*r.Float64() - 1) * room * float64(c.H) / v[1] * z
		a := 2 * math.Pi * r.Float64()
		tilt := geom.ExpSO3(geom.Vec3{X: math.Cos(a), Y: math.Sin(a)}.Scale(tiltRad * r.Float64()))
		rot := tilt.Mul(geom.ExpSO3(geom.Vec3{Z: .4 * r.NormFloat64()}))
		poses = append(poses, geom.SE3{R: rot, T: geom.Vec3{X: x, Y: y, Z: z}.Sub(rot.MulVec(middle))})
	}
	return poses
}

// Film is the views of images taken along a tour.
func (s *Studio) Film(f Finder, poses []geom.SE3, look Shot) (views []View) {
	for i, p := range poses {
		look.Pose, look.Seed = p, uint64(i)
		views = append(views, View{Frame: 100 * i, Corners: f.Find(s.Take(look))})
	}
	return views
}
