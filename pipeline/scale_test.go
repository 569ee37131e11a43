package pipeline

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/progress"
	"github.com/metricslam/metricslam/mapping/metric"
	"github.com/metricslam/metricslam/marker"
	"github.com/metricslam/metricslam/slam"
)

// marked paints markers into the images of a source that knows its poses.
type marked struct {
	datasets.Source
	family *marker.Family
	at     map[int]geom.SE3 // T_wm by id
	edge   float64
}

func (s *marked) Next(ctx context.Context) (*slam.Frame, error) {
	f, d, err := nextWithDepth(ctx, s.Source)
	if err != nil {
		return nil, err
	}
	if s.at == nil {
		s.place(f, d)
	}
	for id, pose := range s.at {
		s.paint(f, d, id, f.Truth.Between(pose))
	}
	return f, nil
}

// place hangs two markers before what the first image shows.
func (s *marked) place(f *slam.Frame, d slam.DepthMap) {
	s.at = make(map[int]geom.SE3)
	for i, share := range []float64{.35, .65} {
		u := geom.Vec2{X: share * float64(f.Camera.W), Y: .5 * float64(f.Camera.H)}
		z, _, _ := d.At(geom.Vec2{X: share * float64(d.W), Y: .5 * float64(d.H)})
		s.at[3+i] = f.Truth.Mul(geom.SE3{R: geom.ExpSO3(geom.Vec3{X: .2, Y: .3 - .6*share}), T: f.Camera.Unproject(u, .85*z)})
	}
}

// paint draws a marker on white paper where nothing hides it, with 3x3 samples
// a pixel.
func (s *marked) paint(f *slam.Frame, d slam.DepthMap, id int, t geom.SE3) {
	n, cells := t.R.Col(2), float64(s.family.Cells())
	if t.T.Z < .2 || n.Z < .1 {
		return
	}
	at := func(u geom.Vec2) (grey, z float64, ok bool) {
		ray := f.Camera.Ray(u)
		z = n.Dot(t.T) / n.Dot(ray)
		p := t.ApplyInverse(ray.Scale(z))
		col, row := (p.X/s.edge+.5)*cells, (p.Y/s.edge+.5)*cells
		switch {
		case z <= 0 || min(row, col) < -1.5 || max(row, col) >= cells+1.5:
			return 0, 0, false
		case min(row, col) < 0 || max(row, col) >= cells || s.family.White(id, int(row), int(col)):
			return 215, z, true
		}
		return 35, z, true
	}
	for y := range f.Gray.H {
		for x := range f.Gray.W {
			if _, _, ok := at(geom.Vec2{X: float64(x), Y: float64(y)}); !ok {
				continue
			}
			var sum, count float64
			for i := range 9 {
				u := geom.Vec2{X: float64(x) + float64(i%3-1)/3, Y: float64(y) + float64(i/3-1)/3}
				g, z, ok := at(u)
				behind, _, known := d.At(geom.Vec2{X: u.X * float64(d.W) / float64(f.Gray.W), Y: u.Y * float64(d.H) / float64(f.Gray.H)})
				if ok && (!known || z < behind+.02) {
					sum, count = sum+g, count+1
				}
			}
			if count > 4 {
				f.Gray.Pix[y*f.Gray.W+x] = uint8(sum / count)
			}
		}
	}
}

// replay gives frames that were read before.
type replay struct {
	datasets.Source
	frames []*slam.Frame
	next   int
}

func (r *replay) Next(context.Context) (*slam.Frame, error) {
	if r.next == len(r.frames) {
		return nil, io.EOF
	}
	r.next++
	return r.frames[r.next-1], nil
}

func (*replay) Close() error { return nil }

// markedRoom renders a room with two markers once.
func markedRoom(t *testing.T) (*marked, []*slam.Frame) {
	t.Helper()
	src, err := datasets.Open(context.Background(), "synthetic:room", datasets.Options{MaxFrames: 80})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	family, err := marker.ByName("apriltag36h11")
	if err != nil {
		t.Fatal(err)
	}
	m := &marked{Source: src, family: family, edge: .2}
	var frames []*slam.Frame
	for {
		f, err := m.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return m, frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
}

// mapScale maps the frames and returns what is known of the metres, and the true
// error of the map's: log(true length / the map's).
func mapScale(t *testing.T, src datasets.Source, depthSpec string, known metric.Known) (m metric.Estimate, logError float64) {
	t.Helper()
	d, err := depth.Open(depthSpec, depth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cfg := Default()
	cfg.Mapping.Known = known
	var log strings.Builder
	res, err := Run(context.Background(), Job{
		Source: src, Depth: d, Config: cfg,
		Progress: progress.New(&log, 0, true), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := eval.Associate(src.Truth(), res.Trajectories()[0], eval.MaxTimeDiff)
	if err != nil {
		t.Fatal(err)
	}
	a, err := eval.Align(pairs, eval.AlignSim3)
	if err != nil {
		t.Fatal(err)
	}
	m = res.metrics[res.main()]
	t.Logf("%s: error %.4f, stated %.4f, sources %+v", depthSpec, math.Log(a.S), m.Sigma, m.Sources)
	if conflict := len(m.Conflicts()) > 0; conflict != strings.Contains(log.String(), "is not used") {
		t.Errorf("the log does not say the same of conflicts: %s", log.String())
	}
	return m, math.Log(a.S)
}

func TestKnownSizesBringMetres(t *testing.T) {
	if testing.Short() {
		t.Skip("maps a synthetic room five times")
	}
	src, frames := markedRoom(t)
	markers := metric.End{Marker: true, Index: 3}
	between := metric.Distance{From: markers, To: metric.End{Marker: true, Index: 4}, Metres: src.at[3].T.Sub(src.at[4].T).Norm()}
	last := len(frames) - 1
	walked := metric.Distance{To: metric.End{Index: last}, Metres: frames[last].Truth.T.Sub(frames[0].Truth.T).Norm()}
	size := metric.Known{MarkerSizeM: .2}
	for _, c := range []struct {
		name, depth string
		known       metric.Known
		tolerance   float64
		conflict    bool
	}{
		{"marker", "none", size, .02, false},
		{"marker and network", "sim:bias=.1", size, .02, false},
		{"marker against network", "sim:bias=.8", size, .02, true},
		{"two markers of unknown size", "none", metric.Known{Distances: []metric.Distance{between}}, .03, false},
		{"two frames", "none", metric.Known{Distances: []metric.Distance{walked}}, .03, false},
	} {
		m, e := mapScale(t, &replay{Source: src, frames: frames}, c.depth, c.known)
		if math.Abs(e) > 2.5*m.Sigma || math.Abs(e) > c.tolerance || m.Sigma > .05 {
			t.Errorf("%s: off by %.4f, stated %.4f", c.name, e, m.Sigma)
		}
		if conflict := len(m.Conflicts()) > 0; conflict != c.conflict {
			t.Errorf("%s: conflicts %v", c.name, m.Conflicts())
		}
	}
}
