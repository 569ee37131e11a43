package tiles

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/join"
)

const (
	planKind = "tiles"

	// defaultBlocks is the edge of a tile where none is asked for, in blocks of voxels: 100 m
	// of streets, 10 m indoors. Views that see several tiles are fused several times; of
	// edges three times the range, twice.
	defaultBlocks = 64

	// depthSpan is the share by which the surface may lie elsewhere than a pixel of the
	// grid says: it decides which tiles exist.
	depthSpan = .1
)

// Plan says what the dense map of a joint map is made of: tiles.json.
type Plan struct {
	Kind       string          `json:"kind"` // "tiles"
	Version    int             `json:"version"`
	Joined     join.MapRef     `json:"joined"`
	Grid       Grid            `json:"grid"`
	MaxDepthM  float64         `json:"max_depth_m"`
	MinViews   int             `json:"min_views"` // that a voxel needs
	Recordings []PlanRecording `json:"recordings"`
	Tiles      []Tile          `json:"tiles"` // by y, then x
}

// PlanRecording is a recording with depth.
type PlanRecording struct {
	Name  string `json:"name"`
	Map   int    `json:"map"`   // place in the joint map
	Dense string `json:"dense"` // file
}

// Tile is a column of space and who sees it.
type Tile struct {
	Index
	Views []TileViews `json:"views"`
}

// TileViews are the keyframes of a recording that may see a tile or its border.
type TileViews struct {
	Recording int   `json:"recording"` // of the plan
	Keyframes []int `json:"keyframes"` // ids
}

// PlanOptions are what a plan leaves to the scene where it is 0.
type PlanOptions struct {
	VoxelM, MaxDepthM, EdgeM float64
	Component                int
}

// NewPlan cuts a component of a joint map into tiles; dense are the dense files of its
// recordings, in any order.
func NewPlan(ref join.MapRef, j *join.Joined, dense []string, opt PlanOptions) (*Plan, error) {
	p := &planner{plan: Plan{Kind: planKind, Version: join.Version, Joined: ref}, tiles: make(map[Index]bool)}
	if err := p.gather(j, dense, opt.Component); err != nil {
		return nil, err
	}
	if err := p.choose(opt); err != nil {
		return nil, err
	}
	for i := range p.views {
		p.mark(&p.views[i])
	}
	for i := range p.tiles {
		if !p.plan.Grid.inside(i) {
			return nil, fmt.Errorf("tile %s lies farther out than voxels of %g m reach; choose larger ones", i, p.plan.Grid.VoxelM)
		}
		p.plan.Tiles = append(p.plan.Tiles, Tile{Index: i, Views: p.seen(i)})
	}
	slices.SortFunc(p.plan.Tiles, func(a, b Tile) int { return cmp.Or(a.Y-b.Y, a.X-b.X) })
	return &p.plan, nil
}

// planner is a plan in the making.
type planner struct {
	plan  Plan
	views []plannedView
	tiles map[Index]bool // that hold surface
}

// plannedView is a keyframe with depth.
type plannedView struct {
	recording, id int
	pose          geom.Sim3
	camera        geom.Camera
	grid          []float32
	outline       [5][2]float64 // its centre and the far corners of what it sees, along the axes
}

// gather reads the heads of the dense files.
func (p *planner) gather(j *join.Joined, dense []string, component int) error {
	if component < 0 || component >= len(j.Components) {
		return fmt.Errorf("component %d: the joint map has %d", component, len(j.Components))
	}
	files := make(map[string]string) // by the digest of the map
	heads := make(map[string][]DenseKeyframe)
	for _, path := range dense {
		d, err := OpenDense(path)
		if err != nil {
			return err
		}
		files[d.MapSHA256], heads[d.MapSHA256] = path, d.Keyframes
		if err := d.Close(); err != nil {
			return err
		}
	}
	for i := range j.Maps {
		m := &j.Maps[i]
		if m.Component != component {
			continue
		}
		path, ok := files[m.SHA256]
		if !ok {
			return fmt.Errorf("no dense file of %s; make it by map dense %s", m.Name, m.File)
		}
		poses := make(map[int]geom.Sim3)
		for _, k := range m.Keyframes {
			poses[k.ID] = k.Sim3()
		}
		for _, k := range heads[m.SHA256] {
			if pose, ok := poses[k.ID]; ok {
				p.views = append(p.views, plannedView{recording: len(p.plan.Recordings), id: k.ID, pose: pose, camera: k.Depth, grid: k.Grid})
			}
		}
		p.plan.Recordings = append(p.plan.Recordings, PlanRecording{Name: m.Name, Map: i, Dense: path})
	}
	if len(p.views) == 0 {
		return fmt.Errorf("component %d has no keyframe with depth; nothing can be fused", component)
	}
	return nil
}

