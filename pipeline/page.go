package pipeline

import (
	"math"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/fusion"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/slam"
)

// The pictures of keyframes in the page, in all some megabytes: of larger maps
// every so manieth keyframe keeps its own.
const pagePictures = 150

// Scene returns the largest part of the map as a page shows it.
func (r *Result) Scene() *page.Scene {
	defer r.stages.Start("page")()
	s := &page.Scene{Title: r.job.Source.Info().Name, ScaleStd: math.Inf(1)}
	part := r.main()
	if part < 0 {
		return s
	}
	keys := r.keyframes()
	s.ScaleStd = r.metrics[part].Deviation()
	s.Trajectory = r.records.trajectory(r.Map, part)
	s.Keyframes = r.pageKeyframes(keys)
	s.Landmarks = r.Points(part)
	s.Loops = r.pageLoops(keys)
	s.Up = export.Upright(s.Trajectory, r.mesh)
	if r.mesh != nil {
		s.Mesh, s.MeshErrorM = page.Thin(r.mesh, page.MostTriangles)
		s.Deviation, s.Seen = r.witness(s.Mesh, keys)
	}
	return s
}

func (r *Result) pageKeyframes(keys []*mapping.Keyframe) (out []page.Keyframe) {
	every := (len(keys)-1)/pagePictures + 1
	for i, k := range keys {
		f := page.Keyframe{ID: k.ID, Time: k.Time, Pose: k.Pose, Camera: k.Camera}
		if i%every == 0 {
			v := r.View(k) // by a camera without distortion
			f.Camera = v.Camera
			f.Picture, _ = page.EncodeJPEG(v.Color, v.Gray) // fails where it is larger than a JPEG may be
		}
		out = append(out, f)
	}
	return out
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

// witness asks the keyframes for the deviation of the mesh and when it was seen.
func (r *Result) witness(m *slam.Mesh, keys []*mapping.Keyframe) ([]float32, []float64) {
	var poses slam.Trajectory
	for _, k := range keys {
		poses = append(poses, slam.StampedPose{Time: k.Time, Pose: k.Pose})
	}
	e := fusion.Witness(m, poses, r.dense.MaxDepthM, r.job.Config.Fusion.Align, func(i int) (slam.KeyframeView, bool) {
		if keys[i].Depth.Empty() {
			return slam.KeyframeView{}, false
		}
		return r.View(keys[i]), true
	})
	return e.Deviation, e.Seen
}
