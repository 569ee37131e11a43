package frontend

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/slam"
)

// turnedPair draws a texture on the sphere's tangent plane as two cameras see it,
// the second turned: rays of the first are r times those of the second.
func turnedPair(tex texture, cam geom.Camera, r geom.Mat3, gain, noise float64) (a, b slam.Gray) {
	seen := func(turn geom.Mat3) func(geom.Vec2) geom.Vec2 {
		return func(u geom.Vec2) geom.Vec2 {
			p := turn.MulVec(cam.Ray(u))
			return p.XY().Scale(cam.Fx / 2) // coarse enough for a thumbnail
		}
	}
	a = tex.image(cam.W, cam.H, seen(geom.Identity3()), 1, 0, noise)
	b = texture{tex.seed}.image(cam.W, cam.H, seen(r.T()), gain, 0, noise)
	return a, b
}

func TestRotation(t *testing.T) {
	cam := geom.CameraFromFOV(320, 240, 1.1)
	tests := []struct {
		name  string
		turn  geom.Vec3 // degrees
		guess geom.Vec3
		gain  float64
		noise float64
	}{
		{"none", geom.Vec3{}, geom.Vec3{}, 1, 0},
		{"small", geom.Vec3{X: .5, Y: -.8, Z: .3}, geom.Vec3{}, 1, 2},
		{"yaw", geom.Vec3{Y: 3}, geom.Vec3{}, 1, 2},
		{"all axes", geom.Vec3{X: -2, Y: 2.5, Z: 2}, geom.Vec3{}, 1, 2},
		{"with a guess", geom.Vec3{Y: 12, Z: 4}, geom.Vec3{Y: 10.5, Z: 3}, 1, 2},
		{"darker", geom.Vec3{X: 1, Y: 2}, geom.Vec3{}, .6, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rad := math.Pi / 180
			want := geom.ExpSO3(tt.turn.Scale(rad))
			ga, gb := turnedPair(texture{21}, cam, want, tt.gain, tt.noise)
			got, ok := Rotation(NewThumbnail(ga, cam), NewThumbnail(gb, cam), geom.ExpSO3(tt.guess.Scale(rad)))
			if e := geom.RotationAngle(got.T().Mul(want)) / rad; !ok || e > .2 {
				t.Errorf("off by %.3f degrees (ok %v)", e, ok)
			}
		})
	}
}

// Images that say nothing leave the guess or say so; none ends the program.
func TestRotationOfNothing(t *testing.T) {
	guess := geom.ExpSO3(geom.Vec3{Y: .02})
	for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 3}, {79, 5}, {320, 240}} {
		cam := geom.CameraFromFOV(size[0], size[1], 1)
		for _, v := range []uint8{0, 128, 255} {
			th := NewThumbnail(plain(size[0], size[1], v), cam)
			r, _ := Rotation(th, th, guess)
			if e := geom.RotationAngle(r.T().Mul(guess)); !(e < 1e-3) {
				t.Errorf("%v of %d: turned %g rad away from the guess", size, v, e)
			}
		}
	}
	if r, ok := Rotation(Thumbnail{}, Thumbnail{}, guess); ok || r != guess {
		t.Error("no images have a rotation")
	}
	small := NewThumbnail(plain(40, 30, 9), geom.CameraFromFOV(40, 30, 1))
	large := NewThumbnail(plain(320, 240, 9), geom.CameraFromFOV(320, 240, 1))
	if _, ok := Rotation(small, large, guess); ok {
		t.Error("images of different size have a rotation")
	}
	behind := geom.ExpSO3(geom.Vec3{Y: 3})
	if r, ok := Rotation(large, large, behind); ok || r != behind {
		t.Error("images that share nothing have a rotation")
	}
}