// choose fills in the grid, the range and the views that a voxel needs.
func (p *planner) choose(opt PlanOptions) error {
	var depths []float64
	var lo, hi geom.Vec3
	for i := range p.views {
		v := &p.views[i]
		for _, z := range v.grid {
			if z > 0 {
				depths = append(depths, float64(z)*v.pose.S)
			}
		}
		if i == 0 {
			lo, hi = v.pose.T, v.pose.T
		}
		lo = geom.Vec3{X: min(lo.X, v.pose.T.X), Y: min(lo.Y, v.pose.T.Y), Z: min(lo.Z, v.pose.T.Z)}
		hi = geom.Vec3{X: max(hi.X, v.pose.T.X), Y: max(hi.Y, v.pose.T.Y), Z: max(hi.Z, v.pose.T.Z)}
	}
	if len(depths) == 0 {
		return fmt.Errorf("no pixel of %d keyframes has depth; nothing can be fused", len(p.views))
	}
	scene := fusion.SceneFor(stats.Median(depths), stats.Quantile(depths, .9))
	g := &p.plan.Grid
	g.VoxelM, p.plan.MaxDepthM = cmp.Or(opt.VoxelM, scene.VoxelM), cmp.Or(opt.MaxDepthM, scene.MaxDepthM)
	g.Blocks = defaultBlocks
	if opt.EdgeM > 0 {
		g.Blocks = max(int(math.Round(opt.EdgeM/fusion.BlockStart(g.VoxelM, 1))), 1)
	}
	extent := hi.Sub(lo)
	spread := [3]float64{extent.X, extent.Y, extent.Z}
	up := 1 // the y axis of a camera that looks ahead
	for a := range spread {
		if spread[a] < spread[up] {
			up = a
		}
	}
	switch up {
	case 0:
		g.Axes = [2]int{1, 2}
	case 1:
		g.Axes = [2]int{0, 2}
	default:
		g.Axes = [2]int{0, 1}
	}
	cfg := p.plan.config()
	p.plan.MinViews = cfg.ViewsFor(len(p.views))
	if err := cfg.Validate(); err != nil {
		return err
	}
	return g.check()
}

// config is that of the dense map.
func (p *Plan) config() fusion.Config {
	cfg := fusion.Default()
	cfg.VoxelM, cfg.MaxDepthM, cfg.MinViews = p.Grid.VoxelM, p.MaxDepthM, p.MinViews
	return cfg
}

// reachM is how far along its optical axis a view changes voxels.
func (p *Plan) reachM() float64 { return p.MaxDepthM + p.config().TruncMax*p.Grid.VoxelM }

// mark notes the tiles that hold surface of a view, and finds its outline.
func (p *planner) mark(v *plannedView) {
	g := p.plan.Grid
	c, edge := v.camera, g.EdgeM()
	at := func(x, y, z float64) [2]float64 {
		q := v.pose.SE3().Apply(c.Unproject(geom.Vec2{X: x, Y: y}, z))
		w := [3]float64{q.X, q.Y, q.Z}
		return [2]float64{w[g.Axes[0]], w[g.Axes[1]]}
	}
	w, h, far := float64(c.W)-.5, float64(c.H)-.5, p.plan.reachM()
	v.outline = [5][2]float64{at(0, 0, 0), at(-.5, -.5, far), at(w, -.5, far), at(-.5, h, far), at(w, h, far)}
	band := p.plan.config().TruncMax * g.VoxelM
	for n, z32 := range v.grid {
		z := float64(z32) * v.pose.S
		if !(z > 0) || z > p.plan.MaxDepthM*(1+depthSpan) {
			continue
		}
		x, y := float64(gridPixel(n%gridAcross, c.W, gridAcross)), float64(gridPixel(n/gridAcross, c.H, gridDown))
		margin := max(z/c.Fx*float64(c.W)/gridAcross, z/c.Fy*float64(c.H)/gridDown, band)
		near, beyond := at(x, y, z*(1-depthSpan)), at(x, y, z*(1+depthSpan))
		first := Index{tileAt(min(near[0], beyond[0])-margin, edge), tileAt(min(near[1], beyond[1])-margin, edge)}
		last := Index{tileAt(max(near[0], beyond[0])+margin, edge), tileAt(max(near[1], beyond[1])+margin, edge)}
		for ty := first.Y; ty <= last.Y; ty++ {
			for tx := first.X; tx <= last.X; tx++ {
				p.tiles[Index{tx, ty}] = true
			}
		}
	}
}

