package eval

import (
	"errors"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Parameters of a scan, those of mesh scores in the literature on these sequences.
const (
	scanVoxelM    = .015 // points are means over voxels of this edge
	scanStridePx  = 2    // every so manieth pixel along x and y makes a point
	scanNearM     = .2   // depth from here on counts
	scanOutlierM  = .04  // a point with no more than scanOutlierN within this is noise of the sensor
	scanOutlierN  = 4
	scanNormalM   = .06 // normals are those of the plane through the points within this
	scanMaskM     = .3  // what lies farther behind the depth that a view sees was hidden from it
	scanFewPoints = 1000
)

// TrueView is what a depth sensor saw from a true pose.
type TrueView struct {
	Pose  geom.SE3 // T_wc
	Depth slam.DepthMap
}

// Scan is the true surface as a depth sensor saw it: points, and the views that tell
// what could be seen at all.
type Scan struct {
	surfacePoints
	views []TrueView
	farM  float64
}

// NewScan makes a scan of views whose depth counts up to farM metres.
func NewScan(views []TrueView, farM float64) (*Scan, error) {
	s := &Scan{views: views, farM: farM}
	var all []geom.Vec3
	for _, v := range views {
		all = append(all, s.pointsOf(v)...)
	}
	s.points = voxelMeans(all, scanVoxelM)
	s.dropOutliers()
	if len(s.points) < scanFewPoints {
		return nil, errors.New("eval mesh: the true views have next to no depth in range")
	}
	s.normals = planeNormals(s.points, scanNormalM)
	return s, nil
}

// known reports whether a depth counts.
func (s *Scan) known(z float32) bool { return z > scanNearM && float64(z) < s.farM }

// pointsOf returns what a view sees.
func (s *Scan) pointsOf(v TrueView) (out []geom.Vec3) {
	d := v.Depth
	for y := 0; y < d.H; y += scanStridePx {
		for x := 0; x < d.W; x += scanStridePx {
			if z := d.Depth[y*d.W+x]; s.known(z) {
				out = append(out, v.Pose.Apply(d.Camera.Unproject(geom.Vec2{X: float64(x), Y: float64(y)}, float64(z))))
			}
		}
	}
	return out
}

// sees reports whether a view could see a point: no true depth is that far in front.
func (s *Scan) sees(v *TrueView, p geom.Vec3) bool {
	q := v.Pose.ApplyInverse(p)
	if q.Z <= scanNearM {
		return false
	}
	u := v.Depth.Camera.Project(q)
	x, y := int(math.Round(u.X)), int(math.Round(u.Y))
	if x < 0 || y < 0 || x >= v.Depth.W || y >= v.Depth.H {
		return false
	}
	z := v.Depth.Depth[y*v.Depth.W+x]
	return s.known(z) && q.Z < float64(z)+scanMaskM
}

// visible tells which points some view could see.
func (s *Scan) visible(points []geom.Vec3) []bool {
	out := make([]bool, len(points))
	inParallel(len(points), func(from, to int) {
		for i := from; i < to; i++ {
			for v := range s.views {
				if s.sees(&s.views[v], points[i]) {
					out[i] = true
					break
				}
			}
		}
	})
	return out
}

// dropOutliers drops points with few others nearby.
func (s *Scan) dropOutliers() {
	g := newPointGrid(s.points, scanOutlierM)
	keep := make([]bool, len(s.points))
	inParallel(len(keep), func(from, to int) {
		for i := from; i < to; i++ {
			keep[i] = len(g.within(s.points[i], scanOutlierM)) > scanOutlierN
		}
	})
	kept := s.points[:0]
	for i, p := range s.points {
		if keep[i] {
			kept = append(kept, p)
		}
	}
	s.points = kept
}

// cell is the index of a cube.
type cell [3]int32

func cellOf(p geom.Vec3, edge float64) cell {
	return cell{int32(math.Floor(p.X / edge)), int32(math.Floor(p.Y / edge)), int32(math.Floor(p.Z / edge))}
}

// voxelMeans returns the mean of the points in each voxel, in the order in which voxels
// first occur.
func voxelMeans(points []geom.Vec3, edge float64) (out []geom.Vec3) {
	of := make(map[cell]int32)
	var count []float64
	for _, p := range points {
		c := cellOf(p, edge)
		i, ok := of[c]
		if !ok {
			i = int32(len(out))
			of[c] = i
			out, count = append(out, geom.Vec3{}), append(count, 0)
		}
		out[i] = out[i].Add(p)
		count[i]++
	}
	for i, n := range count {
		out[i] = out[i].Scale(1 / n)
	}
	return out
}

// pointGrid finds the points near a place.
type pointGrid struct {
	points []geom.Vec3
	edge   float64
	of     map[cell][]int32
}

func newPointGrid(points []geom.Vec3, edge float64) *pointGrid {
	g := &pointGrid{points, edge, make(map[cell][]int32)}
	for i, p := range points {
		c := cellOf(p, edge)
		g.of[c] = append(g.of[c], int32(i))
	}
	return g
}

// within returns the points within a radius of at most an edge, p itself included.
func (g *pointGrid) within(p geom.Vec3, radius float64) (out []geom.Vec3) {
	c := cellOf(p, g.edge)
	for x := c[0] - 1; x <= c[0]+1; x++ {
		for y := c[1] - 1; y <= c[1]+1; y++ {
			for z := c[2] - 1; z <= c[2]+1; z++ {
				for _, i := range g.of[cell{x, y, z}] {
					if g.points[i].Sub(p).Norm2() <= radius*radius {
						out = append(out, g.points[i])
					}
				}
			}
		}
	}
	return out
}

// planeNormals returns the normals of the planes through the points within a radius.
func planeNormals(points []geom.Vec3, radius float64) []geom.Vec3 {
	g := newPointGrid(points, radius)
	out := make([]geom.Vec3, len(points))
	inParallel(len(points), func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = planeNormal(g.within(points[i], radius))
		}
	})
	return out
}

// planeNormal is the direction in which points spread least.
func planeNormal(points []geom.Vec3) geom.Vec3 {
	m := mean(points)
	var c geom.Mat3
	for _, p := range points {
		d := p.Sub(m)
		v := [3]float64{d.X, d.Y, d.Z}
		for a := range 3 {
			for b := range 3 {
				c[a][b] += v[a] * v[b]
			}
		}
	}
	_, vec := geom.SymEigen3(c)
	return geom.Vec3{X: vec[0][0], Y: vec[1][0], Z: vec[2][0]}
}
