package page

import (
	"bytes"
	"fmt"
	"image/jpeg"

	"github.com/metricslam/metricslam/slam"
)

// TextureBytes is what the images of a mesh may take in a page, of which base64 makes
// a third more: with 500,000 triangles the model stays below 8 MB.
const TextureBytes = 3_000_000

// shrunkQuality is that of images that were made smaller.
const shrunkQuality = 82

// FitTexture returns a mesh whose images together take no more than so many bytes: of
// half the width and height, as often as it needs.
func FitTexture(m *slam.TexturedMesh, most int) (*slam.TexturedMesh, error) {
	out := *m
	for share := 1; ; share *= 2 {
		total := 0
		for _, p := range out.Pages {
			total += len(p.Data)
		}
		if total <= most {
			return &out, nil
		}
		out.Pages = make([]slam.TexturePage, len(m.Pages))
		for i, p := range m.Pages {
			img, err := jpeg.Decode(bytes.NewReader(p.Data))
			if err != nil {
				return nil, fmt.Errorf("page: texture %d: %w", i, err)
			}
			data, err := encode(Shrink(img, max(img.Bounds().Dx()/share, 1)), shrunkQuality)
			if err != nil {
				return nil, fmt.Errorf("page: texture %d: %w", i, err)
			}
			out.Pages[i] = slam.TexturePage{Data: data, Triangles: p.Triangles}
		}
		if share > 1<<10 {
			return nil, fmt.Errorf("page: %d images take more than %d bytes, however small", len(m.Pages), most)
		}
	}
}
