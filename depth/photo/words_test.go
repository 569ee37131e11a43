package photo

import (
	"strings"
	"testing"
)

func TestExplainNamesTheLargestPartFirst(t *testing.T) {
	p := &Photo{Model: "net", Camera: Camera{From: "EXIF"}}
	text := p.Explain(Parts{Scale: .16, Focal: .03, Depth: .08, Pointing: .001}, false)
	if !strings.HasPrefix(text, "deviation: 16 % the scale of net") || strings.Contains(text, "pointing") || !strings.Contains(text, "--known") {
		t.Error(text)
	}
	if text = p.Explain(Parts{Scale: .16, Focal: .2}, false); !strings.Contains(text, "less with the true focal length") {
		t.Error(text)
	}
	if text = p.Explain(Parts{Scale: .16}, true); strings.Contains(text, "less with") {
		t.Error(text)
	}
	if text = p.Explain(Parts{}, false); text != "" {
		t.Error(text)
	}
}

func TestTurnedImagesAreTold(t *testing.T) {
	if w := (&Photo{}).TurnedWords(); w != "" {
		t.Error(w)
	}
	if w := (&Photo{Turned: 3}).TurnedWords(); !strings.Contains(w, "counter-clockwise") {
		t.Error(w)
	}
}
