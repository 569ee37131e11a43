package multiview

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize"
)

// The unknowns: poses updated on the right, points, and log-scales.
type (
	poseVar  struct{ pose, saved geom.SE3 }
	pointVar struct{ point, saved geom.Vec3 }
	scaleVar struct{ log, saved float64 }
)

func (v *poseVar) Dim() int { return 6 }
func (v *poseVar) Retract(d []float64) {
	v.pose = v.pose.Retract(geom.Tangent6{d[0], d[1], d[2], d[3], d[4], d[5]})
}
func (v *poseVar) Save()    { v.saved = v.pose }
func (v *poseVar) Restore() { v.pose = v.saved }

func (v *pointVar) Dim() int { return 3 }
func (v *pointVar) Retract(d []float64) {
	v.point = v.point.Add(geom.Vec3{X: d[0], Y: d[1], Z: d[2]})
}
func (v *pointVar) Save()    { v.saved = v.point }
func (v *pointVar) Restore() { v.point = v.saved }

func (v *scaleVar) Dim() int            { return 1 }
func (v *scaleVar) Retract(d []float64) { v.log += d[0] }
func (v *scaleVar) Save()               { v.saved = v.log }
func (v *scaleVar) Restore()            { v.log = v.saved }

// minDepthM is the depth below which a point counts as behind the camera.
const minDepthM = .01

// seen is what factors of a point in a photograph share: the point in the camera
// and the gradients, d p_c / d xi = [-I, [p_c]x] and d p_c / d p = R^T.
type seen struct {
	pose  *poseVar
	point *pointVar
}

func (f seen) local() geom.Vec3 { return f.pose.pose.ApplyInverse(f.point.point) }

func (f seen) chain(g, pc geom.Vec3, i int, j [][]float64) {
	if j[0] != nil {
		rot := g.Cross(pc)
		copy(j[0][6*i:], []float64{-g.X, -g.Y, -g.Z, rot.X, rot.Y, rot.Z})
	}
	if j[1] != nil {
		w := f.pose.pose.R.MulVec(g)
		copy(j[1][3*i:], []float64{w.X, w.Y, w.Z})
	}
}

// reprojection is a pixel's error in units of its deviation.
type reprojection struct {
	seen
	cam   *geom.Camera
	pixel geom.Vec2
	std   float64
}

func (f *reprojection) Dim() int { return 2 }

func (f *reprojection) Linearize(r []float64, j [][]float64) bool {
	pc := f.local()
	if pc.Z < minDepthM {
		return false
	}
	e := f.cam.Project(pc).Sub(f.pixel)
	r[0], r[1] = e.X/f.std, e.Y/f.std
	if j != nil {
		d := f.cam.ProjectJacobian(pc)
		for i := range 2 {
			f.chain(geom.Vec3{X: d[i][0], Y: d[i][1], Z: d[i][2]}.Scale(1/f.std), pc, i, j)
		}
	}
	return true
}

// reading is the depth of a photograph at a point: (log z - log D - s) / std.
type reading struct {
	seen
	scale    *scaleVar
	logDepth float64
	std      float64
}

func (f *reading) Dim() int { return 1 }

func (f *reading) Linearize(r []float64, j [][]float64) bool {
	pc := f.local()
	if pc.Z < minDepthM {
		return false
	}
	r[0] = (math.Log(pc.Z) - f.logDepth - f.scale.log) / f.std
	if j != nil {
		f.chain(geom.Vec3{Z: 1 / (f.std * pc.Z)}, pc, 0, j)
		if j[2] != nil {
			j[2][0] = -1 / f.std
		}
	}
	return true
}

// prior holds a log-scale near zero, which is right on average.
type prior struct {
	scale *scaleVar
	std   float64
}

func (f *prior) Dim() int { return 1 }

func (f *prior) Linearize(r []float64, j [][]float64) bool {
	r[0] = f.scale.log / f.std
	if j != nil && j[0] != nil {
		j[0][0] = 1 / f.std
	}
	return true
}

// problem is an adjustment: its variables, and all factors for the covariance.
type problem struct {
	p      *optimize.Problem
	poses  map[*view]*poseVar
	scales map[*view]*scaleVar
	points map[*landmark]*pointVar
	ids    map[optimize.Variable]optimize.ID
	fixed  *poseVar
	edges  []edge
}

type edge struct {
	f      optimize.Factor
	kernel geom.Kernel
	vars   []optimize.Variable
}

var (
	pixelKernel = geom.Kernel{Kind: geom.Huber, Delta: 2}
	depthKernel = geom.Kernel{Kind: geom.Huber, Delta: 1.5}
)

// minSigma is the least deviation of a scale that is believed.
const minSigma = .01

