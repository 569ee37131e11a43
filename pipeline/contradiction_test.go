package pipeline

import (
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func TestOtherFocal(t *testing.T) {
	a := geom.CameraFromFOV(640, 480, 1)
	b, small := a, a.Resized(320, 240)
	b.Fx *= 1.1
	if otherFocal(a, a) != "" || otherFocal(a, small) != "" || !strings.Contains(otherFocal(a, b), "same size") {
		t.Errorf("%q, %q, %q", otherFocal(a, a), otherFocal(a, small), otherFocal(a, b))
	}
	small.Fx *= 2
	if text := otherFocal(a, small); !strings.Contains(text, "320x240") {
		t.Errorf("twice the focal length at half the size: %q", text)
	}
}
