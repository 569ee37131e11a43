package fusion

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/metricslam/metricslam/fusion/surface"
	"github.com/metricslam/metricslam/internal/stats"
	"github.com/metricslam/metricslam/slam"
)

// ErrNoView is returned by Fuse where no view could be fused.
var ErrNoView = errors.New("fusion: no view with depth")

// Stats says what Fuse did.
type Stats struct {
	Scene     string  `json:"scene"`
	VoxelM    float64 `json:"voxel_m"`
	MaxDepthM float64 `json:"max_depth_m"`

	Views   int      `json:"views"`             // fused
	Skipped int      `json:"skipped"`           // without depth, or unusable
	Reasons []string `json:"reasons,omitempty"` // why, the first few

	Aligned     int     `json:"aligned"`       // views whose depth was warped or scaled
	LogScaleStd float64 `json:"log_scale_std"` // robust spread of their scales
	SigmaBefore float64 `json:"sigma_before"`  // median deviation of log depth from the landmarks, before
	Sigma       float64 `json:"sigma"`         // and after alignment

	Blocks int   `json:"blocks"`
	Bytes  int64 `json:"bytes"`
	Full   bool  `json:"full"` // max_blocks was reached, and no file took more
	surface.Report
	Holes int `json:"holes"` // filled

	// Cloud holds the vertices of the surface before it was simplified, and their
	// colours.
	Cloud       slam.Mesh `json:"-"`
	AlignMS     Timed     `json:"align_ms"`     // align and drop edges, a view
	IntegrateMS Timed     `json:"integrate_ms"` // a view
	MeshMS      Timed     `json:"mesh_ms"`
}

// Warning says that parts are missing, empty where none is.
func (s Stats) Warning() string {
	if !s.Full {
		return ""
	}
	return fmt.Sprintf("the dense map is larger than memory and the output folder allow (%d blocks): parts are missing; make room there, or choose a larger voxel or a smaller range", s.Blocks)
}

// Timed summarises wall-clock times in milliseconds.
type Timed struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
}

// maxReasons bounds Stats.Reasons.
const maxReasons = 10

// Fuse builds the mesh of a sequence of views at their poses, from nothing: it
// is what to call after a loop has moved the poses. Unusable views are counted
// and skipped; an error of the sequence, a cancelled context and a sequence
// without any view end it. Voxel size and range that cfg leaves open come from
// the median depth of the first usable view.
func Fuse(ctx context.Context, views iter.Seq2[slam.KeyframeView, error], cfg Config) (*slam.Mesh, Stats, error) {
	if err := cfg.Validate(); err != nil {
		return nil, Stats{}, err
	}
	f := fuser{cfg: cfg, ctx: ctx}
	for view, err := range views {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, f.stats, err
		}
		if err := f.add(view); err != nil {
			return nil, f.stats, err
		}
	}
	return f.finish()
}

// fuser runs the steps of one Fuse.
type fuser struct {
	cfg    Config
	ctx    context.Context // ends all steps
	volume *Volume
	stats  Stats

	alignMS, integrateMS   []float64
	scales, before, sigmas []float64
}

// skip counts a view that is not fused.
func (f *fuser) skip(err error) {
	f.stats.Skipped++
	if len(f.stats.Reasons) < maxReasons {
		f.stats.Reasons = append(f.stats.Reasons, err.Error())
	}
}

// add takes one view through the chain.
func (f *fuser) add(view slam.KeyframeView) error {
	if err := CheckView(view); err != nil {
		f.skip(err)
		return nil
	}
	start := time.Now()
	view.Depth = DropEdges(view.Depth, f.cfg)
	aligned, rep := Align(view, f.cfg.Align)
	view.Depth = aligned
	f.alignMS = append(f.alignMS, milliseconds(start))
	if f.volume == nil {
		m, far, ok := spanOf(view.Depth)
		if !ok {
			f.skip(fmt.Errorf("fusion: view %d: no pixel with depth", view.ID))
			return nil
		}
		if err := f.open(m, far); err != nil {
			return err
		}
	}
	f.note(rep)
	start = time.Now()
	if err := f.volume.Integrate(view); err != nil {
		return err
	}
	f.integrateMS = append(f.integrateMS, milliseconds(start))
	f.stats.Views++
	if f.cfg.Witness != nil {
		f.cfg.Witness.Take(view)
	}
	return nil
}

// open creates the volume for a scene of this median depth, of which nine tenths
// are nearer than farM.
func (f *fuser) open(medianM, farM float64) (err error) {
	cfg := f.cfg.resolved(medianM, farM)
	f.stats.Scene, f.stats.VoxelM, f.stats.MaxDepthM = SceneFor(medianM, farM).Name, cfg.VoxelM, cfg.MaxDepthM
	if f.volume, err = NewVolume(cfg); err == nil {
		f.volume.stop = f.ctx.Done()
	}
	return err
}

// note keeps the figures of one alignment.
func (f *fuser) note(rep AlignReport) {
	f.sigmas = append(f.sigmas, rep.Sigma)
	if rep.Landmarks > 0 {
		f.before = append(f.before, rep.Before)
	}
	if rep.Model != AlignNone {
		f.stats.Aligned++
		f.scales = append(f.scales, rep.LogScale)
	}
}

// finish meshes what was fused.
func (f *fuser) finish() (*slam.Mesh, Stats, error) {
	if f.stats.Views == 0 {
		return nil, f.stats, fmt.Errorf("%w (%d skipped%s)", ErrNoView, f.stats.Skipped, firstReason(f.stats.Reasons))
	}
	start := time.Now()
	s := &f.stats
	s.Blocks, s.Bytes, s.Full = f.volume.Blocks(), f.volume.Bytes(), f.volume.Full()
	m, err := f.volume.mesh(true)
	if err = errors.Join(err, f.ctx.Err()); err != nil {
		return nil, f.stats, err
	}
	cfg := f.volume.cfg
	s.Cloud = slam.Mesh{Vertices: m.Vertices, Colors: m.Colors}
	if w := cfg.Witness; w != nil && len(m.Triangles) <= w.Most {
		w.Mesh = m
	}
	if m, s.Holes, err = refine(f.ctx, m, cfg); err != nil {
		return nil, f.stats, err
	}
	s.Report = surface.Inspect(m)
	s.MeshMS = timed([]float64{milliseconds(start)})
	s.AlignMS, s.IntegrateMS = timed(f.alignMS), timed(f.integrateMS)
	s.SigmaBefore, s.Sigma = stats.Median(f.before), stats.Median(f.sigmas)
	s.LogScaleStd = spread(f.scales)
	return m, *s, nil
}

func firstReason(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	return "; the first: " + reasons[0]
}

// spanOf returns the median known depth and the one that nine tenths lie below;
// ok is false where none is known.
func spanOf(d slam.DepthMap) (m, far float64, ok bool) {
	var v []float64
	for _, z := range d.Depth {
		if z > 0 && !math.IsInf(float64(z), 0) {
			v = append(v, float64(z))
		}
	}
	if len(v) == 0 {
		return 0, 0, false
	}
	return stats.Median(v), stats.Quantile(v, .9), true
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since)) / 1e6 }

// timed summarises times.
func timed(ms []float64) Timed {
	if len(ms) == 0 {
		return Timed{}
	}
	s := slices.Sorted(slices.Values(ms))
	return Timed{N: len(s), Median: s[len(s)/2], P99: s[min(len(s)-1, len(s)*99/100)]}
}
