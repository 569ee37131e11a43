package tiles

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/multiview"
	"github.com/metricslam/metricslam/slam"
)

// Tags of the sections of a dense file; the container is that of map files.
const (
	tagHead  = "DNSE" // which map, which keyframes
	tagGrid  = "GRID" // of each keyframe, its depth at a few pixels
	tagImage = "PICT" // one a keyframe
)

// Pixels of a keyframe at which a plan looks, along x and y: a metre apart at the far
// end of a street.
const gridAcross, gridDown = 48, 36

// DenseConfig is how the depth of keyframes is refined and aligned.
type DenseConfig struct {
	Fusion    fusion.Config
	Multiview multiview.Config
}

// Dense is the open file of a recording's depth, in lengths of its own map.
type Dense struct {
	MapSHA256 string // of the map that it was made from
	Keyframes []DenseKeyframe

	file *mapfile.File
	at   map[int]int // of Keyframes, by id
}

// DenseKeyframe is what the head of the file says of a keyframe.
type DenseKeyframe struct {
	ID    int
	Color geom.Camera // of its colours
	Depth geom.Camera
	Grid  []float32 // depth at gridAcross x gridDown pixels, 0 unknown
}

// WriteDense writes the dense file of a map's largest part.
func WriteDense(ctx context.Context, path string, ref join.MapRef, st *mapping.State, cfg DenseConfig) error {
	m, err := st.Map()
	if err != nil {
		return err
	}
	parts := st.Summaries()
	if len(parts) == 0 {
		return fmt.Errorf("%s: the map has no keyframes", ref.File)
	}
	var keyframes []*mapping.Keyframe
	for _, k := range st.Keyframes {
		if k.Part == parts[0].Part && !k.Culled() {
			keyframes = append(keyframes, k)
		}
	}
	views := m.Views(keyframes)
	if cfg.Multiview.Enabled {
		views = multiview.Refine(ctx, views, cfg.Fusion, cfg.Multiview)
	}
	return writeDense(ctx, path, ref.SHA256, views, cfg.Fusion)
}

// writeDense writes views whose depth is refined.
func writeDense(ctx context.Context, path, sha string, views iter.Seq2[slam.KeyframeView, error], cfg fusion.Config) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		out, err := mapfile.NewWriter(w)
		if err != nil {
			return err
		}
		head := denseHead{sha: sha}
		for v, err := range views {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if fusion.CheckView(v) != nil {
				continue
			}
			v.Depth = fusion.DropEdges(v.Depth, cfg)
			v.Depth, _ = fusion.Align(v, cfg.Align)
			data, err := images.Encode(images.Images{Gray: v.Gray, Depth: images.WholeDepth(v.Depth), Color: images.NewColor(v.Color)})
			if err != nil {
				return err
			}
			if err := out.Add(tagImage, len(head.keyframes), data); err != nil {
				return err
			}
			head.add(v)
		}
		return head.write(out)
	})
}

// denseHead gathers what is written behind the images.
type denseHead struct {
	sha       string
	keyframes []DenseKeyframe
}

func (h *denseHead) add(v slam.KeyframeView) {
	k := DenseKeyframe{ID: v.ID, Color: v.Camera, Depth: v.Depth.Camera}
	for j := range gridDown {
		for i := range gridAcross {
			x, y := gridPixel(i, v.Depth.W, gridAcross), gridPixel(j, v.Depth.H, gridDown)
			z := v.Depth.Depth[y*v.Depth.W+x]
			if !(z > 0) || math.IsInf(float64(z), 0) {
				z = 0
			}
			k.Grid = append(k.Grid, z)
		}
	}
	h.keyframes = append(h.keyframes, k)
}

func gridPixel(i, size, n int) int { return (2*i + 1) * size / (2 * n) }

func (h *denseHead) write(out *mapfile.Writer) error {
	var e, g mapfile.Encoder
	ids, cameras, sizes, grid := []int{}, []float64{}, []int{}, []float32{}
	for _, k := range h.keyframes {
		ids = append(ids, k.ID)
		for _, c := range [2]geom.Camera{k.Color, k.Depth} {
			cameras = append(cameras, c.Fx, c.Fy, c.Cx, c.Cy)
			sizes = append(sizes, c.W, c.H)
		}
		grid = append(grid, k.Grid...)
	}
	e.Strings("map.sha256", []string{h.sha})
	e.Ints("keyframe", ids)
	e.Floats("cameras", cameras)
	e.Ints("sizes", sizes)
	g.Floats32("depth", grid)
	if err := out.Add(tagHead, 0, e.Data()); err != nil {
		return err
	}
	if err := out.Add(tagGrid, 0, g.Data()); err != nil {
		return err
	}
	return out.Close()
}

