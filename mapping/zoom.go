package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// A lens that zooms, or breathes as it focuses, looks to a map like a camera that
// moves along its axis: poses and depths take most of it up, and a focal length that
// all keyframes share moves by a fraction of it. A focal length for each keyframe
// tells it, because near and far landmarks grow alike.

// zoomVar is the pose of a keyframe and its zoom, the logarithm of its focal length
// over that of its part.
type zoomVar struct {
	poseVar
	zoom, savedZoom float64
}

const zoomDim = 7

func (v *zoomVar) Dim() int { return zoomDim }
func (v *zoomVar) Retract(d []float64) {
	v.poseVar.Retract(d[:6])
	v.zoom += d[6]
}
func (v *zoomVar) Save() {
	v.poseVar.Save()
	v.savedZoom = v.zoom
}
func (v *zoomVar) Restore() {
	v.poseVar.Restore()
	v.zoom = v.savedZoom
}

// zoomed is a camera with its focal length times exp(zoom).
func zoomed(c geom.Camera, zoom float64) geom.Camera {
	f := math.Exp(zoom)
	c.Fx, c.Fy = c.Fx*f, c.Fy*f
	return c
}

// zoomReprojection is a reprojection error with the camera of the part and the zooms
// of both keyframes unknown. Variables: host, observer, inverse depth, camera.
type zoomReprojection struct {
	host, at    *zoomVar
	depth       *depthVar
	lens        *lensVar
	from, pixel geom.Vec2
	weight      float64 // 1/sigma, 1/pixels
}

func (f *zoomReprojection) Dim() int { return 2 }

func (f *zoomReprojection) Linearize(r []float64, j [][]float64) bool {
	hostCam, cam := zoomed(f.lens.cam, f.host.zoom), zoomed(f.lens.cam, f.at.zoom)
	o := observed{&f.host.poseVar, &f.at.poseVar, &depthVar{rho: f.depth.rho, ray: hostCam.Ray(f.from)}}
	pc, ph := o.point()
	if pc.Z < minDepthM {
		return false
	}
	e := cam.Project(pc).Sub(f.pixel)
	r[0], r[1] = e.X*f.weight, e.Y*f.weight
	if j == nil {
		return true
	}
	d := cam.ProjectJacobian(pc)
	own, ray := projectByLens(cam, pc), rayByLens(hostCam, f.from)
	for i := range 2 { // the principal point moves in focal lengths of the part
		for k := 1; k <= 2; k++ {
			own[i][k] *= math.Exp(-f.at.zoom)
			ray[i][k] *= math.Exp(-f.host.zoom)
		}
	}
	for i := range 2 {
		row := geom.Vec3{X: d[i][0], Y: d[i][1], Z: d[i][2]}.Scale(f.weight)
		byRay := o.host.pose.R.TMulVec(o.at.pose.R.MulVec(row)).Scale(1 / o.depth.rho)
		if j[0] != nil {
			set6(j[0][zoomDim*i:], byRay.Scale(o.depth.rho), ph.Cross(byRay).Scale(o.depth.rho))
			j[0][zoomDim*i+6] = byRay.X*ray[0][0] + byRay.Y*ray[1][0]
		}
		if j[1] != nil {
			set6(j[1][zoomDim*i:], row.Scale(-1), row.Cross(pc))
			j[1][zoomDim*i+6] = f.weight * own[i][0]
		}
		if j[2] != nil {
			j[2][i] = -byRay.Dot(o.depth.ray) / o.depth.rho
		}
		for k := range lensDim {
			if j[3] != nil {
				j[3][i*lensDim+k] = f.weight*own[i][k] + byRay.X*ray[0][k] + byRay.Y*ray[1][k]
			}
		}
	}
	return true
}

// zoomStep holds the zooms of two keyframes that follow each other together, but for
// what was told to lie between them. Variables: both.
type zoomStep struct {
	from, to *zoomVar
	told     float64
}

func (f *zoomStep) Dim() int { return 1 }

func (f *zoomStep) Linearize(r []float64, j [][]float64) bool {
	r[0] = (f.to.zoom - f.from.zoom - f.told) / zoomStepSigma
	for i, by := range [2]float64{-1 / zoomStepSigma, 1 / zoomStepSigma} {
		if j != nil && j[i] != nil {
			clear(j[i][:zoomDim])
			j[i][6] = by
		}
	}
	return true
}
