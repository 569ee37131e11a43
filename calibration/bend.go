package calibration

import (
	"github.com/metricslam/metricslam/geom"
)

// The corners of a tag are measured as where straight lines meet that were fitted
// to its sides. A lens that distorts bends the sides, and the lines through the
// middle of each bend meet beside the corner: by .1 pixels and more in the images
// of a fisheye, always to the same side, which makes the focal length wrong by
// several of its deviations. The camera and the pose found so far say by how much.

// sidePoints is at how many places a side is followed; the tag's detector takes up
// to 48 of them, between a tenth and nine tenths of the side.
const sidePoints = 9

// projector returns where the camera sees a place on the board.
func (c Camera) projector() func(pose geom.SE3, at geom.Vec2) geom.Vec2 {
	lens, v := c.lens(), c.Values
	return func(pose geom.SE3, at geom.Vec2) geom.Vec2 {
		p := pose.Apply(geom.Vec3{X: at.X, Y: at.Y})
		q, _ := lens.DistortJacobian(geom.Vec2{X: p.X / p.Z, Y: p.Y / p.Z})
		return geom.Vec2{X: v[0]*q.X + v[2], Y: v[1]*q.Y + v[3]}
	}
}

// predictBend fills how far from the true corner each corner of a tag is measured.
// The corners of a chessboard are found by what is next to them alone.
func (f *fit) predictBend(b Board) {
	project := f.camera.projector()
	for i := range f.views {
		v := &f.views[i]
		v.bend = make([]geom.Vec2, len(v.Corners))
		if b.Kind != Tags {
			continue
		}
		last, bends := -1, [4]geom.Vec2{}
		for k, c := range v.Corners {
			if tag := c.ID / 4; tag != last {
				last, bends = tag, tagBend(b, tag, func(at geom.Vec2) geom.Vec2 { return project(v.Pose, at) })
			}
			v.bend[k] = bends[c.ID%4]
		}
	}
}

// tagBend returns for each corner of a tag the meeting point of the lines through
// its bent sides, less the corner.
func tagBend(b Board, tag int, project func(geom.Vec2) geom.Vec2) (out [4]geom.Vec2) {
	var lines [4]geom.Vec3
	for i := range 4 {
		from, to := b.Corner(4*tag+i), b.Corner(4*tag+(i+1)%4)
		var points [sidePoints]geom.Vec2
		for k := range points {
			points[k] = project(from.Add(to.Sub(from).Scale(.1 + .8*(float64(k)+.5)/sidePoints)))
		}
		lines[i] = fitLine(points[:])
	}
	for i := range 4 {
		if meet := lines[(i+3)%4].Cross(lines[i]); meet.Z != 0 {
			out[i] = meet.XY().Sub(project(b.Corner(4*tag + i)))
		}
	}
	return out
}

// fitLine is the homogeneous line of least squared distances.
func fitLine(p []geom.Vec2) geom.Vec3 {
	var c geom.Vec2
	for _, u := range p {
		c = c.Add(u.Scale(1 / float64(len(p))))
	}
	along := p[len(p)-1].Sub(p[0])
	along = along.Scale(1 / along.Norm())
	across := geom.Vec2{X: -along.Y, Y: along.X}
	var xx, xy float64 // the bend is small: a regression across the side
	for _, u := range p {
		d := u.Sub(c)
		s := d.Dot(along)
		xx, xy = xx+s*s, xy+s*d.Dot(across)
	}
	n := across.Sub(along.Scale(xy / xx))
	return geom.Vec3{X: n.X, Y: n.Y, Z: -n.Dot(c)}
}
