package fusion_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/simulate"
	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

// kitchen reads a sequence in TUM layout whose images, depth and poses share
// their stamps, without the packages that need OpenCV.
type kitchen struct {
	dir    string
	names  []string // stamps
	poses  slam.Trajectory
	camera geom.Camera
	stride int
}

func openKitchen(t testing.TB, stride int) kitchen {
	k := kitchen{dir: realdata.Path(t, "tum/redkitchen"), stride: stride}
	k.camera = geom.Camera{W: 640, H: 480, Fx: 528, Fy: 528, Cx: 320, Cy: 240}
	var err error
	if k.poses, err = export.ReadTUM(filepath.Join(k.dir, "groundtruth.txt")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(k.dir, "depth.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if fields := strings.Fields(s.Text()); len(fields) == 2 && fields[0] != "#" {
			k.names = append(k.names, fields[0])
		}
	}
	if len(k.names) != len(k.poses) {
		t.Fatalf("%d depth images, %d poses", len(k.names), len(k.poses))
	}
	return k
}

// sensor returns frame i with the sensor's depth.
func (k kitchen) sensor(i int) (slam.KeyframeView, error) {
	d, err := k.read(filepath.Join(k.dir, "depth", k.names[i]+".png"), 5000)
	if err != nil {
		return slam.KeyframeView{}, err
	}
	d.Sigma, d.Source = .01, "sensor"
	color, err := readJPEG(filepath.Join(k.dir, "rgb", k.names[i]+".jpg"))
	return slam.KeyframeView{ID: i, Time: k.poses[i].Time, Pose: k.poses[i].Pose, Camera: k.camera, Color: color, Depth: d}, err
}

func (k kitchen) read(path string, scale float64) (slam.DepthMap, error) {
	p, err := depthio.Read(path, scale)
	return slam.DepthMap{W: p.W, H: p.H, Camera: k.camera, Depth: p.Depth}, err
}

func readJPEG(path string) (slam.RGB, error) {
	f, err := os.Open(path)
	if err != nil {
		return slam.RGB{}, err
	}
	defer f.Close()
	img, err := jpeg.Decode(bufio.NewReader(f))
	if err != nil {
		return slam.RGB{}, fmt.Errorf("%s: %w", path, err)
	}
	b := img.Bounds()
	out := slam.NewRGB(b.Dx(), b.Dy())
	ycc, ok := img.(*image.YCbCr)
	for i := range b.Dx() * b.Dy() {
		x, y := i%b.Dx(), i/b.Dx()
		r, g, bl, _ := img.At(x, y).RGBA()
		if ok {
			r, g, bl, _ = ycc.YCbCrAt(x, y).RGBA()
		}
		out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = uint8(r>>8), uint8(g>>8), uint8(bl>>8)
	}
	return out, nil
}

// landmarks returns n points at random places with the true depth and 1 % of
// noise, as bundle adjustment would leave them.
func landmarks(truth slam.DepthMap, n int, rng *rand.Rand) []slam.SparseDepth {
	var out []slam.SparseDepth
	for range 20 * n {
		u := geom.Vec2{X: rng.Float64() * float64(truth.W-1), Y: rng.Float64() * float64(truth.H-1)}
		if z, _, ok := truth.At(u); ok && len(out) < n {
			out = append(out, slam.SparseDepth{Pixel: u, DepthM: z * (1 + .01*rng.NormFloat64()), LogStd: .01})
		}
	}
	return out
}

