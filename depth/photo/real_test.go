package photo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/depth"
	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/depth/onnx"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
)

// TestCalibration measures lengths in rooms that the network that ships never
// saw, and holds the stated deviations to the true errors: about two thirds of the
// lengths must lie within theirs, alone and with a reference nearby, and the
// reference must make them better.
func TestCalibration(t *testing.T) {
	if _, ok := models.Shipped(); !ok {
		t.Skip("no network ships with this program")
	}
	if _, err := onnx.Init(""); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	src, err := depth.Open("auto", depth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	cam := Camera{Camera: geom.Camera{W: 320, H: 240, Fx: 259.429, Fy: 259.735, Cx: 162.791, Cy: 126.868}, LogFocalStd: .01}
	rng := rand.New(rand.NewPCG(1, 1))
	var inside, errs, stated [2]float64
	n := 0.
	for i := 860; i < 900; i += 2 {
		img, _, err := datasets.LoadPhoto(realdata.Path(t, fmt.Sprintf("nyu/rgb/%05d.jpg", i)))
		if err != nil {
			t.Fatal(err)
		}
		truth, err := depthio.Read(realdata.Path(t, fmt.Sprintf("nyu/depth/%05d.png", i)), 1000)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compute(context.Background(), src, img, cam)
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			pair, length, ok := randomPair(rng, cam, truth, geom.Vec2{X: 30 + 260*rng.Float64(), Y: 30 + 180*rng.Float64()})
			ref, known, ok2 := randomPair(rng, cam, truth, pair.From)
			if !ok || !ok2 {
				continue
			}
			n++
			for k, refs := range [][]Reference{nil, {{ref, known}}} {
				res, err := p.Measure([]Pair{pair}, refs)
				if err != nil {
					t.Fatal(err)
				}
				m := res.Measurements[0]
				e := math.Log(m.DistanceM / length)
				errs[k] += math.Abs(e)
				stated[k] += m.SigmaM / m.DistanceM
				if math.Abs(m.DistanceM-length) < m.SigmaM {
					inside[k]++
				}
			}
		}
	}
	for k, name := range []string{"alone", "with a reference within 40 px"} {
		t.Logf("%s: %.0f lengths, mean |log error| %.3f, stated deviation %.3f, within it %.2f", name, n, errs[k]/n, stated[k]/n, inside[k]/n)
		if share := inside[k] / n; share < .5 || share > .9 {
			t.Errorf("%s: %.2f within the stated deviation, want about two thirds", name, share)
		}
	}
	if errs[1] > errs[0] || stated[1] > stated[0] {
		t.Error("a reference made it worse")
	}
}

// randomPair returns two points near a place, 20 to 60 px apart, at about the
// same depth, and their true distance.
func randomPair(rng *rand.Rand, cam Camera, truth depthio.Image, near geom.Vec2) (Pair, float64, bool) {
	at := func(u geom.Vec2) (geom.Vec3, bool) {
		x, y := int(math.Round(u.X)), int(math.Round(u.Y))
		if x < 0 || y < 0 || x >= truth.W || y >= truth.H || truth.Depth[y*truth.W+x] <= .3 {
			return geom.Vec3{}, false
		}
		return cam.Unproject(u, float64(truth.Depth[y*truth.W+x])), true
	}
	for range 50 {
		a := near.Add(geom.Vec2{X: 40*rng.Float64() - 20, Y: 40*rng.Float64() - 20})
		angle, d := 2*math.Pi*rng.Float64(), 20+40*rng.Float64()
		b := a.Add(geom.Vec2{X: d * math.Cos(angle), Y: d * math.Sin(angle)})
		p, ok1 := at(a)
		q, ok2 := at(b)
		if ok1 && ok2 && math.Abs(math.Log(p.Z/q.Z)) < .1 {
			return Pair{a, b}, p.Sub(q).Norm(), true
		}
	}
	return Pair{}, 0, false
}
