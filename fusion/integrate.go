package fusion

import (
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// Integrate averages a view into the field, its depth as it is: Align and
// DropEdges come before. The view is not kept.
func (v *Volume) Integrate(view slam.KeyframeView) error {
	if err := CheckView(view); err != nil {
		return err
	}
	v.frame.set(view, v.cfg)
	v.views++
	p := newProjector(&v.frame, v.cfg)
	idx := v.allocate(v.touch.find(&v.frame, v.cfg), v.touch.idx)
	idx = v.seenThrough(p, idx)
	v.touch.idx = idx
	if err := v.need(idx); err != nil {
		return err
	}
	parallelFor(len(idx), v.cfg.Workers, 16, func(i int) {
		k := idx[i]
		if !v.stopped() && p.integrate(v.blocks[k], v.origin(v.keys[k])) {
			v.state[k].changed = v.views
			v.state[k].behind = v.blocks[k].behind()
		}
	})
	v.spare()
	return nil
}

// seenThrough adds to the touched blocks those that hold a surface in front of
// what the view sees: the ghosts of bad depth. Without them a surface that one
// view invented would stay, however many see through it.
func (v *Volume) seenThrough(p *projector, idx []int32) []int32 {
	for _, i := range idx {
		v.state[i].touched = v.views
	}
	half := v.BlockM() / 2
	radius := float32(half * math.Sqrt(3))
	for i := range v.state {
		s := &v.state[i]
		if !s.behind || s.touched == v.views {
			continue
		}
		c := v.origin(v.keys[i]).Add(geom.Vec3{X: half, Y: half, Z: half})
		if r := p.rayOf(p.project(p.pose.ApplyInverse(c))); r != nil && r.z > 0 {
			if z := float32(p.pose.ApplyInverse(c).Z); z+radius < r.z {
				idx = append(idx, int32(i))
			}
		}
	}
	return idx
}

// projector holds a view's camera in the form the inner loop wants.
type projector struct {
	rays []ray
	w, h int32
	near float32
	cam  geom.Camera
	pose geom.SE3
	step [3]hom // change of the projection along a voxel's x, y, z
}

// hom is a homogeneous pixel: (u z, v z, z), u and v offset by one half so that
// truncation rounds.
type hom struct{ u, v, z float32 }

func newProjector(im *rayImage, cfg Config) *projector {
	p := &projector{rays: im.rays, w: int32(im.cam.W), h: int32(im.cam.H), near: float32(cfg.MinDepthM) / 2, cam: im.cam, pose: im.pose}
	for a := range p.step {
		p.step[a] = p.project(im.pose.R.Row(a).Scale(cfg.VoxelM))
	}
	return p
}

// project returns the homogeneous pixel of a point in camera coordinates.
func (p *projector) project(c geom.Vec3) hom {
	return hom{float32(p.cam.Fx*c.X + (p.cam.Cx+.5)*c.Z), float32(p.cam.Fy*c.Y + (p.cam.Cy+.5)*c.Z), float32(c.Z)}
}

// rayOf returns the ray of a homogeneous pixel, nil outside the image.
func (p *projector) rayOf(h hom) *ray {
	if h.z < p.near || h.u < 0 || h.v < 0 {
		return nil
	}
	x, y := int32(h.u/h.z), int32(h.v/h.z)
	if x >= p.w || y >= p.h {
		return nil
	}
	return &p.rays[y*p.w+x]
}

// integrate updates the voxels of the block at origin and reports whether any
// changed.
func (p *projector) integrate(b *block, origin geom.Vec3) (changed bool) {
	o := p.project(p.pose.ApplyInverse(origin))
	for row := range blockSize * blockSize {
		fy, fz := float32(row%blockSize), float32(row/blockSize)
		h := hom{
			o.u + fy*p.step[1].u + fz*p.step[2].u,
			o.v + fy*p.step[1].v + fz*p.step[2].v,
			o.z + fy*p.step[1].z + fz*p.step[2].z,
		}
		if p.row((*[blockSize]voxel)(b[row*blockSize:]), h) {
			changed = true
		}
	}
	return changed
}

// row updates the voxels along x that start at h and reports whether any
// changed.
func (p *projector) row(vox *[blockSize]voxel, h hom) (changed bool) {
	step, near, w, height, rays := p.step[0], p.near, p.w, p.h, p.rays
	for i := range vox {
		u, v, z := h.u, h.v, h.z
		h.u += step.u
		h.v += step.v
		h.z += step.z
		if z < near || u < 0 || v < 0 {
			continue
		}
		inv := 1 / z
		x, y := int32(u*inv), int32(v*inv)
		if x >= w || y >= height {
			continue
		}
		r := &rays[y*w+x]
		d := r.z - z
		if d < -r.trunc || r.z == 0 {
			continue
		}
		vox[i].update(r, d)
		changed = true
	}
	return changed
}

// behind reports whether any voxel of the block is behind a surface.
func (b *block) behind() bool {
	for i := range b {
		if b[i].sdf < 0 {
			return true
		}
	}
	return false
}

// update takes the observation d (metres in front of the surface) of ray r into
// the running mean.
func (x *voxel) update(r *ray, d float32) {
	w := x.weight + r.weight
	f := r.weight / w
	x.weight = w
	if x.views != math.MaxUint16 {
		x.views++
	}
	if d >= r.trunc {
		x.sdf += (r.trunc - x.sdf) * f
		return
	}
	x.sdf += (d - x.sdf) * f
	k := int32(f * (1 << 16))
	x.r = mix(x.r, r.r, k)
	x.g = mix(x.g, r.g, k)
	x.b = mix(x.b, r.b, k)
}

// mix moves an 8.8 colour by k / 2^16 of the way to c.
func mix(old uint16, c uint8, k int32) uint16 {
	o := int64(old)
	return uint16(o + ((int64(c)<<8-o)*int64(k)+1<<15)>>16)
}

// toucher finds the blocks that the band around a view's surface crosses. It
// keeps its memory between views.
type toucher struct {
	strips [touchStrips]touchStrip
	keys   []blockKey
	idx    []int32
}

// touchStrips is the number of parts the image is cut into.
const touchStrips = 16

type touchStrip struct {
	seen *blockTable
	keys []blockKey
}

// find returns the keys of the touched blocks in ascending order. It follows
// the rays of every few pixels: close enough that neighbours are at most half a
// block apart at the range cap.
func (t *toucher) find(im *rayImage, cfg Config) []blockKey {
	half := blockSize * cfg.VoxelM / 2
	stride := min(max(int(half*im.cam.Focal()/cfg.MaxDepthM), 1), 8)
	rows := (im.cam.H + stride - 1) / stride
	parallelFor(touchStrips, cfg.Workers, 1, func(s int) {
		strip := &t.strips[s]
		if strip.seen == nil {
			strip.seen = newBlockTable(1024)
		}
		strip.seen.reset()
		strip.keys = strip.keys[:0]
		for r := s * rows / touchStrips; r < (s+1)*rows/touchStrips; r++ {
			for x := 0; x < im.cam.W; x += stride {
				strip.walk(im, x, r*stride, half)
			}
		}
	})
	t.keys = t.keys[:0]
	for s := range t.strips {
		t.keys = append(t.keys, t.strips[s].keys...)
	}
	slices.Sort(t.keys)
	t.keys = slices.Compact(t.keys)
	return t.keys
}

// walk adds the blocks along the ray of pixel (x, y), within the truncation of
// its surface.
func (s *touchStrip) walk(im *rayImage, x, y int, half float64) {
	r := &im.rays[y*im.cam.W+x]
	if r.z == 0 {
		return
	}
	dir := im.pose.R.MulVec(im.cam.Ray(geom.Vec2{X: float64(x), Y: float64(y)}))
	lo, hi := float64(r.z-r.trunc), float64(r.z+r.trunc)
	steps := int(math.Ceil((hi - lo) * dir.Norm() / half))
	inv := 1 / (2 * half)
	last := noKey
	for i := range steps + 1 {
		p := im.pose.T.Add(dir.Scale(lo + (hi-lo)*float64(i)/float64(steps))).Scale(inv)
		if !(math.Abs(p.X) < keyOffset && math.Abs(p.Y) < keyOffset && math.Abs(p.Z) < keyOffset) {
			continue
		}
		k, ok := packKey(int32(math.Floor(p.X)), int32(math.Floor(p.Y)), int32(math.Floor(p.Z)))
		if ok && k != last && s.seen.put(k, 0) {
			s.keys = append(s.keys, k)
		}
		last = k
	}
}
