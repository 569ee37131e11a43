package texture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"

	"github.com/metricslam/metricslam/slam"
)

// Stats says what Build did.
type Stats struct {
	Views    int      `json:"views"`     // that gave colours
	Charts   int      `json:"charts"`    // pieces of one view
	Unseen   int      `json:"unseen"`    // triangles that no view sees; they have the colours of their vertices
	SeamM    float64  `json:"seam_m"`    // length of the edges between different views
	PagesPx  [][2]int `json:"pages_px"`  // width and height of each page
	Scale    float64  `json:"scale"`     // texels a pixel of the images
	Used     float64  `json:"used"`      // share of the pages that shows the surface
	Bytes    int      `json:"bytes"`     // of the pages, as JPEG
	GainLow  float64  `json:"gain_low"`  // the least and the largest factor that levels
	GainHigh float64  `json:"gain_high"` // a view's green
}

// String says it in a line.
func (s Stats) String() string {
	return fmt.Sprintf("texture: %d views in %d charts, pages %v px, %.0f %% used, %.2f texels a pixel, %d kB, seams %.1f m, %d triangles unseen",
		s.Views, s.Charts, s.PagesPx, 100*s.Used, s.Scale, s.Bytes/1000, s.SeamM, s.Unseen)
}

// ErrNoView is returned where no view sees any of the mesh, ErrTooLarge where it has
// more than MostTriangles.
var (
	ErrNoView   = errors.New("texture: no view sees the mesh")
	ErrTooLarge = fmt.Errorf("texture: the mesh has more than %d triangles; choose a larger voxel, or fewer faces", MostTriangles)
)

// MostTriangles bounds the meshes that get a texture: a triangle takes some 300 bytes
// while it is made, and pages hold a few texels of each of more.
const MostTriangles = 2_000_000

// builder runs the steps of one Build.
type builder struct {
	cfg     Config
	surface *surface
	views   Views
	images  *cache

	candidates [][]candidate // of each triangle, the best first
	samples    []sample
	balance    balance
	chosen     []int8    // candidate of each triangle, -1: none
	shares     [][]share // of each vertex
}

// cachedBytes is what images may take in memory: a hundred of 640x480.
const cachedBytes = 96 << 20

func newBuilder(m *slam.Mesh, views Views, cfg Config) *builder {
	b := &builder{cfg: cfg, surface: newSurface(m), views: views}
	bytes := 1
	for _, v := range views.Of {
		bytes = max(bytes, 3*v.Camera.W*v.Camera.H)
	}
	most := max(cachedBytes/bytes, 2)
	b.images = newCache(most, func(i int) (slam.RGB, error) {
		img, err := views.Image(i)
		if c := views.Of[i].Camera; err == nil && (img.W != c.W || img.H != c.H) {
			err = fmt.Errorf("texture: the image of view %d has %dx%d pixels, its camera %dx%d", i, img.W, img.H, c.W, c.H)
		}
		return img, err
	})
	return b
}

// Build returns a mesh with an atlas of the colours that its views show. The mesh is
// left as it is; the vertices of the result are doubled where charts meet, and have the
// colours that the atlas has around them.
func Build(ctx context.Context, m *slam.Mesh, views Views, cfg Config) (*slam.TexturedMesh, Stats, error) {
	if err := cfg.Validate(); err != nil {
		return nil, Stats{}, err
	}
	if len(m.Triangles) == 0 || len(views.Of) == 0 {
		return nil, Stats{}, ErrNoView
	}
	if len(m.Triangles) > MostTriangles {
		return nil, Stats{}, ErrTooLarge
	}
	for i, v := range views.Of {
		if v.Camera.Distorted() || !v.Pose.IsFinite() {
			return nil, Stats{}, fmt.Errorf("texture: view %d has distortion, or a pose that is not finite", i)
		}
	}
	b := newBuilder(m, views, cfg)
	if err := b.look(ctx); err != nil {
		return nil, Stats{}, err
	}
	b.balance = newBalance(b.samples, len(views.Of))
	b.samples = nil
	b.chosen = b.choose()
	if err := b.levelSeams(ctx); err != nil {
		return nil, Stats{}, err
	}
	charts := b.charts()
	s := b.describe(charts)
	if s.Views == 0 {
		return nil, s, ErrNoView
	}
	s.PagesPx, s.Scale = b.layOut(charts)
	out, used, err := b.assemble(ctx, charts, s.PagesPx, s.Scale)
	if err != nil {
		return nil, s, err
	}
	for i, p := range out.Pages {
		s.Bytes += len(p.Data)
		s.Used += float64(used[i]) / float64(s.PagesPx[i][0]*s.PagesPx[i][1]) / float64(len(out.Pages))
	}
	return out, s, nil
}

