package mapping

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping/images"
	"github.com/metricslam/metricslam/slam"
)

// PartSummary is what a connected map holds.
type PartSummary struct {
	Part      int        `json:"part"`
	Keyframes int        `json:"keyframes"`
	Landmarks int        `json:"landmarks"` // with a depth
	MinM      [3]float64 `json:"min_m"`     // bounding box of the landmarks that other keyframes confirm
	MaxM      [3]float64 `json:"max_m"`
	StartS    float64    `json:"start_s"` // earliest and latest stamp of its keyframes
	EndS      float64    `json:"end_s"`
}

// Map returns the state's keyframes and landmarks as a map, the same at each call;
// they are shared.
func (s *State) Map() (*Map, error) {
	if s.asMap != nil {
		return s.asMap, nil
	}
	m := NewMap(images.Options{Budget: Default().OpenMB << 20})
	for _, k := range s.Keyframes {
		m.enter(k)
	}
	for _, l := range s.Landmarks {
		m.landmarks.put(l)
	}
	if err := m.images.Adopt(s.Images, 0); err != nil {
		return nil, err
	}
	s.asMap = m
	return m, nil
}

// Metric reports whether the lengths of a map are metres.
func (s *State) Metric() bool {
	return s.Ground.Metric() || slices.ContainsFunc(s.Keyframes, func(k *Keyframe) bool { return !k.Depth.Empty() })
}

// Summaries returns what each part holds that has keyframes, the largest first.
func (s *State) Summaries() []PartSummary {
	inf := math.Inf(1)
	all := make([]PartSummary, s.Parts)
	for i := range all {
		all[i] = PartSummary{Part: i, MinM: [3]float64{inf, inf, inf}, MaxM: [3]float64{-inf, -inf, -inf}, StartS: inf, EndS: -inf}
	}
	for _, k := range s.Keyframes {
		p := &all[k.Part]
		p.Keyframes++
		p.StartS, p.EndS = min(p.StartS, k.Time), max(p.EndS, k.Time)
	}
	for _, l := range s.Landmarks {
		if !l.Known() {
			continue
		}
		host := s.Keyframes[l.Host]
		p := &all[host.Part]
		p.Landmarks++
		if l.confirmed() {
			p.include(l.in(host))
		}
	}
	all = slices.DeleteFunc(all, func(p PartSummary) bool { return p.Keyframes == 0 })
	for i := range all {
		if all[i].MinM[0] > all[i].MaxM[0] {
			all[i].MinM, all[i].MaxM = [3]float64{}, [3]float64{}
		}
	}
	slices.SortStableFunc(all, func(a, b PartSummary) int { return cmp.Compare(b.Keyframes, a.Keyframes) })
	return all
}

func (p *PartSummary) include(v geom.Vec3) {
	for i, x := range [3]float64{v.X, v.Y, v.Z} {
		p.MinM[i], p.MaxM[i] = min(p.MinM[i], x), max(p.MaxM[i], x)
	}
}

// confirmed reports whether three keyframes see a landmark and agree on its depth.
func (l *Landmark) confirmed() bool {
	return l.Known() && len(l.Obs) >= 3 && l.LogStd <= maxViewLogStd
}

// CloudPoint is a landmark that keyframes confirm, for export.
type CloudPoint struct {
	Position geom.Vec3
	Color    [3]uint8
	ErrorPx  float64       // mean reprojection error
	Obs      []Observation // of keyframes and their features
}

// Cloud returns the confirmed landmarks of a part by ascending id, with the
// colour of their host's image.
func (m *Map) Cloud(part int) ([]CloudPoint, error) {
	var out []CloudPoint
	hosted := make(map[int][]hostedPoint)
	for l := range m.landmarks.all() {
		if !l.confirmed() || m.Keyframes[l.Host].Part != part {
			continue
		}
		p := CloudPoint{Position: m.Position(l), Obs: l.Obs}
		for _, o := range l.Obs {
			k := m.Keyframes[o.KF]
			u := k.Features[o.Index].Pixel
			if o.KF == l.Host {
				hosted[l.Host] = append(hosted[l.Host], hostedPoint{len(out), u})
			}
			if c := k.Pose.ApplyInverse(p.Position); c.Z > minDepthM {
				p.ErrorPx += k.Camera.Project(c).Sub(u).Norm() / float64(len(l.Obs))
			}
		}
		out = append(out, p)
	}
	for host, points := range hosted {
		k := m.Keyframes[host]
		im, err := m.Images(k)
		if err != nil {
			return nil, err
		}
		color, err := im.Color.RGB()
		if err != nil {
			return nil, fmt.Errorf("images of keyframe %d: %w", k.ID, err)
		}
		for _, p := range points {
			out[p.index].Color = colorAt(im.Gray, color, k.Camera, p.pixel)
		}
	}
	return out, nil
}

// hostedPoint is a point of a cloud and where its host sees it.
type hostedPoint struct {
	index int
	pixel geom.Vec2
}

// colorAt is the colour at a pixel of a grey image, its grey level where there is no
// colour.
func colorAt(gray slam.Gray, color slam.RGB, cam geom.Camera, u geom.Vec2) [3]uint8 {
	if !color.Empty() {
		v := geom.ResizePixel(u, float64(color.W)/float64(cam.W))
		r, g, b := color.At(min(max(int(v.X+.5), 0), color.W-1), min(max(int(v.Y+.5), 0), color.H-1))
		return [3]uint8{r, g, b}
	}
	if gray.Empty() {
		return [3]uint8{128, 128, 128}
	}
	g := gray.At(min(max(int(u.X+.5), 0), gray.W-1), min(max(int(u.Y+.5), 0), gray.H-1))
	return [3]uint8{g, g, g}
}
