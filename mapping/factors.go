package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// poseVar is a camera-to-world pose, updated on the right: T <- T Exp(xi).
type poseVar struct{ pose, saved geom.SE3 }

func (v *poseVar) Dim() int { return 6 }
func (v *poseVar) Retract(d []float64) {
	v.pose = v.pose.Retract(geom.Tangent6{d[0], d[1], d[2], d[3], d[4], d[5]})
}
func (v *poseVar) Save()    { v.saved = v.pose }
func (v *poseVar) Restore() { v.pose = v.saved }

// depthVar is the inverse depth of a landmark along the ray of its host.
type depthVar struct {
	rho, saved float64
	ray        geom.Vec3
}

func (v *depthVar) Dim() int            { return 1 }
func (v *depthVar) Retract(d []float64) { v.rho = max(v.rho+d[0], v.rho/8, minInvDepth) }
func (v *depthVar) Save()               { v.saved = v.rho }
func (v *depthVar) Restore()            { v.rho = v.saved }

// scaleVar is the log-scale of a keyframe's depth readings.
type scaleVar struct{ s, saved float64 }

func (v *scaleVar) Dim() int            { return 1 }
func (v *scaleVar) Retract(d []float64) { v.s += d[0] }
func (v *scaleVar) Save()               { v.saved = v.s }
func (v *scaleVar) Restore()            { v.s = v.saved }

// observed is the geometry that every factor of an observation shares: the
// landmark's point in the observer and its derivatives.
type observed struct {
	host, at *poseVar
	depth    *depthVar
}

// point returns p_c = T_c^-1 T_h (ray/rho), and the same point in the world and
// in the host.
func (o *observed) point() (pc, ph geom.Vec3) {
	ph = o.depth.ray.Scale(1 / o.depth.rho)
	return o.at.pose.ApplyInverse(o.host.pose.Apply(ph)), ph
}

// reprojection is the pixel error of a landmark in a keyframe other than its
// host, in units of sigma: variables host pose, observer pose, inverse depth.
type reprojection struct {
	observed
	cam    *geom.Camera // of the keyframe
	pixel  geom.Vec2
	weight float64 // 1/sigma, 1/pixels
}

func (f *reprojection) Dim() int { return 2 }

func (f *reprojection) Linearize(r []float64, j [][]float64) bool {
	pc, ph := f.point()
	if pc.Z < minDepthM {
		return false
	}
	e := f.cam.Project(pc).Sub(f.pixel)
	r[0], r[1] = e.X*f.weight, e.Y*f.weight
	if j == nil {
		return true
	}
	d := f.cam.ProjectJacobian(pc)
	for i := range 2 {
		row := geom.Vec3{X: d[i][0], Y: d[i][1], Z: d[i][2]}.Scale(f.weight)
		f.chain(row, pc, ph, i, j)
	}
	return true
}

// chain writes row i of the Jacobians of a scalar with gradient g = d/d p_c:
//
//	d p_c / d xi_h = R_c^T R_h [I, -[p_h]x]
//	d p_c / d xi_c = [-I, [p_c]x]
//	d p_c / d rho  = -R_c^T R_h ray / rho^2
func (o *observed) chain(g, pc, ph geom.Vec3, i int, j [][]float64) {
	gh := o.host.pose.R.TMulVec(o.at.pose.R.MulVec(g)) // g^T R_c^T R_h, as a column
	if j[0] != nil {
		rot := ph.Cross(gh)
		set6(j[0][6*i:], gh, rot)
	}
	if j[1] != nil {
		rot := g.Cross(pc)
		set6(j[1][6*i:], g.Scale(-1), rot)
	}
	if j[2] != nil {
		rho := o.depth.rho
		j[2][i] = -gh.Dot(o.depth.ray) / (rho * rho)
	}
}

func set6(dst []float64, a, b geom.Vec3) {
	dst[0], dst[1], dst[2], dst[3], dst[4], dst[5] = a.X, a.Y, a.Z, b.X, b.Y, b.Z
}

// depthReading is a reading of the depth source at an observation: r = (log z_c
// - log D - s_k)/sigma. Variables: host pose, observer pose, inverse depth and,
// unless the source measures metres, the log-scale of the observer.
type depthReading struct {
	observed
	scale    *scaleVar // nil for a sensor
	logDepth float64
	weight   float64 // 1/sigma
}

func (f *depthReading) Dim() int { return 1 }

func (f *depthReading) Linearize(r []float64, j [][]float64) bool {
	pc, ph := f.point()
	if pc.Z < minDepthM {
		return false
	}
	s := 0.0
	if f.scale != nil {
		s = f.scale.s
	}
	r[0] = (math.Log(pc.Z) - f.logDepth - s) * f.weight
	if j == nil {
		return true
	}
	f.chain(geom.Vec3{Z: f.weight / pc.Z}, pc, ph, 0, j)
	if f.scale != nil && j[3] != nil {
		j[3][0] = -f.weight
	}
	return true
}

// hostReading is the same at the host itself, where the pose plays no part:
// r = (-log rho - log D - s_k)/sigma. Variables: inverse depth, log-scale.
type hostReading struct {
	depth    *depthVar
	scale    *scaleVar
	logDepth float64
	weight   float64
}

func (f *hostReading) Dim() int { return 1 }

func (f *hostReading) Linearize(r []float64, j [][]float64) bool {
	s := 0.0
	if f.scale != nil {
		s = f.scale.s
	}
	r[0] = (-math.Log(f.depth.rho) - f.logDepth - s) * f.weight
	if j == nil {
		return true
	}
	if j[0] != nil {
		j[0][0] = -f.weight / f.depth.rho
	}
	if f.scale != nil && j[1] != nil {
		j[1][0] = -f.weight
	}
	return true
}

// scaleTie holds a keyframe's log-scale near the source's: r = (s_k - s)/sigma.
type scaleTie struct {
	scale  *scaleVar
	mean   float64
	weight float64
}

func (f *scaleTie) Dim() int { return 1 }

func (f *scaleTie) Linearize(r []float64, j [][]float64) bool {
	r[0] = (f.scale.s - f.mean) * f.weight
	if j != nil && j[0] != nil {
		j[0][0] = f.weight
	}
	return true
}
