package mapping

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// A calibration is never exact, and what it leaves bends the map: a radial
// distortion of one per cent makes the scale drift wherever the camera turns,
// for landmarks then pass from the edge of the image, where their rays are
// wrong, to its middle. (KITTI's rectified images carry that much: Cvisic et
// al., Recalibrating the KITTI dataset camera setup, 2021.) The last adjustment
// therefore has the camera as an unknown too, held by what calibration promises.

// lensVar is the camera of a whole part: the logarithm of its focal length, its
// principal point in focal lengths, and U1 and U2.
type lensVar struct{ cam, saved geom.Camera }

func (v *lensVar) Dim() int { return lensDim }
func (v *lensVar) Retract(d []float64) {
	c := &v.cam
	c.Cx, c.Cy = c.Cx+c.Fx*d[1], c.Cy+c.Fy*d[2]
	f := math.Exp(d[0])
	c.Fx, c.Fy = c.Fx*f, c.Fy*f
	c.U1, c.U2 = c.U1+d[3], c.U2+d[4]
}
func (v *lensVar) Save()    { v.saved = v.cam }
func (v *lensVar) Restore() { v.cam = v.saved }

const lensDim = 5

// lensSigma is how far a calibrated camera may be from the truth, in the units
// of lensVar.
var lensSigma = [lensDim]float64{.003, .01, .01, .03, .03}

// lensPrior holds the camera near its calibration. Variable: the camera.
type lensPrior struct {
	lens *lensVar
	calibrated
}

// calibrated is a camera before its map adjusts it.
type calibrated struct {
	cam   geom.Camera
	sigma [lensDim]float64 // how far it may be from the truth, in the units of lensVar
}

// calibrated returns the camera of a part's first keyframe with its deviations:
// those of a calibration, unless the source of the frames knows its focal length
// less well.
func (m *Mapper) calibrated(part int) *calibrated {
	cam := m.Map.cameraOf(part)
	if cam == nil {
		return nil
	}
	c := &calibrated{*cam, lensSigma}
	c.sigma[0] = math.Max(c.sigma[0], m.FocalSigma)
	return c
}

func (f *lensPrior) Dim() int { return lensDim }

func (f *lensPrior) Linearize(r []float64, j [][]float64) bool {
	c, b := f.lens.cam, f.cam
	// The principal point's step is taken in focal lengths of the moment.
	d := [lensDim]float64{math.Log(c.Fx / b.Fx), (c.Cx - b.Cx) / b.Fx, (c.Cy - b.Cy) / b.Fy, c.U1 - b.U1, c.U2 - b.U2}
	scale := [lensDim]float64{1, c.Fx / b.Fx, c.Fy / b.Fy, 1, 1}
	for i := range d {
		r[i] = d[i] / f.sigma[i]
		if j != nil && j[0] != nil {
			for k := range d {
				j[0][i*lensDim+k] = 0
			}
			j[0][i*lensDim+i] = scale[i] / f.sigma[i]
		}
	}
	return true
}

// lensReprojection is a reprojection error with the camera unknown: the pixel of
// the host is measured by the same camera as the pixel of the observer.
// Variables: host pose, observer pose, inverse depth, camera.
type lensReprojection struct {
	host, at    *poseVar
	depth       *depthVar
	lens        *lensVar
	from, pixel geom.Vec2
	weight      float64 // 1/sigma, 1/pixels
}

func (f *lensReprojection) Dim() int { return 2 }

func (f *lensReprojection) Linearize(r []float64, j [][]float64) bool {
	cam := f.lens.cam
	o := observed{f.host, f.at, &depthVar{rho: f.depth.rho, ray: cam.Ray(f.from)}}
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
	own := projectByLens(cam, pc)
	ray := rayByLens(cam, f.from)
	for i := range 2 {
		row := geom.Vec3{X: d[i][0], Y: d[i][1], Z: d[i][2]}.Scale(f.weight)
		o.chain(row, pc, ph, i, j)
		if j[3] == nil {
			continue
		}
		gh := o.host.pose.R.TMulVec(o.at.pose.R.MulVec(row)).Scale(1 / o.depth.rho)
		for k := range lensDim {
			j[3][i*lensDim+k] = f.weight*own[i][k] + gh.X*ray[0][k] + gh.Y*ray[1][k]
		}
	}
	return true
}

