package pipeline

import (
	"math"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/slam"
)

// The images of keyframes in the page, in all some megabytes: of larger maps
// every so manieth keyframe keeps its own.
const pageImages = 150

// scene returns the largest part of the map as a page shows it, with the truth of
// the same time, if any.
func (r *Result) scene(truth slam.Trajectory) (*page.Scene, error) {
	defer r.stages.Start("page")()
	s := &page.Scene{Title: r.job.Source.Info().Name, ScaleStd: math.Inf(1)}
	part := r.main()
	if part < 0 {
		return s, nil
	}
	keys := r.keyframes()
	s.ScaleStd = r.metrics[part].Deviation()
	s.Trajectory = r.records.trajectory(r.Map, part)
	for _, p := range truth {
		if n := len(s.Trajectory); n > 0 && p.Time >= s.Trajectory[0].Time && p.Time <= s.Trajectory[n-1].Time {
			s.Truth = append(s.Truth, p)
		}
	}
	var err error
	if s.Keyframes, err = r.pageKeyframes(keys); err != nil {
		return nil, err
	}
	s.Landmarks = r.Points(part)
	s.Loops = r.pageLoops(keys)
	s.Up = export.Upright(s.Trajectory, r.mesh)
	if r.mesh != nil {
		if err := r.pageMesh(s); err != nil {
			return nil, err
		}
		e := r.witness.Ask(s.Mesh, r.dense.MaxDepthM)
		s.Deviation, s.Seen = e.Deviation, e.Seen
	}
	return s, nil
}

// pageMesh sets the surface of the page: that with images, or where there is none, or
// it is too large, that before it was simplified, which has a colour a voxel.
func (r *Result) pageMesh(s *page.Scene) (err error) {
	simplified := r.job.Config.Fusion.Simplify * r.dense.VoxelM
	if r.textured != nil && len(r.textured.Triangles) <= page.MostTriangles {
		if s.Textured, err = page.FitTexture(r.textured, page.TextureBytes); err != nil {
			return err
		}
		s.Mesh, s.MeshErrorM = &s.Textured.Mesh, simplified
		return nil
	}
	if s.Mesh = r.witness.Mesh; s.Mesh == nil {
		s.Mesh, s.MeshErrorM = page.Thin(r.mesh, page.MostTriangles)
		s.MeshErrorM += simplified
	}
	return nil
}

func (r *Result) pageKeyframes(keys []*mapping.Keyframe) (out []page.Keyframe, err error) {
	every := (len(keys)-1)/pageImages + 1
	for i, k := range keys {
		f := page.Keyframe{ID: k.ID, Time: k.Time, Pose: k.Pose, Camera: k.Camera}
		if i%every == 0 {
			v, err := r.View(k) // by a camera without distortion
			if err != nil {
				return nil, err
			}
			f.Camera = v.Camera
			f.Image, _ = page.EncodeJPEG(v.Color, v.Gray) // fails where it is larger than a JPEG may be
		}
		out = append(out, f)
	}
	return out, nil
}

func (r *Result) pageLoops(keys []*mapping.Keyframe) (out [][2]int) {
	index := make(map[int]int)
	for i, k := range keys {
		index[k.ID] = i
	}
	for _, l := range r.links {
		a, okA := index[l.From]
		b, okB := index[l.To]
		if okA && okB {
			out = append(out, [2]int{a, b})
		}
	}
	return out
}
