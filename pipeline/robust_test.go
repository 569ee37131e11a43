package pipeline

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

// Frames of redkitchen that are disturbed, and those that are mapped.
const (
	spoiltFrom, spoiltTo = 60, 80
	spoiltFrames         = 150
)

// spoilt disturbs the frames of a source: paint changes the image of a frame in
// its own memory, and its depth, or leaves the frame out.
type spoilt struct {
	datasets.Source
	paint func(g slam.Gray, d slam.DepthMap, frame int) (keep bool)
}

func (s *spoilt) Next(ctx context.Context) (*slam.Frame, error) {
	for {
		f, d, err := nextWithDepth(ctx, s.Source)
		if err != nil {
			return nil, err
		}
		g := f.Gray
		g.Pix = append([]uint8(nil), g.Pix...)
		d.Depth = append([]float32(nil), d.Depth...)
		if !s.paint(g, d, f.Index) {
			continue
		}
		out := *f
		out.Gray, out.SensorDepth = g, func() (slam.DepthMap, error) { return d, nil }
		return &out, nil
	}
}

// hide paints where inside says so, in the image and in its depth; inside and
// grey take shares of the width and the height.
func hide(g slam.Gray, d slam.DepthMap, depthM float32, inside func(x, y float64) bool, grey func(x, y float64) float64) (share float64) {
	n := 0
	for i := range g.Pix {
		x, y := float64(i%g.W)/float64(g.W), float64(i/g.W)/float64(g.H)
		if inside(x, y) {
			g.Pix[i] = uint8(min(max(grey(x, y), 0), 255))
			n++
		}
	}
	for i := range d.Depth {
		if inside(float64(i%d.W)/float64(d.W), float64(i/d.W)/float64(d.H)) {
			d.Depth[i] = depthM
		}
	}
	return float64(n) / float64(len(g.Pix))
}

// relief is a pattern of soft and sharp grey levels, -1 to 1, fixed to a thing.
func relief(seed uint64) func(x, y float64) float64 {
	const n = 64
	r := rand.New(rand.NewPCG(seed, 1))
	var v [n * n]float64
	for i := range v {
		v[i] = 2*r.Float64() - 1
	}
	at := func(x, y int) float64 { return v[(y%n+n)%n*n+(x%n+n)%n] }
	return func(x, y float64) float64 {
		x, y = 24*x, 18*y
		ix, iy := int(math.Floor(x)), int(math.Floor(y))
		fx, fy := x-math.Floor(x), y-math.Floor(y)
		return (1-fy)*((1-fx)*at(ix, iy)+fx*at(ix+1, iy)) + fy*((1-fx)*at(ix, iy+1)+fx*at(ix+1, iy+1))
	}
}

// disturbances by name; each says how much of an image it covers at most.
func disturbances(covered *float64) map[string]func(slam.Gray, slam.DepthMap, int) bool {
	skin, paint := relief(5), relief(6)
	during := func(frame int) bool { return frame >= spoiltFrom && frame < spoiltTo }
	hand := func(level float64) func(slam.Gray, slam.DepthMap, int) bool {
		return func(g slam.Gray, d slam.DepthMap, frame int) bool {
			if !during(frame) {
				return true
			}
			// It comes from below in five frames, trembles, and goes again.
			in := min(1, float64(min(frame-spoiltFrom+1, spoiltTo-frame))/5)
			cx, cy := .5+.01*math.Sin(float64(frame)), 1.35-.85*in+.01*math.Cos(1.7*float64(frame))
			share := hide(g, d, .35,
				func(x, y float64) bool { return (x-cx)*(x-cx)/.24+(y-cy)*(y-cy)/.26 < 1 },
				func(x, y float64) float64 { return level + .25*level*skin(x-cx, y-cy) })
			*covered = max(*covered, share)
			return true
		}
	}
	return map[string]func(slam.Gray, slam.DepthMap, int) bool{
		"nothing":      func(slam.Gray, slam.DepthMap, int) bool { return true },
		"skinned hand": hand(150),
		"dark hand":    hand(25),
		"car": func(g slam.Gray, d slam.DepthMap, frame int) bool {
			// A third of the image, across it from the left to the right.
			at := -.6 + .025*float64(frame-spoiltFrom+20)
			share := hide(g, d, 1.2,
				func(x, y float64) bool { return x > at && x < at+.6 && y > .3 && y < .87 },
				func(x, y float64) float64 { return 120 + 90*paint(x-at, y) })
			*covered = max(*covered, share)
			return true
		},
		"exposure": func(g slam.Gray, _ slam.DepthMap, frame int) bool {
			gain := []float64{1, .45, 1.7, .7, 1.3}[frame/12%5]
			for i, v := range g.Pix {
				g.Pix[i] = uint8(min(gain*float64(v)+.5, 255))
			}
			return true
		},
		"dropped": func(_ slam.Gray, _ slam.DepthMap, frame int) bool {
			return !during(frame) && (frame < 12 || frame%12 > 2)
		},
	}
}