// problem builds the adjustment of all placed photographs with the landmarks
// that are seen most often, and others that must be in it.
func (p *Place) problem(extra []*landmark) *problem {
	q := &problem{
		p: optimize.NewProblem(), poses: map[*view]*poseVar{}, scales: map[*view]*scaleVar{},
		points: map[*landmark]*pointVar{}, ids: map[optimize.Variable]optimize.ID{},
	}
	for _, v := range p.views {
		if !v.placed {
			continue
		}
		pose, scale := &poseVar{pose: v.pose}, &scaleVar{log: v.logScale}
		q.poses[v], q.scales[v] = pose, scale
		q.ids[pose], q.ids[scale] = q.p.Add(pose), q.p.Add(scale)
		if q.fixed == nil {
			q.fixed = pose
			q.p.Fix(q.ids[pose])
		}
		q.add(&prior{scale, max(v.photo.Depth.ScaleSigma, minSigma)}, geom.Kernel{}, scale)
	}
	most := slices.Clone(p.landmarks)
	slices.SortStableFunc(most, func(a, b *landmark) int { return cmp.Compare(len(b.seen), len(a.seen)) })
	most = append(most[:min(len(most), maxLandmarks):min(len(most), maxLandmarks)], extra...)
	readings := map[*view]float64{}
	for _, l := range most {
		for _, o := range l.seen {
			readings[o.view]++
		}
	}
	alone := map[*landmark]bool{}
	for _, l := range extra {
		alone[l] = len(l.seen) == 1
	}
	for _, l := range most {
		point := &pointVar{point: l.point}
		q.points[l], q.ids[point] = point, q.p.AddEliminated(point)
		for _, o := range l.seen {
			s := seen{q.poses[o.view], point}
			q.add(&reprojection{s, &o.view.cam, o.pixel, o.std}, pixelKernel, s.pose, point)
			if z, std, err := o.view.photo.DepthAt(o.view.original(o.pixel)); err == nil {
				if !alone[l] { // whose depth is nothing but this one
					std *= math.Sqrt(math.Max(1, readings[o.view]/readingsAlike))
				}
				scale := q.scales[o.view]
				q.add(&reading{s, scale, math.Log(z), std}, depthKernel, s.pose, point, scale)
			}
		}
	}
	return q
}

func (q *problem) add(f optimize.Factor, k geom.Kernel, vars ...optimize.Variable) {
	ids := make([]optimize.ID, len(vars))
	for i, v := range vars {
		ids[i] = q.ids[v]
	}
	q.p.AddFactor(f, k, ids...)
	q.edges = append(q.edges, edge{f, k, vars})
}

// solve adjusts, and takes the result over.
func (q *problem) solve(ctx context.Context) error {
	if _, err := optimize.Solve(ctx, q.p, optimize.Options{MaxIterations: 30}); err != nil {
		return err
	}
	for v, pose := range q.poses {
		v.pose, v.logScale = pose.pose, q.scales[v].log
	}
	for l, point := range q.points {
		l.point = point.point
	}
	return nil
}

func (p *Place) adjust(ctx context.Context) error {
	q := p.problem(nil)
	if err := q.solve(ctx); err != nil {
		return err
	}
	for _, l := range p.landmarks {
		if q.points[l] == nil {
			l.retriangulate()
		}
	}
	return nil
}

// retriangulate places a landmark anew by the poses as they are.
func (l *landmark) retriangulate() {
	var tcw []geom.SE3
	var x []geom.Vec2
	for _, o := range l.seen {
		tcw, x = append(tcw, o.view.pose.Inverse()), append(x, o.view.ray(o.pixel))
	}
	if point, ok := geom.TriangulateN(tcw, x); ok {
		l.point = point
	}
}

// covariance returns J H^-1 J^T for the given gradients of quantities with
// respect to the points: H is the normal matrix of the whole adjustment at its
// solution, robust weights included.
func (q *problem) covariance(gradients []map[*landmark]geom.Vec3) (*mat.SymDense, error) {
	at, n := map[optimize.Variable]int{}, 0
	for _, e := range q.edges { // in the order of the factors, so that it is the same every time
		for _, v := range e.vars {
			if _, ok := at[v]; !ok && v != optimize.Variable(q.fixed) {
				at[v] = n
				n += v.Dim()
			}
		}
	}
	h := mat.NewSymDense(n, nil)
	r := make([]float64, optimize.MaxFactorDim)
	for _, e := range q.edges {
		dim := e.f.Dim()
		j := make([][]float64, len(e.vars))
		for k, v := range e.vars {
			j[k] = make([]float64, dim*v.Dim())
		}
		if !e.f.Linearize(r[:dim], j) {
			continue
		}
		var s float64
		for _, x := range r[:dim] {
			s += x * x
		}
		_, w := e.kernel.Eval(s)
		addNormal(h, e.vars, at, j, dim, w)
	}
	var chol mat.Cholesky
	if !chol.Factorize(h) {
		return nil, errors.New("the photographs do not tell the place: what they see alike may be one plane, or lie too far away")
	}
	grads, solved := make([]*mat.VecDense, len(gradients)), make([]mat.VecDense, len(gradients))
	for i, g := range gradients {
		grads[i] = mat.NewVecDense(n, nil)
		for l, d := range g {
			k := at[q.points[l]]
			for c, x := range [3]float64{d.X, d.Y, d.Z} {
				grads[i].SetVec(k+c, grads[i].AtVec(k+c)+x)
			}
		}
		if err := chol.SolveVecTo(&solved[i], grads[i]); err != nil && !errors.As(err, new(mat.Condition)) {
			return nil, err
		}
	}
	v := mat.NewSymDense(len(gradients), nil)
	for i := range gradients {
		for k := i; k < len(gradients); k++ {
			v.SetSym(i, k, mat.Dot(grads[i], &solved[k]))
		}
	}
	return v, nil
}

// addNormal adds w J^T J of a factor.
func addNormal(h *mat.SymDense, vars []optimize.Variable, at map[optimize.Variable]int, j [][]float64, dim int, w float64) {
	for a, va := range vars {
		ia, ok := at[va]
		if !ok {
			continue
		}
		for b, vb := range vars {
			ib, ok := at[vb]
			if !ok {
				continue
			}
			for x := range va.Dim() {
				for y := range vb.Dim() {
					if ia+x > ib+y {
						continue
					}
					var sum float64
					for i := range dim {
						sum += j[a][i*va.Dim()+x] * j[b][i*vb.Dim()+y]
					}
					h.SetSym(ia+x, ib+y, h.At(ia+x, ib+y)+w*sum)
				}
			}
		}
	}
}
