package fusion

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs/fusion.md gives the settings that are in the code.
func TestDocsAgree(t *testing.T) {
	text, err := os.ReadFile("../docs/fusion.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.Join(strings.Fields(string(text)), " ")
	cfg := Default()
	want := []string{
		fmt.Sprintf("more than %g %% between the smallest and the largest depth within %dx%[2]d pixels", 100*cfg.EdgeSpread, cfg.EdgeWindow),
		fmt.Sprintf("averaged over %dx%[1]d for this test alone", 2*edgeMean+1),
		fmt.Sprintf("Truncation: %g deviations of the noise, between %g and %g voxels", cfg.TruncSigmas, cfg.TruncVoxels, cfg.TruncMax),
		fmt.Sprintf("pieces of fewer than %d triangles dropped", cfg.MinTriangles),
		fmt.Sprintf("hashed %dx%[1]dx%[1]d blocks", blockSize),
	}
	for _, s := range scenes {
		want = append(want, fmt.Sprintf("| %g cm | %g m |", 100*s.VoxelM, s.MaxDepthM))
	}
	for _, w := range want {
		if !strings.Contains(doc, w) {
			t.Errorf("docs/fusion.md does not say %q", w)
		}
	}
}
