package photo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/network"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// scene is a source: a wall at 4 m, slightly turned, with a box 1 m before it in
// the middle. It tells its own field of view where fov is not 0.
type scene struct {
	std  float64 // of each pixel's log depth
	fov  float64
	errs []float64 // added to log depth, by pixel of an 80x60 map
}

func (scene) Name() string { return "scene" }
func (scene) Close() error { return nil }

func (s scene) Depth(_ context.Context, f *slam.Frame) (slam.DepthMap, error) {
	c := f.Camera.Resized(80, 60)
	d := slam.DepthMap{W: 80, H: 60, Camera: c, Depth: make([]float32, 4800), ScaleSigma: .1, Source: "scene"}
	d.LogStd = make([]float32, 4800)
	for i := range d.Depth {
		z := trueDepth(c, i%80, i/80)
		if s.errs != nil {
			z *= math.Exp(s.errs[i])
		}
		d.Depth[i], d.LogStd[i] = float32(z), float32(s.std)
	}
	return d, nil
}

func trueDepth(c geom.Camera, x, y int) float64 {
	r := c.Ray(geom.Vec2{X: float64(x), Y: float64(y)})
	if math.Abs(r.X) < .15 && math.Abs(r.Y) < .15 {
		return 3
	}
	return 4 / (1 - .1*r.X)
}

// knowing is a scene that tells a field of view.
type knowing struct{ scene }

func (k knowing) Predict(ctx context.Context, f *slam.Frame) (network.Prediction, error) {
	d, err := k.Depth(ctx, f)
	return network.Prediction{Depth: d, FOVRad: k.fov}, err
}

func camera320() Camera {
	return Camera{Camera: geom.Camera{W: 320, H: 240, Fx: 300, Fy: 300, Cx: 159.5, Cy: 119.5}, From: "test", LogFocalStd: .01}
}

