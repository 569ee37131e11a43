package export

import (
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Upright estimates which way is up in the world: that of the cameras on
// average, then that of the surfaces nearest to it, for floors, tables and roads
// are level: their mean normal within a cone that narrows from 40 to 5 degrees.
// Without cameras the first camera's frame is taken for the world's, y down. m
// may be nil.
func Upright(cameras slam.Trajectory, m *slam.Mesh) geom.Vec3 {
	up := geom.Vec3{Y: -1}
	var sum geom.Vec3
	for _, p := range cameras {
		sum = sum.Sub(p.Pose.R.Col(1))
	}
	if n := float64(len(cameras)); n > 0 && sum.Norm() > .1*n {
		up = sum.Unit()
	}
	if m == nil || len(m.Triangles) == 0 {
		return up
	}
	normals := AreaNormals(m)
	var all float64
	for _, n := range normals {
		all += n.Norm()
	}
	for _, deg := range []float64{40, 30, 20, 15, 10, 7, 5, 5} {
		var level geom.Vec3
		limit := math.Cos(deg * math.Pi / 180)
		for _, n := range normals {
			if n.Dot(up) > limit*n.Norm() {
				level = level.Add(n)
			}
		}
		if level.Norm() < .02*all { // nothing level is seen
			break
		}
		up = level.Unit()
	}
	return up
}

// AreaNormals returns for at most some 200,000 triangles of a mesh its normal, as
// long as twice the triangle's area, facing the side it is seen from.
func AreaNormals(m *slam.Mesh) []geom.Vec3 {
	step := len(m.Triangles)/200000 + 1
	out := make([]geom.Vec3, 0, len(m.Triangles)/step+1)
	for i := 0; i < len(m.Triangles); i += step {
		t := m.Triangles[i]
		a := vec(m.Vertices[t[0]])
		out = append(out, vec(m.Vertices[t[1]]).Sub(a).Cross(vec(m.Vertices[t[2]]).Sub(a)))
	}
	return out
}

func vec(v [3]float32) geom.Vec3 {
	return geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])}
}

// Level returns the transform from the world into the frame that maps are handed
// on in: z up, x where the first camera looks, as far as that is level, y to its
// left, origin at the first camera. It is ROS's (REP 103), Blender's and that of
// surveyors.
func Level(up geom.Vec3, first geom.SE3) geom.SE3 {
	ahead := first.R.Col(2)
	ahead = ahead.Sub(up.Scale(ahead.Dot(up)))
	if ahead.Norm() < .1 { // it looks straight up or down: the top of its image is ahead
		ahead = first.R.Col(1).Scale(-1)
		ahead = ahead.Sub(up.Scale(ahead.Dot(up)))
	}
	x := ahead.Unit()
	r := geom.FromCols(x, up.Cross(x), up).T()
	return geom.SE3{R: r, T: r.MulVec(first.T).Scale(-1)}
}

// YUp turns the frame of Level into one with y up and x as it is, glTF's and
// USD's: Blender turns it back when it reads such a file.
func YUp() geom.SE3 {
	return geom.SE3{R: geom.Mat3{{1, 0, 0}, {0, 0, 1}, {0, -1, 0}}}
}

// Moved returns a mesh after a rigid motion; triangles and colours are shared.
func Moved(m *slam.Mesh, t geom.SE3) *slam.Mesh {
	out := &slam.Mesh{Vertices: make([][3]float32, len(m.Vertices)), Colors: m.Colors, Deviation: m.Deviation, Triangles: m.Triangles}
	for i, v := range m.Vertices {
		out.Vertices[i] = vec32(t.Apply(vec(v)))
	}
	if m.Normals != nil {
		out.Normals = make([][3]float32, len(m.Normals))
		for i, n := range m.Normals {
			out.Normals[i] = vec32(t.R.MulVec(vec(n)))
		}
	}
	return out
}

func vec32(p geom.Vec3) [3]float32 { return [3]float32{float32(p.X), float32(p.Y), float32(p.Z)} }

// MovedPath returns a trajectory after a rigid motion of the world.
func MovedPath(t slam.Trajectory, by geom.SE3) slam.Trajectory {
	out := make(slam.Trajectory, len(t))
	for i, p := range t {
		out[i] = slam.StampedPose{Time: p.Time, Pose: by.Mul(p.Pose)}
	}
	return out
}
