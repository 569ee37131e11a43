package export

import (
	"encoding/json"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// NerfFrame is an image of a nerfstudio data set; files are named relative to its
// transforms.json.
type NerfFrame struct {
	Image, Depth string // Depth: 16-bit PNG in millimetres, "" for none
	Camera       geom.Camera
	Pose         geom.SE3 // T_wc, camera x right, y down, z forward
}

type nerfDoc struct {
	CameraModel string      `json:"camera_model"`
	Orientation string      `json:"orientation_override"`
	Frames      []nerfFrame `json:"frames"`
	Cloud       string      `json:"ply_file_path,omitempty"`
	DepthUnit   float64     `json:"depth_unit_scale_factor"`
}

type nerfFrame struct {
	File      string        `json:"file_path"`
	Depth     string        `json:"depth_file_path,omitempty"`
	W         int           `json:"w"`
	H         int           `json:"h"`
	Fx        float64       `json:"fl_x"`
	Fy        float64       `json:"fl_y"`
	Cx        float64       `json:"cx"`
	Cy        float64       `json:"cy"`
	Transform [4][4]float64 `json:"transform_matrix"`
}

// WriteNerfstudio writes transforms.json, which nerfstudio and many programs for
// splats read. The world's z is up; cameras are turned into OpenGL's (y up,
// looking along -z). cloud names a PLY with the sparse points, in the same world.
// Pixels have their corner at (0, 0). Nerfstudio is asked to leave the world as it
// is; for metres it must be told --auto-scale-poses False, too.
// https://docs.nerf.studio/quickstart/data_conventions.html
func WriteNerfstudio(path, cloud string, frames []NerfFrame) error {
	doc := nerfDoc{CameraModel: "OPENCV", Orientation: "none", Cloud: cloud, DepthUnit: .001, Frames: make([]nerfFrame, len(frames))}
	for i, f := range frames {
		r, t := f.Pose.R, f.Pose.T
		c := f.Camera
		doc.Frames[i] = nerfFrame{
			File: f.Image, Depth: f.Depth, W: c.W, H: c.H, Fx: c.Fx, Fy: c.Fy, Cx: c.Cx + .5, Cy: c.Cy + .5,
			Transform: [4][4]float64{
				{r[0][0], -r[0][1], -r[0][2], t.X},
				{r[1][0], -r[1][1], -r[1][2], t.Y},
				{r[2][0], -r[2][1], -r[2][2], t.Z},
				{0, 0, 0, 1},
			},
		}
	}
	text, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, append(text, '\n'))
}