// rayByLens is the derivative of the x and y of Ray(u) by the camera.
func rayByLens(c geom.Camera, u geom.Vec2) (d [2][lensDim]float64) {
	v := geom.Vec2{X: (u.X - c.Cx) / c.Fx, Y: (u.Y - c.Cy) / c.Fy}
	r2 := v.X*v.X + v.Y*v.Y
	s, t := 1+r2*(c.U1+r2*c.U2), 2*(c.U1+2*r2*c.U2) // d x / d v = s I + t v v^T
	by := [2][2]float64{{s + t*v.X*v.X, t * v.X * v.Y}, {t * v.X * v.Y, s + t*v.Y*v.Y}}
	for i, x := range [2]float64{v.X, v.Y} {
		d[i] = [lensDim]float64{-(by[i][0]*v.X + by[i][1]*v.Y), -by[i][0], -by[i][1], x * r2, x * r2 * r2}
	}
	return d
}

// projectByLens is the derivative of Project(p) by the camera, p held.
func projectByLens(c geom.Camera, p geom.Vec3) (d [2][lensDim]float64) {
	u := c.Project(p)
	v := geom.Vec2{X: (u.X - c.Cx) / c.Fx, Y: (u.Y - c.Cy) / c.Fy}
	r2 := v.X*v.X + v.Y*v.Y
	b := c.DistortJacobian(v)
	for i, f := range [2]float64{c.Fx, c.Fy} {
		along := -f * (b[i][0]*v.X + b[i][1]*v.Y)
		d[i] = [lensDim]float64{f * [2]float64{v.X, v.Y}[i], 0, 0, along * r2, along * r2 * r2}
		d[i][1+i] = f
	}
	return d
}

// addLens makes the camera of the problem's keyframes an unknown around what was
// calibrated, unless they are few, differ in their cameras or have the depth of a
// sensor: its images were brought to the camera's by this very calibration, and
// its systematic errors would be taken for the camera's.
func (b *bundle) addLens(before calibrated) {
	if len(b.poses) < lensKeyframes || len(b.poses) > lensMaxKeyframes {
		return
	}
	first := b.m.Keyframes[b.moving[0]]
	cam := first.Camera
	for _, k := range b.m.Keyframes {
		sensor := k.measuresMetres()
		if k.Part == first.Part && (sensor || k.Camera != cam) {
			return
		}
	}
	b.lens = &lensVar{cam: cam}
	b.lensID = b.p.Add(b.lens)
	b.p.AddFactor(&lensPrior{b.lens, before}, geom.Kernel{}, b.lensID)
}

// writeLens gives the adjusted camera to the part's keyframes, their depth and
// their landmarks.
func (b *bundle) writeLens() error {
	if b.lens == nil {
		return nil
	}
	part := b.m.Keyframes[b.moving[0]].Part
	for _, k := range b.m.Keyframes {
		if k.Part == part {
			if err := b.m.changeCamera(k, b.lens.cam); err != nil {
				return err
			}
		}
	}
	for l := range b.m.landmarks.all() {
		if b.m.Keyframes[l.Host].Part == part {
			l.Ray = b.lens.cam.Ray(b.m.hostPixel(l))
		}
	}
	return nil
}

// changeCamera gives a keyframe and its depth map their adjusted camera.
func (m *Map) changeCamera(k *Keyframe, cam geom.Camera) error {
	was := k.Camera
	k.Camera = cam
	if k.Depth.Empty() {
		return nil
	}
	im, err := m.Images(k)
	if err != nil {
		return err
	}
	var logGain float64
	im.Depth, logGain = im.Depth.WithCamera(was, cam)
	if err := m.images.Put(k.ID, im); err != nil {
		return err
	}
	k.Depth = im.Depth.DepthInfo
	k.LogScale -= logGain
	for i := range k.Features {
		k.Features[i].DepthM *= math.Exp(logGain)
	}
	return nil
}

// hostPixel is where a landmark's host sees it.
func (m *Map) hostPixel(l *Landmark) geom.Vec2 {
	return m.Keyframes[l.Host].Features[l.Obs[0].Index].Pixel
}
