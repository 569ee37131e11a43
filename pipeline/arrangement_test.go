package pipeline

import (
	"strings"
	"testing"

	"github.com/metricslam/metricslam/datasets"
	"github.com/metricslam/metricslam/datasets/synthetic"
	"github.com/metricslam/metricslam/internal/realdata"
	"github.com/metricslam/metricslam/slam"
)

// walkImages are images of a walk.
func walkImages(t *testing.T) (out []slam.Gray) {
	t.Helper()
	src, err := synthetic.New("synthetic:room:8", synthetic.Options{Seed: 1, Stride: 10, MaxFrames: arrangeLeast})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for range arrangeLeast {
		f, err := src.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f.Gray)
	}
	return out
}

// painted is an image whose pixels are those of at, where that is not negative.
func painted(g slam.Gray, at func(x, y int) int) slam.Gray {
	out := slam.Gray{W: g.W, H: g.H, Pix: make([]uint8, len(g.Pix))}
	for i, v := range g.Pix {
		out.Pix[i] = v
		if p := at(i%g.W, i/g.W); p >= 0 {
			out.Pix[i] = uint8(p)
		}
	}
	return out
}

// What no lens makes is told, and what makes the trajectory doubtful.
func TestArrangement(t *testing.T) {
	images := walkImages(t)
	fov, pixels := slam.SourceInfo{CameraFrom: "--fov"}, slam.SourceInfo{CameraFrom: "--fx --fy --cx --cy"}
	for name, tt := range map[string]struct {
		change         func(g slam.Gray) slam.Gray
		from           slam.SourceInfo
		warning, doubt string
	}{
		"nothing": {func(g slam.Gray) slam.Gray { return g }, fov, "", ""},
		"side by side": {func(g slam.Gray) slam.Gray {
			return painted(g, func(x, y int) int { return int(g.Pix[y*g.W+(x%(g.W/2)+x/(g.W/2)*12)]) })
		}, pixels, "", "side by side"},
		"one above the other": {func(g slam.Gray) slam.Gray {
			return painted(g, func(x, y int) int { return int(g.Pix[y%(g.H/2)*g.W+min(x+y/(g.H/2)*9, g.W-1)]) })
		}, pixels, "", "one above the other"},
		"bars at the sides": {func(g slam.Gray) slam.Gray {
			return painted(g, func(x, _ int) int { return black(x < 80 || x >= 560) })
		}, fov, "", "bars of 80, 80, 0 and 0"},
		"calibrated": {func(g slam.Gray) slam.Gray { return painted(g, func(_, y int) int { return black(y < 64) }) }, pixels, "bars of 0, 0, 64 and 0", ""},
		"circle": {func(g slam.Gray) slam.Gray {
			return painted(g, func(x, y int) int { return black((x-320)*(x-320)+(y-240)*(y-240) > 330*330) })
		}, pixels, "", "fisheye"},
		"dashboard": {func(g slam.Gray) slam.Gray {
			return painted(g, func(x, y int) int {
				if y < 300 {
					return -1
				}
				return 60 + (x/5+y/7)%2*120
			})
		}, pixels, "", "is the same in all images"},
	} {
		a := new(arrangement)
		for _, g := range images {
			g = tt.change(g)
			for range arrangeEvery {
				a.see(g)
			}
		}
		warnings, doubts := a.told(tt.from)
		w, d := strings.Join(warnings, "; "), strings.Join(doubts, "; ")
		if (w == "") != (tt.warning == "") || !strings.Contains(w, tt.warning) || (d == "") != (tt.doubt == "") || !strings.Contains(d, tt.doubt) {
			t.Errorf("%s: warnings %q, doubts %q", name, w, d)
		}
	}
}

func black(is bool) int {
	if is {
		return 16
	}
	return -1
}

// Real and repeating places are taken as they are.
func TestArrangementOfPlaces(t *testing.T) {
	specs := []string{"synthetic:supermarket", "synthetic:corridor", "synthetic:street:300"}
	for _, path := range []string{"tum/redkitchen", "tum/desk", "kitti/sequences/00", "kitti_small/sequences/00", "gopro/max-heromode.mp4", "7scenes/sun3d_office_1"} {
		specs = append(specs, realdata.Path(t, path))
	}
	for _, spec := range specs {
		src, err := datasets.Open(t.Context(), spec, datasets.Options{Stride: 15, MaxFrames: arrangeLeast, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		a := new(arrangement)
		for {
			f, err := src.Next(t.Context())
			if err != nil {
				break
			}
			for range arrangeEvery {
				a.see(f.Gray)
			}
		}
		warnings, doubts := a.told(slam.SourceInfo{CameraFrom: "--fov"})
		if len(warnings)+len(doubts) > 0 {
			t.Errorf("%s: %q, %q", spec, warnings, doubts)
		}
		src.Close()
	}
}