// OpenDense opens a dense file and reads its head.
func OpenDense(path string) (*Dense, error) {
	f, err := mapfile.Open(path)
	if err != nil {
		return nil, err
	}
	d, err := newDense(f)
	if err != nil {
		f.Close()
	}
	return d, err
}

func newDense(f *mapfile.File) (*Dense, error) {
	d := &Dense{file: f, at: make(map[int]int)}
	if err := d.readHead(); err != nil {
		return nil, err
	}
	return d, nil
}

// Close closes the file.
func (d *Dense) Close() error { return d.file.Close() }

func (d *Dense) readHead() error {
	if _, ok := d.file.Find(tagHead, 0); !ok {
		return fmt.Errorf("%s: no depth for tiles in it; make it by map dense", d.file.Name)
	}
	head, err := d.file.Section(tagHead, 0)
	if err != nil {
		return err
	}
	grid, err := d.file.Section(tagGrid, 0)
	if err != nil {
		return err
	}
	ids := head.Ints("keyframe", -1)
	n := len(ids)
	sha, cameras, sizes := head.Strings("map.sha256"), head.Floats("cameras", 8*n), head.Ints("sizes", 4*n)
	depth := grid.Floats32("depth", gridAcross*gridDown*n)
	if err := errors.Join(head.Err(), grid.Err()); err != nil || len(sha) != 1 {
		return d.file.Damaged("section %s: %w", tagHead, cmp.Or(err, errors.New("not one map")))
	}
	d.MapSHA256 = sha[0]
	for i, id := range ids {
		k := DenseKeyframe{ID: id, Grid: depth[i*gridAcross*gridDown : (i+1)*gridAcross*gridDown]}
		for c, out := range [2]*geom.Camera{&k.Color, &k.Depth} {
			v, s := cameras[8*i+4*c:], sizes[4*i+2*c:]
			*out = geom.Camera{W: s[0], H: s[1], Fx: v[0], Fy: v[1], Cx: v[2], Cy: v[3]}
		}
		if !(k.Depth.Fx > 0 && k.Depth.Fy > 0) || !geom.Finite(cameras[8*i:8*i+8]...) || k.Depth.W < 1 || k.Depth.H < 1 {
			return d.file.Damaged("section %s: camera of keyframe %d", tagHead, id)
		}
		if _, twice := d.at[id]; twice {
			return d.file.Damaged("section %s: keyframe %d is there twice", tagHead, id)
		}
		d.at[id] = i
		d.Keyframes = append(d.Keyframes, k)
	}
	return nil
}

// View returns the view of a keyframe at a pose in the joint frame, whose lengths are
// scale times those of the recording's map.
func (d *Dense) View(id int, pose geom.Sim3) (slam.KeyframeView, error) {
	i, ok := d.at[id]
	if !ok {
		return slam.KeyframeView{}, fmt.Errorf("%s: no depth of keyframe %d", d.file.Name, id)
	}
	section, err := d.file.Section(tagImage, i)
	if err != nil {
		return slam.KeyframeView{}, err
	}
	im, err := images.Decode(section)
	if err != nil {
		return slam.KeyframeView{}, d.file.Damaged("section %s %d: %w", tagImage, i, err)
	}
	v := slam.KeyframeView{ID: id, Pose: pose.SE3(), Camera: d.Keyframes[i].Color, Gray: im.Gray, Depth: im.Depth.Unpack()}
	if v.Color, err = im.Color.RGB(); err != nil {
		return slam.KeyframeView{}, d.file.Damaged("section %s %d: %w", tagImage, i, err)
	}
	for n := range v.Depth.Depth {
		v.Depth.Depth[n] *= float32(pose.S)
	}
	if err := fusion.CheckView(v); err != nil {
		return slam.KeyframeView{}, d.file.Damaged("section %s %d: %w", tagImage, i, err)
	}
	return v, nil
}