func tileAt(m, edgeM float64) int { return int(math.Floor(m / edgeM)) }

// seen lists the views that may change a voxel of a tile or its border.
func (p *planner) seen(i Index) (out []TileViews) {
	edge, border := p.plan.Grid.EdgeM(), fusion.BlockStart(p.plan.Grid.VoxelM, 2)
	lo := [2]float64{float64(i.X)*edge - border, float64(i.Y)*edge - border}
	hi := [2]float64{float64(i.X+1)*edge + border, float64(i.Y+1)*edge + border}
	for n := range p.views {
		v := &p.views[n]
		if apart(v.outline[:], lo, hi) {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Recording != v.recording {
			out = append(out, TileViews{Recording: v.recording})
		}
		last := &out[len(out)-1]
		last.Keyframes = append(last.Keyframes, v.id)
	}
	return out
}

// apart reports whether a line separates the convex hull of points from a rectangle
// (separating axis theorem): one along a side of either.
func apart(points [][2]float64, lo, hi [2]float64) bool {
	corners := [][2]float64{lo, {hi[0], lo[1]}, {lo[0], hi[1]}, hi}
	separates := func(n [2]float64) bool {
		a, b := span(points, n), span(corners, n)
		return a[1] < b[0] || b[1] < a[0]
	}
	if separates([2]float64{1, 0}) || separates([2]float64{0, 1}) {
		return true
	}
	for i := range points {
		for j := range i {
			if separates([2]float64{points[i][1] - points[j][1], points[j][0] - points[i][0]}) {
				return true
			}
		}
	}
	return false
}

// span is the range of points along a direction.
func span(points [][2]float64, n [2]float64) [2]float64 {
	out := [2]float64{math.Inf(1), math.Inf(-1)}
	for _, p := range points {
		d := p[0]*n[0] + p[1]*n[1]
		out = [2]float64{min(out[0], d), max(out[1], d)}
	}
	return out
}

// Write writes a plan.
func (p *Plan) Write(path string) error { return join.WriteJSON(path, p) }

// ReadPlan reads a plan.
func ReadPlan(path string) (*Plan, error) {
	p := new(Plan)
	if err := join.ReadJSON(path, planKind, p); err != nil {
		return nil, err
	}
	if err := p.Grid.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := p.config().Validate(); err != nil || p.MaxDepthM <= 0 || p.MinViews < 1 {
		return nil, fmt.Errorf("%s: range %g m, %d views a voxel: %w", path, p.MaxDepthM, p.MinViews, cmp.Or(err, fmt.Errorf("want both above 0")))
	}
	seen := make(map[Index]bool)
	for _, t := range p.Tiles {
		if seen[t.Index] || !p.Grid.inside(t.Index) {
			return nil, fmt.Errorf("%s: tile %s is there twice, or lies out of reach", path, t.Index)
		}
		seen[t.Index] = true
		for _, v := range t.Views {
			if v.Recording < 0 || v.Recording >= len(p.Recordings) {
				return nil, fmt.Errorf("%s: tile %s names recording %d of %d", path, t.Index, v.Recording, len(p.Recordings))
			}
		}
	}
	return p, nil
}

// Find returns a tile of the plan.
func (p *Plan) Find(i Index) (*Tile, bool) {
	n := slices.IndexFunc(p.Tiles, func(t Tile) bool { return t.Index == i })
	if n < 0 {
		return nil, false
	}
	return &p.Tiles[n], true
}