func (b *builder) describe(charts []chart) (s Stats) {
	s.Charts, s.GainLow, s.GainHigh = len(charts), 1, 1
	used := make([]bool, len(b.views.Of))
	for _, c := range charts {
		if c.view < 0 {
			s.Unseen = len(c.faces)
		} else {
			used[c.view] = true
		}
	}
	for i, u := range used {
		if u {
			s.Views++
			g := float64(b.balance.gain[i][1])
			s.GainLow, s.GainHigh = min(s.GainLow, g), max(s.GainHigh, g)
		}
	}
	for f, around := range b.surface.beside {
		for k, n := range around {
			if int(n) > f && b.viewOf(uint32(f)) != b.viewOf(uint32(n)) {
				s.SeamM += b.surface.edgeM(f, k)
			}
		}
	}
	return s
}

// assemble draws the pages and builds the mesh that uses them.
func (b *builder) assemble(ctx context.Context, charts []chart, sizes [][2]int, scale float64) (*slam.TexturedMesh, []int, error) {
	out := &slam.TexturedMesh{}
	used := make([]int, len(sizes))
	colors := b.vertexColors()
	for p, size := range sizes {
		page := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		filled, err := b.draw(ctx, charts, p, scale, page)
		if err != nil {
			return nil, nil, err
		}
		used[p] = filled
		var data bytes.Buffer
		if err := jpeg.Encode(&data, page, &jpeg.Options{Quality: b.cfg.Quality}); err != nil {
			return nil, nil, err
		}
		first := len(out.Triangles)
		for i := range charts {
			if charts[i].page == p {
				b.addChart(out, &charts[i], colors, size, scale)
			}
		}
		out.Pages = append(out.Pages, slam.TexturePage{Data: data.Bytes(), Triangles: len(out.Triangles) - first})
	}
	return out, used, nil
}

// addChart appends the triangles of a chart, with vertices of their own.
func (b *builder) addChart(out *slam.TexturedMesh, c *chart, colors [][3]uint8, size [2]int, scale float64) {
	m := b.surface.Mesh
	number := make(map[uint32]uint32)
	for i, f := range c.faces {
		var t [3]uint32
		for k, v := range m.Triangles[f] {
			n, ok := number[v]
			if !ok || c.view < 0 { // there each triangle lies by itself
				n = uint32(len(out.Vertices))
				number[v] = n
				out.Vertices = append(out.Vertices, m.Vertices[v])
				if m.Normals != nil {
					out.Normals = append(out.Normals, m.Normals[v])
				}
				out.Colors = append(out.Colors, colors[v])
				if m.Deviation != nil {
					out.Deviation = append(out.Deviation, m.Deviation[v])
				}
				out.Source = append(out.Source, v)
				x, y := c.corner(b, i, k, scale)
				out.UV = append(out.UV, [2]float32{float32((x + .5) / float64(size[0])), float32((y + .5) / float64(size[1]))})
			}
			t[k] = n
		}
		out.Triangles = append(out.Triangles, t)
	}
}