func compute(t testing.TB, src depth.Source, cam Camera) *Photo {
	t.Helper()
	p, err := Compute(context.Background(), src, slam.NewRGB(320, 240), cam)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMeasure(t *testing.T) {
	p := compute(t, scene{std: .05}, camera320())
	// On the box at 3 m: 60 px are .6 m.
	res, err := p.Measure([]Pair{{geom.Vec2{X: 130, Y: 120}, geom.Vec2{X: 190, Y: 120}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := res.Measurements[0]
	if math.Abs(m.DistanceM-.6) > 1e-3 || res.Scale != 1 {
		t.Errorf("got %+v, scale %v, want .6 m", m, res.Scale)
	}
	// Scale .1 and pixels .05 (at least half of what is stated is the pixel's
	// own) at points a quarter of the reach apart, focal length .01.
	if r := m.SigmaM / m.DistanceM; r < .10 || r > .13 {
		t.Errorf("relative deviation %v, want a little over the scale's .1", r)
	}
	// From the box to the wall behind: mostly depth, so the pixels' own
	// deviation counts more.
	deep, err := compute(t, scene{std: .15}, camera320()).Measure([]Pair{{geom.Vec2{X: 200, Y: 120}, geom.Vec2{X: 212, Y: 120}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := deep.Measurements[0]; d.DistanceM < .9 || d.DistanceM > 1.2 || d.SigmaM/d.DistanceM < .2 {
		t.Errorf("along the axis: got %+v", d)
	}
}

// TestKnown: a reference rescales all by the same factor, leaves its own pair
// exact and narrows what is near it.
func TestKnown(t *testing.T) {
	p := compute(t, scene{std: .15}, camera320())
	ref := Reference{Pair{geom.Vec2{X: 130, Y: 110}, geom.Vec2{X: 190, Y: 110}}, .66}
	pairs := []Pair{ref.Pair, {geom.Vec2{X: 130, Y: 130}, geom.Vec2{X: 180, Y: 130}}, {geom.Vec2{X: 20, Y: 20}, geom.Vec2{X: 60, Y: 20}}}
	before, err := p.Measure(pairs, nil)
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.Measure(pairs, []Reference{ref})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(after.Scale-1.1) > 2e-3 {
		t.Errorf("scale %v, want 1.1", after.Scale)
	}
	for i := range pairs {
		b, a := before.Measurements[i], after.Measurements[i]
		if math.Abs(a.DistanceM/b.DistanceM-after.Scale) > 1e-9 {
			t.Errorf("pair %d was rescaled by %v, not %v", i, a.DistanceM/b.DistanceM, after.Scale)
		}
		if a.SigmaM/a.DistanceM >= b.SigmaM/b.DistanceM {
			t.Errorf("pair %d: relative deviation %v, was %v: not narrowed", i, a.SigmaM/a.DistanceM, b.SigmaM/b.DistanceM)
		}
	}
	own, near, far := after.Measurements[0], after.Measurements[1], after.Measurements[2]
	if math.Abs(own.DistanceM-.66) > 1e-9 || own.SigmaM/own.DistanceM > .02 /* pointing */ {
		t.Errorf("the known pair itself: %+v", own)
	}
	if near.SigmaM/near.DistanceM > .08 || far.SigmaM/far.DistanceM < near.SigmaM/near.DistanceM {
		t.Errorf("near %+v, far %+v", near, far)
	}
	// Two references that disagree: between them.
	two, err := p.Measure(pairs[2:], []Reference{ref, {pairs[2], 1.2 * before.Measurements[2].DistanceM}})
	if err != nil {
		t.Fatal(err)
	}
	if two.Scale < 1.1 || two.Scale > 1.2 {
		t.Errorf("scale %v of references that ask for 1.1 and 1.2", two.Scale)
	}
	if _, err := p.Measure(pairs, []Reference{ref, ref}); err != nil {
		t.Errorf("one reference twice: %v", err)
	}
}

// TestCoverage: with errors drawn from the stated model, some 68 % of the
// lengths lie within their standard deviation, with and without a reference.
func TestCoverage(t *testing.T) {
	const std, shared = .12, .1
	own := math.Sqrt(std*std - shared*shared)
	rng := rand.New(rand.NewPCG(1, 2))
	pairs := []Pair{{geom.Vec2{X: 20, Y: 30}, geom.Vec2{X: 90, Y: 40}}, {geom.Vec2{X: 250, Y: 40}, geom.Vec2{X: 300, Y: 200}}, {geom.Vec2{X: 40, Y: 200}, geom.Vec2{X: 280, Y: 210}}}
	cam := camera320()
	cam.LogFocalStd = 0
	truth, err := compute(t, scene{std: std}, cam).Measure(pairs, nil)
	if err != nil {
		t.Fatal(err)
	}
	var inside, total [2]float64
	for range 150 {
		errs := smooth(rng, own, pairs)
		s := shared * rng.NormFloat64()
		for i := range errs {
			errs[i] += s
		}
		p := compute(t, scene{std: std, errs: errs}, cam)
		for k, known := range [][]Reference{nil, {{pairs[0], truth.Measurements[0].DistanceM}}} {
			res, err := p.Measure(pairs[1:], known)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range res.Measurements {
				total[k]++
				if math.Abs(m.DistanceM-truth.Measurements[1+i].DistanceM) < m.SigmaM {
					inside[k]++
				}
			}
		}
	}
	for k, name := range []string{"alone", "with a reference"} {
		if share := inside[k] / total[k]; share < .55 || share > .85 {
			t.Errorf("%s: %.2f within one deviation, want about .68", name, share)
		}
	}
}

// smooth draws an error field of deviation std on an 80x60 map, correlated as the
// model says of one surface, at the six points of the test alone: a Cholesky
// factor of their covariance.
func smooth(rng *rand.Rand, std float64, pairs []Pair) []float64 {
	var at []geom.Vec2
	for _, p := range pairs {
		at = append(at, p.From, p.To)
	}
	c := mat.NewSymDense(len(at), nil)
	for i := range at {
		for j := range i + 1 {
			far := at[i].Sub(at[j]).Norm() / (reachImage * 320)
			c.SetSym(i, j, math.Exp(-math.Pow(far, 1.5)))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(c) {
		panic("covariance")
	}
	var l mat.TriDense
	chol.LTo(&l)
	white := make([]float64, len(at))
	for i := range white {
		white[i] = rng.NormFloat64()
	}
	e := make([]float64, 4800)
	for i, u := range at {
		var v float64
		for j := range i + 1 {
			v += l.At(i, j) * white[j]
		}
		for y := int(u.Y/4) - 1; y <= int(u.Y/4)+1; y++ { // the map's pixels around it
			for x := int(u.X/4) - 1; x <= int(u.X/4)+1; x++ {
				e[y*80+x] = std * v
			}
		}
	}
	return e
}

func TestMeasureRefuses(t *testing.T) {
	p := compute(t, scene{std: .1}, camera320())
	in := geom.Vec2{X: 10, Y: 10}
	if _, err := p.Measure([]Pair{{in, geom.Vec2{X: 400, Y: 10}}}, nil); err == nil || !strings.Contains(err.Error(), "320x240") {
		t.Errorf("outside: got %v", err)
	}
	if _, err := p.Measure([]Pair{{in, in}}, nil); err == nil {
		t.Error("one point twice passed")
	}
	if _, err := p.Measure(nil, []Reference{{Pair{in, geom.Vec2{X: 20, Y: 10}}, -1}}); err == nil {
		t.Error("a negative length passed")
	}
	for i := range p.Full.Depth {
		if i%320 < 100 {
			p.Full.Depth[i] = 0
		}
	}
	if _, err := p.Measure([]Pair{{in, geom.Vec2{X: 200, Y: 10}}}, nil); err == nil || !strings.Contains(err.Error(), "no depth") {
		t.Errorf("without depth: got %v", err)
	}
	if _, err := p.Measure([]Pair{{geom.Vec2{X: 97, Y: 50}, geom.Vec2{X: 200, Y: 10}}}, nil); err != nil {
		t.Errorf("3 px beside depth: got %v", err)
	}
}

func TestOwnFieldOfView(t *testing.T) {
	guess := GuessCamera(320, 240)
	if math.Abs(guess.Fx-math.Sqrt(320*240)) > 1e-9 || !guess.Guess {
		t.Errorf("got %+v", guess)
	}
	p := compute(t, knowing{scene{std: .1, fov: math.Pi / 3}}, guess)
	if want := 160 / math.Tan(math.Pi/6); math.Abs(p.Camera.Fx-want) > 1e-9 || p.Camera.LogFocalStd != NetworkFocalStd {
		t.Errorf("camera %+v, want focal length %v", p.Camera, want)
	}
	if p = compute(t, knowing{scene{std: .1, fov: 1}}, camera320()); p.Camera.Fx != 300 {
		t.Error("a known camera was replaced by the network's belief")
	}
	if _, err := Compute(context.Background(), depth.None{}, slam.NewRGB(320, 240), guess); err == nil || !strings.Contains(err.Error(), "--model") {
		t.Errorf("without a network: got %v", err)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	p := compute(t, scene{std: .1}, camera320())
	files, err := p.Write(Output{Dir: dir, Name: "a"})
	if err != nil || len(files) != 5 {
		t.Fatalf("got %v, %v", files, err)
	}
	d, err := depthio.Read(filepath.Join(dir, "a.depth.png"), 1000)
	if err != nil || d.W != 320 || d.H != 240 || math.Abs(float64(d.Depth[120*320+160])-3) > 1e-3 {
		t.Errorf("depth: %dx%d, %v", d.W, d.H, err)
	}
	checkColor(t, filepath.Join(dir, "a.color.png"))
	cloud, err := export.ReadPLY(filepath.Join(dir, "a.ply"))
	if err != nil || len(cloud.Vertices) < 50000 || len(cloud.Colors) != len(cloud.Vertices) {
		t.Errorf("cloud: %v", err)
	}
	for _, v := range cloud.Vertices { // nothing hangs between the box and the wall
		if v[2] > 3.2 && v[2] < 3.7 {
			t.Fatalf("a point at %v", v)
		}
	}
	checkGLB(t, filepath.Join(dir, "a.glb"))
	var r Report
	text, _ := os.ReadFile(filepath.Join(dir, "a.json"))
	if err := json.Unmarshal(text, &r); err != nil || r.Model != "scene" || r.Camera.From != "test" || math.Abs(r.MedianDepthM-4) > .2 || r.Known != 1 {
		t.Errorf("json: %+v, %v", r, err)
	}

	kitti := t.TempDir()
	if files, err = p.Write(Output{Dir: kitti, Name: "a", Only: []string{"depth"}, UnitsPerMetre: 256}); err != nil || len(files) != 1 {
		t.Fatalf("got %v, %v", files, err)
	}
	if d, err = depthio.Read(files[0], 256); err != nil || math.Abs(float64(d.Depth[120*320+160])-3) > 1e-2 {
		t.Errorf("KITTI's unit: %v", err)
	}
	if _, err := p.Write(Output{Dir: kitti, Name: "a", Only: []string{"stl"}}); err == nil {
		t.Error("an unknown kind passed")
	}
	if _, err := p.Write(Output{Dir: filepath.Join(kitti, "none"), Name: "a"}); err == nil {
		t.Error("a missing folder passed")
	}
}

func checkColor(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil || img.Bounds().Dx() != 320 || img.Bounds().Dy() <= 240 {
		t.Errorf("colours: %v, %v; want the image and a legend below", img.Bounds(), err)
	}
}

// checkGLB takes the file apart: triangles face the camera, and the image is
// inside.
func checkGLB(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(data, []byte("\xff\xd8\xff"))
	if !bytes.HasPrefix(data, []byte("glTF")) || i < 0 {
		t.Fatal("no binary glTF with a JPEG inside")
	}
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(data[i:]))
	if err != nil || cfg.Width != 320 || cfg.Height != 240 {
		t.Errorf("texture %+v, %v", cfg, err)
	}
}

func TestMesh(t *testing.T) {
	p := compute(t, scene{std: .1}, camera320())
	m, uv := p.Mesh()
	if len(uv) != len(m.Vertices) {
		t.Fatalf("%d texture coordinates for %d vertices", len(uv), len(m.Vertices))
	}
	for _, tri := range m.Triangles {
		var v [3]geom.Vec3
		for k, i := range tri {
			v[k] = geom.Vec3{X: float64(m.Vertices[i][0]), Y: float64(m.Vertices[i][1]), Z: float64(m.Vertices[i][2])}
		}
		n := v[1].Sub(v[0]).Cross(v[2].Sub(v[0]))
		if n.Dot(v[0]) >= 0 {
			t.Fatal("a triangle turns its back to the camera")
		}
		if z := max(v[0].Z, v[1].Z, v[2].Z) - min(v[0].Z, v[1].Z, v[2].Z); z > .5 {
			t.Fatal("a triangle joins the box and the wall")
		}
	}
	// A vertex is where its texture is.
	for i, v := range m.Vertices {
		u := p.Camera.Project(geom.Vec3{X: float64(v[0]), Y: float64(v[1]), Z: float64(v[2])})
		if math.Abs((u.X+.5)/320-float64(uv[i][0])) > 1e-3 || math.Abs((u.Y+.5)/240-float64(uv[i][1])) > 1e-3 {
			t.Fatalf("vertex %d projects to %v, its texture is at %v", i, u, uv[i])
		}
	}
}

func TestLargeTexture(t *testing.T) {
	p := compute(t, scene{std: .1}, camera320())
	p.Image = slam.NewRGB(9000, 10)
	if b := p.image().Bounds(); b != image.Rect(0, 0, 3000, 3) {
		t.Errorf("texture %v", b)
	}
}

func ExamplePhoto_Measure() {
	p, err := Compute(context.Background(), scene{std: .05}, slam.NewRGB(320, 240), camera320())
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := p.Measure([]Pair{{geom.Vec2{X: 130, Y: 120}, geom.Vec2{X: 190, Y: 120}}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f m +- %.2f\n", res.Measurements[0].DistanceM, res.Measurements[0].SigmaM)
	// Output: 0.60 m +- 0.06
}
