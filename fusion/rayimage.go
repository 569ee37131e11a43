package fusion

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// CheckView returns an error that names what makes a view unusable: sizes that
// do not fit, a camera or pose that is not one. Single bad depth values are no
// error; they become unknown.
func CheckView(v slam.KeyframeView) error {
	d := v.Depth
	switch {
	case d.Empty():
		return fmt.Errorf("fusion: view %d has no depth", v.ID)
	case d.W < 1 || d.H < 1 || len(d.Depth) != d.W*d.H:
		return fmt.Errorf("fusion: view %d: depth of %dx%d with %d values", v.ID, d.W, d.H, len(d.Depth))
	case d.LogStd != nil && len(d.LogStd) != len(d.Depth):
		return fmt.Errorf("fusion: view %d: %d deviations for %d depths", v.ID, len(d.LogStd), len(d.Depth))
	case d.Camera.W != d.W || d.Camera.H != d.H:
		return fmt.Errorf("fusion: view %d: depth of %dx%d with a camera of %dx%d", v.ID, d.W, d.H, d.Camera.W, d.Camera.H)
	case !usableCamera(d.Camera) || !usableCamera(v.Camera):
		return fmt.Errorf("fusion: view %d: camera with focal lengths that are not positive", v.ID)
	case !v.Color.Empty() && len(v.Color.Pix) != 3*v.Camera.W*v.Camera.H:
		return fmt.Errorf("fusion: view %d: colour image of %d bytes with a camera of %dx%d", v.ID, len(v.Color.Pix), v.Camera.W, v.Camera.H)
	case v.Color.Empty() && !v.Gray.Empty() && len(v.Gray.Pix) != v.Camera.W*v.Camera.H:
		return fmt.Errorf("fusion: view %d: grey image of %d bytes with a camera of %dx%d", v.ID, len(v.Gray.Pix), v.Camera.W, v.Camera.H)
	case !v.Pose.IsFinite() || math.Abs(v.Pose.R.Det()-1) > 1e-3:
		return fmt.Errorf("fusion: view %d: pose is not finite or no rotation", v.ID)
	case !(d.Sigma >= 0) || math.IsInf(d.Sigma, 0) || !(d.ScaleSigma >= 0) || math.IsInf(d.ScaleSigma, 0):
		return fmt.Errorf("fusion: view %d: deviations of depth %g and of scale %g, want finite, not negative", v.ID, d.Sigma, d.ScaleSigma)
	}
	return nil
}

func usableCamera(c geom.Camera) bool {
	return c.Fx > 0 && c.Fy > 0 && !math.IsInf(c.Fx+c.Fy, 0) && !math.IsNaN(c.Cx+c.Cy) && !math.IsInf(c.Cx+c.Cy, 0)
}

// ray is what a voxel needs to know of the pixel it projects to: 16 bytes, one
// access to memory.
type ray struct {
	z       float32 // depth; 0 unknown
	trunc   float32 // metres; 0 where z is
	weight  float32
	r, g, b uint8
}

// rayImage is a view made ready for integration.
type rayImage struct {
	cam  geom.Camera
	pose geom.SE3
	rays []ray
}

// minSigma is the smallest deviation of log depth that a weight may claim.
const minSigma = .005

// truncStated stands for Config.TruncSigmas where every pixel states its own deviation.
// Most of that is shared by pixels nearby, which a wider band does not average out, and
// surfaces that lie close behind each other stay apart. Narrower ones leave gaps in a
// grazing road (kitti 00 a tenth less surface at 1, while redkitchen gains .008 of F).
const truncStated = 2

// truncSigmas is how many deviations of depth the band is wide.
func (c Config) truncSigmas(d slam.DepthMap) float32 {
	if d.LogStd != nil && d.ScaleSigma == 0 {
		return min(truncStated, float32(c.TruncSigmas))
	}
	return float32(c.TruncSigmas)
}

// maxUpsample bounds how far coarse depth is interpolated.
const maxUpsample = 4