// views yields every stride-th frame; spoil replaces its depth, nil keeps it.
func (k kitchen) views(marks int, spoil func(i int, d slam.DepthMap) (slam.DepthMap, error)) iter.Seq2[slam.KeyframeView, error] {
	return func(yield func(slam.KeyframeView, error) bool) {
		for i := 0; i < len(k.names); i += k.stride {
			v, err := k.sensor(i)
			if err == nil && spoil != nil {
				v.Landmarks = landmarks(v.Depth, marks, rand.New(rand.NewPCG(uint64(i), 7)))
				v.Depth, err = spoil(i, v.Depth)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// prior marks a depth map as a network's.
func prior(d slam.DepthMap) slam.DepthMap {
	d.Sigma, d.ScaleSigma, d.Source = .05, .15, "prior"
	return d
}

// simulated spoils depth without bias, as tools/simulate_prior.py does.
func simulated(seed uint64) func(int, slam.DepthMap) (slam.DepthMap, error) {
	p := simulate.Defaults()
	p.Seed, p.Bias = seed, 0
	model := simulate.New(p)
	return func(i int, d slam.DepthMap) (slam.DepthMap, error) {
		d.Depth, _ = model.Spoil(d.Depth, d.W, d.H, i)
		return prior(d), nil
	}
}

// folder reads the depth that simulate_prior.py wrote.
func (k kitchen) folder(dir string) func(int, slam.DepthMap) (slam.DepthMap, error) {
	return func(i int, _ slam.DepthMap) (slam.DepthMap, error) {
		d, err := k.read(filepath.Join(dir, k.names[i]+".png"), 1000)
		return prior(d), err
	}
}

func fuse(t testing.TB, views iter.Seq2[slam.KeyframeView, error], cfg fusion.Config) (*slam.Mesh, fusion.Stats) {
	t.Helper()
	m, s, err := fusion.Fuse(context.Background(), views, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

func compare(t testing.TB, truth, estimate *slam.Mesh) *eval.MeshResult {
	t.Helper()
	r, err := eval.Mesh(truth, estimate, eval.MeshOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A network's depth, aligned to landmarks, must come close to the sensor's
// mesh. The bound is below what every seed tried reaches (docs/fusion.md).
func TestKitchenFromSpoiltDepth(t *testing.T) {
	k := openKitchen(t, 16)
	cfg := fusion.Default()
	truth, _ := fuse(t, k.views(0, nil), cfg)
	m, s := fuse(t, k.views(100, simulated(1)), cfg)
	r := compare(t, truth, m)
	t.Logf("F %.3f, precision %.3f, recall %.3f, Chamfer %.4f m; %+v", r.FScore, r.Precision, r.Recall, r.ChamferM, s)
	if r.FScore < .85 {
		t.Errorf("F at 5 cm is %.3f, want at least .85", r.FScore)
	}
	if s.VoxelM != .02 || s.Scene != "indoor" {
		t.Errorf("the kitchen is taken for %q with voxels of %g m", s.Scene, s.VoxelM)
	}
}

// The table of docs/fusion.md: set METRICSLAM_PRIORS to folders written by
// simulate_prior.py, separated by commas, and METRICSLAM_OUT to keep the meshes.
func TestKitchenTable(t *testing.T) {
	dirs := os.Getenv("METRICSLAM_PRIORS")
	if dirs == "" {
		t.Skip("METRICSLAM_PRIORS names no folder of simulate_prior.py")
	}
	k := openKitchen(t, 2)
	cfg := fusion.Default()
	cfg.VoxelM = .02
	truth, s := fuse(t, k.views(0, nil), cfg)
	report(t, "sensor", truth, truth, s)
	for _, row := range tableRows() {
		if only := os.Getenv("METRICSLAM_ROWS"); only != "" && !strings.Contains(row.name, only) {
			continue
		}
		for _, dir := range strings.Split(dirs, ",") {
			c := cfg
			row.set(&c)
			m, s := fuse(t, k.views(row.marks, k.folder(dir)), c)
			report(t, row.name, truth, m, s)
		}
	}
}

type tableRow struct {
	name  string
	marks int
	set   func(c *fusion.Config)
}

// tableRows lists the steps, each added to those before.
func tableRows() []tableRow {
	plain := func(c *fusion.Config) { c.TruncSigmas, c.EdgeSpread = 0, 0 }
	return []tableRow{
		{"raw prior", 0, plain},
		{"one scale", 100, func(c *fusion.Config) { plain(c); c.Align.MinWarp = 1000 }},
		{"warp", 100, plain},
		{"+ truncation", 100, func(c *fusion.Config) { c.EdgeSpread = 0 }},
		{"+ edges", 100, func(*fusion.Config) {}},
	}
}

func report(t *testing.T, name string, truth, m *slam.Mesh, s fusion.Stats) {
	t.Helper()
	r := compare(t, truth, m)
	t.Logf("%-14s F %.3f P %.3f R %.3f Chamfer %.2f cm sigma %.3f", name, r.FScore, r.Precision, r.Recall, 100*r.ChamferM, s.Sigma)
	if dir := os.Getenv("METRICSLAM_OUT"); dir != "" {
		if err := export.WritePLY(filepath.Join(dir, strings.ReplaceAll(name, " ", "_")+".ply"), m); err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(s)
		t.Logf("%s", b)
	}
}
