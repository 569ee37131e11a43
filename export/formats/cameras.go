package formats

import (
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/mapping"
)

// photoQuality is the JPEG quality of images for splats, which see more than
// colour on a surface does.
const photoQuality = 95

// depthUnitM is a step of depth images; 16 bits hold 65 m of them.
const depthUnitM = .001

// writtenImage is a keyframe's image as it was written.
type writtenImage struct {
	name   string // of its file
	camera geom.Camera
	pose   geom.SE3 // T_wc in the frame that is handed on
}

// photos writes the keyframes' images, undistorted, into images/, where this was
// not done yet.
func (w *writer) photos() ([]writtenImage, error) {
	if w.images != nil {
		return w.images, nil
	}
	if err := os.MkdirAll(w.path("images"), 0o755); err != nil {
		return nil, err
	}
	for _, k := range w.keyframes {
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		photo, err := w.m.Map.Photo(k)
		if err != nil {
			return nil, err
		}
		p := writtenImage{camera: photo.Camera, pose: w.toLevel.Mul(k.Pose)}
		if p.name, err = writePhoto(w.path("images"), fmt.Sprintf("%06d", k.ID), photo); err != nil {
			return nil, err
		}
		w.images = append(w.images, p)
	}
	return w.images, nil
}

// writePhoto writes colours as JPEG, grey levels without loss.
func writePhoto(dir, name string, p mapping.Photo) (string, error) {
	if p.Color.Empty() {
		name += ".png"
		img := &image.Gray{Pix: p.Gray.Pix, Stride: p.Gray.W, Rect: image.Rect(0, 0, p.Gray.W, p.Gray.H)}
		return name, atomicfile.Write(filepath.Join(dir, name), func(w io.Writer) error { return png.Encode(w, img) })
	}
	name += ".jpg"
	img := image.NewRGBA(image.Rect(0, 0, p.Color.W, p.Color.H))
	for i := range p.Color.W * p.Color.H {
		copy(img.Pix[4*i:], p.Color.Pix[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return name, atomicfile.Write(filepath.Join(dir, name), func(w io.Writer) error {
		return jpeg.Encode(w, img, &jpeg.Options{Quality: photoQuality})
	})
}

// writeDepth writes metres as a 16-bit PNG; what is further than that holds stays
// unknown.
func writeDepth(path string, c geom.Camera, depthM []float32) error {
	img := image.NewGray16(image.Rect(0, 0, c.W, c.H))
	for i, z := range depthM {
		if v := math.Round(float64(z) / depthUnitM); v <= math.MaxUint16 {
			img.Pix[2*i], img.Pix[2*i+1] = uint8(int(v)>>8), uint8(int(v))
		}
	}
	return atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, img) })
}

// sparse is the model of cameras and landmarks, as COLMAP has it.
func (w *writer) sparse() ([]export.ColmapImage, []export.ColmapPoint, error) {
	written, err := w.photos()
	if err != nil {
		return nil, nil, err
	}
	images := make([]export.ColmapImage, len(w.keyframes))
	at := make(map[int]int, len(w.keyframes))
	for i, k := range w.keyframes {
		at[k.ID] = i
		images[i] = export.ColmapImage{Name: written[i].name, Camera: written[i].camera, Pose: written[i].pose}
		for _, f := range k.Features {
			images[i].Pixels = append(images[i].Pixels, k.StraightPixel(f.Pixel))
		}
	}
	var points []export.ColmapPoint
	for _, p := range w.cloud {
		q := export.ColmapPoint{Position: w.toLevel.Apply(p.Position), Color: p.Color}
		for _, o := range p.Obs {
			i, ok := at[o.KF]
			if !ok {
				continue
			}
			q.Track = append(q.Track, export.ColmapObservation{Image: i, Feature: o.Index})
			u := images[i].Camera.Project(images[i].Pose.ApplyInverse(q.Position))
			q.ErrorPx += u.Sub(images[i].Pixels[o.Index]).Norm()
		}
		if n := len(q.Track); n >= 2 {
			q.ErrorPx /= float64(n)
			points = append(points, q)
		}
	}
	return images, points, nil
}

// colmap writes colmap/sparse/0 in binary and colmap/text, and links the images
// into colmap/images: the layout that COLMAP and programs for splats expect.
func (w *writer) colmap() ([]string, error) {
	images, points, err := w.sparse()
	if err != nil {
		return nil, err
	}
	if err := export.WriteColmapBinary(w.path("colmap/sparse/0"), images, points); err != nil {
		return nil, err
	}
	if err := export.WriteColmap(w.path("colmap/text"), images, points); err != nil {
		return nil, err
	}
	for _, im := range images {
		if err := link(w.path("images/"+im.Name), w.path("colmap/images/"+im.Name)); err != nil {
			return nil, err
		}
	}
	return []string{"colmap/"}, nil
}

// nerfstudio writes nerfstudio/ with linked images, depth and the landmarks.
func (w *writer) nerfstudio() ([]string, error) {
	images, err := w.photos()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(w.path("nerfstudio/depth"), 0o755); err != nil {
		return nil, err
	}
	frames := make([]export.NerfFrame, len(images))
	for i, p := range images {
		frames[i] = export.NerfFrame{Image: "images/" + p.name, Camera: p.camera, Pose: p.pose}
		if err := link(w.path("images/"+p.name), w.path("nerfstudio/images/"+p.name)); err != nil {
			return nil, err
		}
		depthM, err := w.m.Map.PhotoDepth(w.keyframes[i])
		if err != nil {
			return nil, err
		}
		if depthM != nil {
			frames[i].Depth = fmt.Sprintf("depth/%06d.png", w.keyframes[i].ID)
			if err := writeDepth(w.path("nerfstudio/"+frames[i].Depth), p.camera, depthM); err != nil {
				return nil, err
			}
		}
	}
	if err := export.WritePLY(w.path("nerfstudio/sparse_pc.ply"), w.landmarks()); err != nil {
		return nil, err
	}
	return []string{"nerfstudio/"}, export.WriteNerfstudio(w.path("nerfstudio/transforms.json"), "sparse_pc.ply", frames)
}

// link makes a file appear at another place: by a hard link, or a copy where the
// file system has none.
func link(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
		return err
	}
	if os.Link(from, to) == nil {
		return nil
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(to, data)
}
