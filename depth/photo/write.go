package photo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/metricslam/metricslam/depth/depthio"
	"github.com/metricslam/metricslam/depth/filter"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/internal/colormap"
	"github.com/metricslam/metricslam/slam"
)

// Kinds lists the files that Write can make. The last, normal, is made only
// where it is asked for.
var Kinds = []string{"depth", "color", "ply", "glb", "json", "normal"}

// Output says what Write makes.
type Output struct {
	Dir  string
	Name string   // of the photograph, without its extension
	Only []string // some of Kinds; empty for all but normal
	// UnitsPerMetre of the depth image: 1000, or 256 as KITTI has it.
	UnitsPerMetre float64
}

// Write makes NAME.depth.png (16 bits, 0 where unknown or beyond what 16 bits
// hold), NAME.color.png (colours with a legend in metres), NAME.ply (a cloud in
// camera coordinates), NAME.glb (a mesh with the image on it), NAME.json and
// NAME.normal.png (the surface's normals), and returns their paths.
func (p *Photo) Write(o Output) ([]string, error) {
	if err := CheckKinds(o.Only); err != nil {
		return nil, err
	}
	if len(o.Only) == 0 {
		o.Only = Kinds[:len(Kinds)-1]
	}
	if o.UnitsPerMetre == 0 {
		o.UnitsPerMetre = 1000
	}
	var written []string
	for _, f := range []struct {
		kind, ending string
		write        func(path string) error
	}{
		{"depth", ".depth.png", func(path string) error { return p.writeDepth(path, o.UnitsPerMetre) }},
		{"color", ".color.png", p.writeColor},
		{"ply", ".ply", p.writeCloud},
		{"glb", ".glb", p.writeMesh},
		{"json", ".json", func(path string) error { return p.writeJSON(path, o) }},
		{"normal", ".normal.png", p.writeNormals},
	} {
		if !slices.Contains(o.Only, f.kind) {
			continue
		}
		path := filepath.Join(o.Dir, o.Name+f.ending)
		if err := f.write(path); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, nil
}

// CheckKinds refuses what is not one of Kinds.
func CheckKinds(only []string) error {
	for _, k := range only {
		if !slices.Contains(Kinds, k) {
			return fmt.Errorf("--only %s: there are %s", k, strings.Join(Kinds, ", "))
		}
	}
	return nil
}

func (p *Photo) writeDepth(path string, unitsPerMetre float64) error {
	return depthio.WritePNG(path, depthio.Image{W: p.Full.W, H: p.Full.H, Depth: p.Full.Depth}, unitsPerMetre)
}

func (p *Photo) writeColor(path string) error {
	s := colormap.FitScale(p.Depth.Depth)
	return writePNG(path, colormap.WithLegend(colormap.Depth(p.Full.Depth, p.Full.W, s), s))
}

// writeNormals draws the normals as is usual: red to the right, green up, blue
// towards the camera, -1 to 1 as 0 to 255; black where none is known.
func (p *Photo) writeNormals(path string) error {
	img := image.NewRGBA(image.Rect(0, 0, p.Full.W, p.Full.H))
	shade := func(v float32) uint8 { return uint8(math.Round(127.5 * (1 + float64(v)))) }
	for i, n := range filter.Normals(p.Full) {
		px := img.Pix[4*i : 4*i+4]
		if px[3] = 255; n != [3]float32{} {
			px[0], px[1], px[2] = shade(n[0]), shade(-n[1]), shade(-n[2])
		}
	}
	return writePNG(path, img)
}

func writePNG(path string, img image.Image) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := png.Encoder{CompressionLevel: png.BestSpeed}
		return enc.Encode(w, img)
	})
}

func (p *Photo) writeCloud(path string) error {
	points, colors := p.Cloud()
	if len(points) == 0 {
		return fmt.Errorf("write %s: no pixel has depth", path)
	}
	return export.WriteCloud(path, points, colors)
}

func (p *Photo) writeMesh(path string) error {
	m, uv := p.Mesh()
	if len(m.Triangles) == 0 {
		return fmt.Errorf("write %s: no pixel has depth", path)
	}
	var texture bytes.Buffer
	if err := jpeg.Encode(&texture, p.image(), &jpeg.Options{Quality: 90}); err != nil {
		return err
	}
	return export.WriteGLBTextured(path, &slam.TexturedMesh{
		Mesh: *m, UV: uv, Pages: []slam.TexturePage{{Data: texture.Bytes(), Triangles: len(m.Triangles)}},
	})
}

// image returns the image, at most maxTexture pixels a side, in the form that
// the encoders are quick with.
func (p *Photo) image() image.Image {
	w, h := p.Image.W, p.Image.H
	step := (max(w, h) + maxTexture - 1) / maxTexture
	out := image.NewRGBA(image.Rect(0, 0, w/step, h/step))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			r, g, b := p.Image.At(x*step, y*step)
			copy(out.Pix[out.PixOffset(x, y):], []uint8{r, g, b, 255})
		}
	}
	return out
}

// maxTexture is the largest texture that phones show.
const maxTexture = 4096

// Report is the content of NAME.json.
type Report struct {
	Camera struct {
		Width       int     `json:"width"`
		Height      int     `json:"height"`
		Fx          float64 `json:"fx"`
		Fy          float64 `json:"fy"`
		Cx          float64 `json:"cx"`
		Cy          float64 `json:"cy"`
		From        string  `json:"from"`
		LogFocalStd float64 `json:"log_focal_std"`
	} `json:"camera"`
	Model         string  `json:"model"`
	Turned        int     `json:"turned_quarters,omitempty"` // by which the image lies turned clockwise
	MedianDepthM  float64 `json:"median_depth_m"`
	LogStd        float64 `json:"log_depth_std"` // of one pixel: all that is not known
	ScaleSigma    float64 `json:"log_scale_std"` // of that, what all pixels share
	Known         float64 `json:"known_fraction"`
	UnitsPerMetre float64 `json:"depth_png_units_per_metre"`
}

// Report summarises the photograph.
func (p *Photo) Report(unitsPerMetre float64) Report {
	var r Report
	c := p.Camera
	r.Camera.Width, r.Camera.Height, r.Camera.From, r.Camera.LogFocalStd = c.W, c.H, c.From, c.LogFocalStd
	r.Camera.Fx, r.Camera.Fy, r.Camera.Cx, r.Camera.Cy = c.Fx, c.Fy, c.Cx, c.Cy
	r.Model, r.Turned, r.MedianDepthM, r.LogStd = p.Model, p.Turned, round(p.MedianM()), round(p.LogStd())
	r.ScaleSigma, r.Known, r.UnitsPerMetre = round(p.Depth.SharedSigma()), round(p.Known()), unitsPerMetre
	return r
}

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func (p *Photo) writeJSON(path string, o Output) error {
	text, err := json.MarshalIndent(p.Report(o.UnitsPerMetre), "", "  ")
	if err != nil {
		return errors.Join(fmt.Errorf("write %s", path), err)
	}
	return atomicfile.WriteBytes(path, append(text, '\n'))
}
