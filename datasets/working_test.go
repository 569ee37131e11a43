package datasets

import (
	"context"
	"io"
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// ramp gives one image whose grey levels grow by one each twenty columns, and in colour.
type ramp struct {
	Source
	cam  geom.Camera
	read bool
}

func (r *ramp) Info() slam.SourceInfo { return slam.SourceInfo{Camera: r.cam} }

func (r *ramp) Outline() []slam.Frame { return make([]slam.Frame, 1) }

func (r *ramp) Next(context.Context) (*slam.Frame, error) {
	if r.read {
		return nil, io.EOF
	}
	r.read = true
	f := &slam.Frame{Index: 7, Camera: r.cam, Gray: slam.NewGray(r.cam.W, r.cam.H), Color: slam.NewRGB(r.cam.W, r.cam.H)}
	for i := range f.Gray.Pix {
		v := uint8(i % r.cam.W / 20)
		f.Gray.Pix[i] = v
		f.Color.Pix[3*i], f.Color.Pix[3*i+2] = v, 255-v
	}
	return f, nil
}

// Large images of any size come out at one number of pixels, and a ray falls on the
// same place of the scene. Images of 640x480 and KITTI's are left alone.
func TestWorking(t *testing.T) {
	for _, size := range [][2]int{{1280, 720}, {1920, 1080}, {3840, 2160}, {720, 1280}, {1000, 751}} {
		src := Working(&ramp{cam: geom.CameraFromFOV(size[0], size[1], 1.1)})
		f, err := src.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := f.Camera
		if n := float64(c.W * c.H); math.Abs(n/workingPixels-1) > .01 || c != src.Info().Camera || f.Gray.W != c.W || f.Gray.H != c.H || f.Color.W != c.W || f.Color.H != c.H || f.Index != 7 {
			t.Fatalf("%v: camera %+v of %+v, image %dx%d", size, c, src.Info().Camera, f.Gray.W, f.Gray.H)
		}
		full := geom.CameraFromFOV(size[0], size[1], 1.1)
		for _, u := range []geom.Vec2{{X: 90, Y: 70}, {X: float64(c.W) / 2, Y: float64(c.H) / 2}, {X: float64(c.W - 80), Y: float64(c.H - 60)}} {
			at := full.Project(c.Ray(u))
			i := int(math.Round(u.Y))*c.W + int(math.Round(u.X))
			if want := at.X / 20; math.Abs(float64(f.Gray.Pix[i])-want) > 1.2 || f.Color.Pix[3*i] != f.Gray.Pix[i] || f.Color.Pix[3*i+1] != 0 || f.Color.Pix[3*i+2] != 255-f.Gray.Pix[i] {
				t.Errorf("%v at %v: grey level %d, colour %v, want %.1f", size, u, f.Gray.Pix[i], f.Color.Pix[3*i:3*i+3], want)
			}
		}
		if o, ok := src.(Outlined); !ok || len(o.Outline()) != 1 {
			t.Errorf("%v: the frames are not known beforehand any more", size)
		}
		if _, err := src.Next(t.Context()); err != io.EOF {
			t.Errorf("%v: error %v at the end", size, err)
		}
	}
	for _, size := range [][2]int{{640, 480}, {1241, 376}, {752, 480}} {
		if src := (&ramp{cam: geom.CameraFromFOV(size[0], size[1], 1.1)}); Working(src) != Source(src) {
			t.Errorf("%v: images are made smaller", size)
		}
	}
}
