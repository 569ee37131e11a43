package viewer

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg" // the pages of textures are JPEG or PNG
	_ "image/png"
	"unsafe"

	"github.com/go-gl/gl/v3.3-core/gl"
	xdraw "golang.org/x/image/draw"

	"github.com/metricslam/metricslam/slam"
)

const (
	// pageTexels bounds what the images of a mesh take on the GPU, 4 bytes each and a
	// third more for the smaller ones: beyond it they are halved.
	pageTexels = 1 << 24
	// pageLevels are made of each image, each half as large: charts have padding for
	// so many.
	pageLevels = 3
	// bandBytes are brought to the GPU before an image is drawn, some milliseconds of
	// copying, so that a large texture comes bit by bit.
	bandBytes = 4 << 20
)

// pages are the images of a mesh as layers of one texture, ready for the GPU.
type pages struct {
	w, h   int             // of a layer
	layers int             // at the first level
	levels [][]*image.RGBA // of each level, by layer
	scale  [][2]float32    // of each layer, the part of it that the image takes
}

// readPages unpacks the images of a mesh.
func readPages(m *slam.TexturedMesh) (*pages, error) {
	var images []image.Image
	texels := 0
	p := &pages{layers: len(m.Pages)}
	for i, page := range m.Pages {
		img, _, err := image.Decode(bytes.NewReader(page.Data))
		if err != nil {
			return nil, fmt.Errorf("texture %d: %w", i, err)
		}
		images = append(images, img)
		p.w, p.h = max(p.w, img.Bounds().Dx()), max(p.h, img.Bounds().Dy())
	}
	shrunk := 1
	for texels = p.w * p.h * p.layers; texels > pageTexels; texels /= 4 {
		shrunk *= 2
	}
	p.w, p.h = max(p.w/shrunk, 1), max(p.h/shrunk, 1)
	for _, img := range images {
		b := img.Bounds()
		w, h := max(b.Dx()/shrunk, 1), max(b.Dy()/shrunk, 1)
		p.scale = append(p.scale, [2]float32{float32(w) / float32(p.w), float32(h) / float32(p.h)})
		layer := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
		if shrunk == 1 {
			draw.Draw(layer, b.Sub(b.Min), img, b.Min, draw.Src)
		} else {
			xdraw.ApproxBiLinear.Scale(layer, image.Rect(0, 0, w, h), img, b, draw.Src, nil)
		}
		p.addLayer(layer)
	}
	return p, nil
}

// addLayer appends an image with its smaller levels.
func (p *pages) addLayer(img *image.RGBA) {
	for l := range pageLevels + 1 {
		if l == len(p.levels) {
			p.levels = append(p.levels, nil)
		}
		p.levels[l] = append(p.levels[l], img)
		img = halved(img)
	}
}

// halved is the mean of each 2 x 2 pixels.
func halved(img *image.RGBA) *image.RGBA {
	w, h := max(img.Rect.Dx()/2, 1), max(img.Rect.Dy()/2, 1)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		a := img.Pix[2*y*img.Stride:]
		b := img.Pix[min(2*y+1, img.Rect.Dy()-1)*img.Stride:]
		for x := range w {
			at, next := 8*x, min(8*x+4, img.Stride-4)
			for k := range 4 {
				out.Pix[y*out.Stride+4*x+k] = uint8((int(a[at+k]) + int(a[next+k]) + int(b[at+k]) + int(b[next+k]) + 2) / 4)
			}
		}
	}
	return out
}

// place gives each vertex where it lies in the layers: u, v and the layer.
func (p *pages) place(m *slam.TexturedMesh, data []surfaceVertex) {
	at := 0
	for layer, page := range m.Pages {
		for _, t := range m.Triangles[at : at+page.Triangles] {
			for _, v := range t {
				data[v].place = [3]float32{m.UV[v][0] * p.scale[layer][0], m.UV[v][1] * p.scale[layer][1], float32(layer)}
			}
		}
		at += page.Triangles
	}
}

// pageUpload is a texture on its way to the GPU.
type pageUpload struct {
	*pages
	level, layer, row int // what comes next
}

// startPages makes room for a texture, in place of the one before; nil for none.
func (r *renderer) startPages(p *pages) {
	r.painted, r.painting = false, nil
	gl.BindTexture(gl.TEXTURE_2D_ARRAY, r.pages)
	if p == nil {
		gl.TexImage3D(gl.TEXTURE_2D_ARRAY, 0, gl.RGBA8, 1, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, nil)
		return
	}
	for l, layers := range p.levels {
		size := layers[0].Rect
		gl.TexImage3D(gl.TEXTURE_2D_ARRAY, int32(l), gl.RGBA8, int32(size.Dx()), int32(size.Dy()), int32(p.layers), 0, gl.RGBA, gl.UNSIGNED_BYTE, nil)
	}
	for _, s := range [][2]int32{
		{gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR}, {gl.TEXTURE_MAG_FILTER, gl.LINEAR}, {gl.TEXTURE_MAX_LEVEL, pageLevels},
		{gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE}, {gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE},
	} {
		gl.TexParameteri(gl.TEXTURE_2D_ARRAY, uint32(s[0]), s[1])
	}
	r.painting = &pageUpload{pages: p}
}

// bringPages brings at most so many bytes of a texture on its way to the GPU.
func (r *renderer) bringPages(most int) {
	u := r.painting
	if u == nil {
		return
	}
	gl.BindTexture(gl.TEXTURE_2D_ARRAY, r.pages)
	gl.PixelStorei(gl.UNPACK_ALIGNMENT, 1)
	for u.level < len(u.levels) && most > 0 {
		img := u.levels[u.level][u.layer]
		w, h := img.Rect.Dx(), img.Rect.Dy()
		rows := min(h-u.row, max(most/(4*w), 1))
		gl.TexSubImage3D(gl.TEXTURE_2D_ARRAY, int32(u.level), 0, int32(u.row), int32(u.layer), int32(w), int32(rows), 1,
			gl.RGBA, gl.UNSIGNED_BYTE, unsafe.Pointer(&img.Pix[u.row*img.Stride]))
		most -= 4 * w * rows
		if u.row += rows; u.row == h {
			u.row = 0
			if u.layer++; u.layer == u.layers {
				u.layer = 0
				u.level++
			}
		}
	}
	if u.level == len(u.levels) {
		r.painted, r.painting = true, nil
	}
}