// TestDisturbances covers, lights and drops images of a real sequence: frames may
// be lost, but those that are posed, and all that come later, are where they are
// without.
func TestDisturbances(t *testing.T) {
	if testing.Short() {
		t.Skip("maps a real sequence six times")
	}
	scene := realdata.Path(t, "tum/redkitchen")
	var covered float64
	all := disturbances(&covered)
	clean := spoil(t, scene, all["nothing"])
	for _, c := range []struct {
		name          string
		covers        float64
		during, after float64 // metres
		least         float64 // share of the later frames that are posed
		leastDuring   float64
	}{
		{"skinned hand", .6, .15, .03, .95, 0},
		{"dark hand", .6, .15, .03, .95, 0},
		{"car", .3, .05, .03, 1, .9},
		{"exposure", 0, .06, .06, 1, .9},
		{"dropped", 0, .03, .04, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			covered = 0
			got := spoil(t, scene, all[c.name])
			if covered < c.covers {
				t.Fatalf("covers %.2f of the image", covered)
			}
			var worst, worstDuring float64
			var later, posed, shown, held int
			for frame := spoiltFrom; frame < spoiltFrames; frame++ {
				p, ok := got[frame]
				p0 := clean[frame]
				e := p.Between(p0).T.Norm()
				switch {
				case frame < spoiltTo:
					shown++
					if ok {
						held++
						worstDuring = max(worstDuring, e)
					}
				default:
					later++
					if ok {
						posed++
						worst = max(worst, e)
					}
				}
			}
			t.Logf("covers %.2f; during %d of %d posed, at most %.3f m off; later %d of %d, %.3f m", covered, held, shown, worstDuring, posed, later, worst)
			if worst > c.after || worstDuring > c.during {
				t.Errorf("the map jumps: %.3f m while disturbed, %.3f m later", worstDuring, worst)
			}
			if c.name == "dropped" {
				return // what is not there has no pose
			}
			if float64(posed) < c.least*float64(later) || float64(held) < c.leastDuring*float64(shown) {
				t.Errorf("%d of %d posed while disturbed, %d of %d later", held, shown, posed, later)
			}
		})
	}
}

// spoil maps the disturbed sequence and returns the poses of the largest part by
// frame, seen from that of the first frame.
func spoil(t *testing.T, scene string, paint func(slam.Gray, slam.DepthMap, int) bool) map[int]geom.SE3 {
	t.Helper()
	src, err := datasets.Open(t.Context(), scene, datasets.Options{MaxFrames: spoiltFrames})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	res := mapSensor(t, &spoilt{src, paint})
	out := make(map[int]geom.SE3)
	for _, r := range res.records.all {
		if r.keyframe < 0 {
			continue
		}
		if k := res.Keyframes[r.keyframe]; k.Part == res.main() {
			out[r.frame] = r.pose(placementOf(k))
		}
	}
	first := out[0].Inverse()
	for i := range out {
		out[i] = first.Mul(out[i])
	}
	return out
}