// set fills the image from a view whose depth is final.
func (im *rayImage) set(v slam.KeyframeView, cfg Config) {
	d := upsampled(v.Depth, cfg)
	im.cam, im.pose = d.Camera, v.Pose
	if cap(im.rays) < len(d.Depth) {
		im.rays = make([]ray, len(d.Depth))
	}
	im.rays = im.rays[:len(d.Depth)]
	color := newColorLookup(v, d.Camera)
	minTrunc, maxTrunc := float32(cfg.TruncVoxels*cfg.VoxelM), float32(cfg.TruncMax*cfg.VoxelM)
	lo, hi := float32(cfg.MinDepthM), float32(cfg.MaxDepthM)
	sigmas := cfg.truncSigmas(d)
	parallelFor(d.H, cfg.Workers, 16, func(y int) {
		rows := im.rays[y*d.W : (y+1)*d.W]
		for x := range rows {
			i := y*d.W + x
			z := d.Depth[i]
			if !(z >= lo && z <= hi) {
				rows[x] = ray{}
				continue
			}
			s := float32(d.Sigma)
			if d.LogStd != nil {
				s = d.LogStd[i]
			}
			s = max(s, minSigma) // NaN stays NaN and fails below
			w := RefLogStd / (s * z)
			if !(w > 0) {
				rows[x] = ray{}
				continue
			}
			p := ray{z: z, trunc: min(max(minTrunc, sigmas*s*z), maxTrunc), weight: w * w}
			p.r, p.g, p.b = color.at(x, y)
			rows[x] = p
		}
	})
}

// colorLookup finds the colour of a depth pixel in the image, whose camera has
// the same centre and axes.
type colorLookup struct {
	cols, rows []int // of the image, for the columns and rows of the depth
	color      slam.RGB
	gray       slam.Gray
	w          int
}

func newColorLookup(v slam.KeyframeView, depth geom.Camera) colorLookup {
	c := colorLookup{color: v.Color, gray: v.Gray, w: v.Camera.W, cols: make([]int, depth.W), rows: make([]int, depth.H)}
	axis := func(out []int, fd, cd, fc, cc float64, size int) {
		for i := range out {
			u := (float64(i)-cd)/fd*fc + cc
			out[i] = int(min(max(math.Round(u), 0), float64(size-1)))
		}
	}
	axis(c.cols, depth.Fx, depth.Cx, v.Camera.Fx, v.Camera.Cx, v.Camera.W)
	axis(c.rows, depth.Fy, depth.Cy, v.Camera.Fy, v.Camera.Cy, v.Camera.H)
	return c
}

func (c *colorLookup) at(x, y int) (r, g, b uint8) {
	i := c.rows[y]*c.w + c.cols[x]
	switch {
	case !c.color.Empty():
		return c.color.Pix[3*i], c.color.Pix[3*i+1], c.color.Pix[3*i+2]
	case !c.gray.Empty():
		return c.gray.Pix[i], c.gray.Pix[i], c.gray.Pix[i]
	default:
		return 128, 128, 128
	}
}

// upsampled interpolates depth whose pixels are wider than a voxel at the range
// cap, so that neighbouring voxels do not share one pixel's step. Inverse depth
// is interpolated, in which planes are linear; across edges and unknown pixels
// the nearest one stands.
func upsampled(d slam.DepthMap, cfg Config) slam.DepthMap {
	k := int(math.Ceil(cfg.MaxDepthM / d.Camera.Focal() / cfg.VoxelM))
	if k = min(k, maxUpsample); k < 2 || d.W < 2 || d.H < 2 {
		return d
	}
	out := d
	out.W, out.H = k*d.W, k*d.H
	out.Camera = d.Camera.Resized(out.W, out.H)
	out.Depth = make([]float32, out.W*out.H)
	if d.LogStd != nil {
		out.LogStd = make([]float32, out.W*out.H)
	}
	spread := float32(max(cfg.EdgeSpread, .02))
	parallelFor(out.H, cfg.Workers, 16, func(y int) {
		fy := (float32(y)+.5)/float32(k) - .5
		for x := range out.W {
			fx := (float32(x)+.5)/float32(k) - .5
			i := y*out.W + x
			out.Depth[i] = interpolateDepth(d, fx, fy, spread)
			if d.LogStd != nil {
				out.LogStd[i] = d.LogStd[min(y/k, d.H-1)*d.W+min(x/k, d.W-1)]
			}
		}
	})
	return out
}

// interpolateDepth returns the depth at (x, y), which may lie up to half a pixel
// outside.
func interpolateDepth(d slam.DepthMap, x, y, spread float32) float32 {
	x0 := min(max(int(x), 0), d.W-2)
	y0 := min(max(int(y), 0), d.H-2)
	fx, fy := x-float32(x0), y-float32(y0)
	i := y0*d.W + x0
	a, b, c, e := d.Depth[i], d.Depth[i+1], d.Depth[i+d.W], d.Depth[i+d.W+1]
	lo, hi := min(a, b, c, e), max(a, b, c, e)
	if !slam.SameSurface(lo, hi, spread) {
		if fx > .5 {
			i++
		}
		if fy > .5 {
			i += d.W
		}
		return d.Depth[i]
	}
	return 1 / ((1-fy)*((1-fx)/a+fx/b) + fy*((1-fx)/c+fx/e))
}
