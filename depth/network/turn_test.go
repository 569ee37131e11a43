package network

import (
	"context"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// turning is a contract of a network that tells how an image is turned.
const turning = `name: turning
input: {name: image, shape: [1, 3, -1, -1]}
resize: {rule: fit-and-pad, box: [8, 12], turn_box: true}
outputs: {depth: {name: depth}, quarter_turns: {name: turns}}
kind: depth
scale: {rule: none}
`

// gravity is a network that takes the brightest side of an image for the
// ceiling, and gives its rows the depth 1, 2, 3 ... from there.
func gravity(in []Tensor) ([]Tensor, error) {
	h, w := int(in[0].Shape[2]), int(in[0].Shape[3])
	at := func(x, y int) float32 { return in[0].F32[y*w+x] }
	logits := NewTensor("turns", "float32", 1, 4)
	// Turned clockwise by n right angles the ceiling is above, right, below, left.
	logits.F32[0], logits.F32[1] = at(w/2, 0), at(w-1, h/2)
	logits.F32[2], logits.F32[3] = at(w/2, h-1), at(0, h/2)
	depth := NewTensor("depth", "float32", 1, 1, int64(h), int64(w))
	for i := range depth.F32 {
		depth.F32[i] = float32(1 + i/w)
	}
	return []Tensor{depth, logits}, nil
}

// An image is read upright however it lies, and its depth lies as it does.
func TestTurnedImagesAreReadUpright(t *testing.T) {
	upright := slam.NewRGB(12, 8)
	for i := range upright.Pix {
		upright.Pix[i] = uint8(200 - 20*(i/36))
	}
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10, Cx: 5, Cy: 3}
	n := New(parse(t, turning), runner(gravity))
	for turns := range quarters {
		p, c := turnRGB(upright, turns), turnCamera(cam, turns)
		pred, err := n.Predict(context.Background(), p, slam.Gray{}, c)
		if err != nil {
			t.Fatal(err)
		}
		if pred.Turned != turns || pred.Depth.Camera != c || pred.Depth.W != p.W || pred.Depth.H != p.H {
			t.Fatalf("turned by %d: taken for %d, %dx%d, camera %+v, want %+v", turns, pred.Turned, pred.Depth.W, pred.Depth.H, pred.Depth.Camera, c)
		}
		turnedIndex(12, 8, turns, func(to, from int) {
			if want := float32(1 + from/12); pred.Depth.Depth[to] != want {
				t.Fatalf("turned by %d: pixel %d has depth %g, want %g", turns, to, pred.Depth.Depth[to], want)
			}
		})
	}
}

// A point in space keeps its distance from the camera when the camera is turned.
func TestTurnedCamerasSeeTheSamePoints(t *testing.T) {
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 11, Cx: 5, Cy: 3}
	turnedIndex(12, 8, 1, func(to, from int) {
		a := cam.Unproject(geom.Vec2{X: float64(from % 12), Y: float64(from / 12)}, 2)
		b := turnCamera(cam, 1).Unproject(geom.Vec2{X: float64(to % 8), Y: float64(to / 8)}, 2)
		if d := (geom.Vec3{X: -a.Y, Y: a.X, Z: a.Z}).Sub(b).Norm(); d > 1e-12 {
			t.Fatalf("pixel %d: %v, turned %v", from, a, b)
		}
	})
	if turnCamera(cam, 4) != cam {
		t.Error("four right angles are not none")
	}
}

// Where the second look does not confirm the first, the image stays as it is.
func TestTurnsMustBeConfirmed(t *testing.T) {
	calls := 0
	stubborn := func(in []Tensor) ([]Tensor, error) { // says "turned" of everything
		calls++
		out, err := gravity(in)
		copy(out[1].F32, []float32{0, 80, 0, 0})
		return out, err
	}
	n := New(parse(t, turning), runner(stubborn))
	cam := geom.Camera{W: 12, H: 8, Fx: 10, Fy: 10, Cx: 5, Cy: 3}
	pred, err := n.Predict(context.Background(), noise(12, 8), slam.Gray{}, cam)
	if err != nil || calls != 2 || pred.Turned != 0 || pred.Depth.W != 12 || pred.Depth.Depth[12] != 2 {
		t.Errorf("turned by %d after %d looks, %dx%d, error %v", pred.Turned, calls, pred.Depth.W, pred.Depth.H, err)
	}
}

func TestOnlySureTurnsCount(t *testing.T) {
	for _, c := range []struct {
		logits  []float32
		want    int
		upright bool
	}{
		{[]float32{0, 0, 0, 0}, 0, false}, {[]float32{0, 2, 0, 0}, 0, false}, {[]float32{0, 8, 0, 0}, 1, false},
		{[]float32{9, 0, 0, 8}, 0, false}, {[]float32{9, 0, 0, 0}, 0, true}, {[]float32{0, 0, 0, 80}, 3, false},
	} {
		if got, upright := mostLikelyTurn(c.logits); got != c.want || upright != c.upright {
			t.Errorf("%v: turned by %d (upright %v), want %d", c.logits, got, upright, c.want)
		}
	}
}
