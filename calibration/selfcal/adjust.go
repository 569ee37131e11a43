package selfcal

import (
	"context"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// cameraVar is the camera of all windows: the logarithm of its focal length, its
// principal point in focal lengths, and k1.
type cameraVar struct{ cam, saved camera }

func (v *cameraVar) Dim() int { return 4 }
func (v *cameraVar) Retract(d []float64) {
	c := &v.cam
	c.cx, c.cy = c.cx+c.f*d[1], c.cy+c.f*d[2]
	c.f *= math.Exp(d[0])
	c.k1 += d[3]
}
func (v *cameraVar) Save()    { v.saved = v.cam }
func (v *cameraVar) Restore() { v.cam = v.saved }

// poseVar is T_cw of a view, moved in the world's frame.
type poseVar struct{ pose, saved geom.SE3 }

func (v *poseVar) Dim() int            { return 6 }
func (v *poseVar) Retract(d []float64) { v.pose = v.pose.Retract(geom.Tangent6(d)) }
func (v *poseVar) Save()               { v.saved = v.pose }
func (v *poseVar) Restore()            { v.pose = v.saved }

// pointVar is a point of a window.
type pointVar struct{ at, saved geom.Vec3 }

func (v *pointVar) Dim() int { return 3 }
func (v *pointVar) Retract(d []float64) {
	v.at = v.at.Add(geom.Vec3{X: d[0], Y: d[1], Z: d[2]})
}
func (v *pointVar) Save()    { v.saved = v.at }
func (v *pointVar) Restore() { v.at = v.saved }

// reprojection is the error of a point in deviations. Variables: camera, pose,
// point.
type reprojection struct {
	cam    *cameraVar
	pose   *poseVar
	point  *pointVar
	pixel  geom.Vec2
	weight float64 // 1/pixels
}

func (f *reprojection) Dim() int { return 2 }

// minZ is how far before the camera a point lies, in lengths of the first pair.
const minZ = .02

func (f *reprojection) Linearize(r []float64, j [][]float64) bool {
	p := f.pose.pose.Apply(f.point.at)
	if p.Z < minZ {
		return false
	}
	c := f.cam.cam
	x := geom.Vec2{X: p.X / p.Z, Y: p.Y / p.Z}
	r2 := x.Norm2()
	s := 1 + c.k1*r2
	fw := c.f * f.weight
	r[0] = f.weight * (c.f*s*x.X + c.cx - f.pixel.X)
	r[1] = f.weight * (c.f*s*x.Y + c.cy - f.pixel.Y)
	if j == nil {
		return true
	}
	rows := [2]geom.Vec2{{X: s + 2*c.k1*x.X*x.X, Y: 2 * c.k1 * x.X * x.Y}, {X: 2 * c.k1 * x.X * x.Y, Y: s + 2*c.k1*x.Y*x.Y}}
	for i, v := range [2]float64{x.X, x.Y} {
		if j[0] != nil {
			row := j[0][4*i : 4*i+4]
			row[0], row[1], row[2], row[3] = fw*s*v, 0, 0, fw*v*r2
			row[1+i] = fw
		}
		g := geom.Vec3{X: rows[i].X, Y: rows[i].Y, Z: -(rows[i].X*x.X + rows[i].Y*x.Y)}.Scale(fw / p.Z)
		byPoint := f.pose.pose.R.TMulVec(g)
		if j[1] != nil {
			byR := f.point.at.Cross(byPoint)
			copy(j[1][6*i:], []float64{byPoint.X, byPoint.Y, byPoint.Z, byR.X, byR.Y, byR.Z})
		}
		if j[2] != nil {
			copy(j[2][3*i:], []float64{byPoint.X, byPoint.Y, byPoint.Z})
		}
	}
	return true
}

// prior holds the camera near what most cameras are. Variable: the camera.
type prior struct {
	cam    *cameraVar
	center camera
	sigma  [4]float64
}

func (f *prior) Dim() int { return 4 }

func (f *prior) Linearize(r []float64, j [][]float64) bool {
	c, b := f.cam.cam, f.center
	d := [4]float64{math.Log(c.f / b.f), (c.cx - b.cx) / b.f, (c.cy - b.cy) / b.f, c.k1 - b.k1}
	by := [4]float64{1, c.f / b.f, c.f / b.f, 1}
	for i := range d {
		r[i] = d[i] / f.sigma[i]
		if j != nil && j[0] != nil {
			clear(j[0][4*i : 4*i+4])
			j[0][4*i+i] = by[i] / f.sigma[i]
		}
	}
	return true
}

// baseline holds the length of a window, which nothing else does: r = log |c| /
// sigma of the camera's centre c. Variable: the pose of the second view of the
// pair; that of the first is fixed at the origin.
type baseline struct {
	pose *poseVar
	log  float64
}

const baselineSigma = .01

func (f *baseline) Dim() int { return 1 }

func (f *baseline) Linearize(r []float64, j [][]float64) bool {
	t := f.pose.pose.T
	n := t.Norm()
	if n < 1e-9 {
		return false
	}
	r[0] = (math.Log(n) - f.log) / baselineSigma
	if j != nil && j[0] != nil {
		g := f.pose.pose.R.TMulVec(t.Scale(1 / (n * n * baselineSigma))) // t moves by R rho
		copy(j[0], []float64{g.X, g.Y, g.Z, 0, 0, 0})
	}
	return true
}

// observation is a factor with where it comes from.
type observation struct {
	window int
	factor *reprojection
}

// problem is the adjustment of several windows with one camera.
type problem struct {
	*optimize.Problem
	cam          *cameraVar
	camID        optimize.ID
	observations []observation
}

// huberSigmas is where residuals begin to count by their distance; features that
// drift off are common.
const huberSigmas = 1.5

// newProblem enters the windows for which use is true.
func newProblem(all []*structure, c camera, held prior, sigmaPx float64, use func(int) bool) problem {
	p := problem{Problem: optimize.NewProblem(), cam: &cameraVar{cam: c}}
	p.camID = p.Add(p.cam)
	held.cam = p.cam
	p.AddFactor(&held, geom.Kernel{}, p.camID)
	for w, s := range all {
		if s == nil || !use(w) {
			continue
		}
		ids := make([]optimize.ID, len(s.poses))
		for i, pose := range s.poses {
			if pose == nil {
				continue
			}
			ids[i] = p.Add(pose)
			if i == s.pair[0] {
				p.Fix(ids[i])
			}
			if i == s.pair[1] {
				p.AddFactor(&baseline{pose, math.Log(pose.pose.T.Norm())}, geom.Kernel{}, ids[i])
			}
		}
		points := make(map[int]optimize.ID, len(s.ids))
		for _, id := range s.ids {
			points[id] = p.AddEliminated(s.points[id])
		}
		for i, v := range s.views {
			if s.poses[i] == nil {
				continue
			}
			for _, t := range v.Tracks {
				id, ok := points[t.ID]
				if !ok {
					continue
				}
				f := &reprojection{p.cam, s.poses[i], s.points[t.ID], t.Pixel, 1 / sigmaPx}
				p.AddFactor(f, geom.Kernel{Kind: geom.Huber, Delta: huberSigmas}, p.camID, ids[i], id)
				p.observations = append(p.observations, observation{w, f})
			}
		}
	}
	return p
}

// solve adjusts.
func (p problem) solve(ctx context.Context, iterations int) error {
	opt := optimize.DefaultOptions()
	opt.MaxIterations, opt.FunctionTolerance, opt.Threads = iterations, 1e-7, 2
	_, err := optimize.Solve(ctx, p.Problem, opt)
	return err
}
