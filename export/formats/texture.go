package formats

import (
	"context"
	"slices"

	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/slam"
	"github.com/metricslam/metricslam/texture"
)

// TakesTexture reports whether a format of a list shows a mesh with images.
func TakesTexture(list []string) bool {
	return slices.ContainsFunc(list, func(name string) bool {
		return name == All || name == "obj" || name == "glb" || name == "usdz"
	})
}

// TextureViews are the images of keyframes as a mesh takes its colours from them.
func TextureViews(m *mapping.Map, keyframes []*mapping.Keyframe) texture.Views {
	v := texture.Views{Image: func(i int) (slam.RGB, error) {
		p, err := m.Photo(keyframes[i])
		if p.Color.Empty() {
			return p.Gray.RGB(), err
		}
		return p.Color, err
	}}
	for _, k := range keyframes {
		v.Of = append(v.Of, texture.View{Pose: k.Pose, Camera: mapping.PhotoCamera(k)})
	}
	return v
}

// BuildTexture gives the map's mesh an atlas of its keyframes' images.
func (m *Map) BuildTexture(ctx context.Context, cfg texture.Config) (stats texture.Stats, err error) {
	m.Textured, stats, err = texture.Build(ctx, m.Mesh, TextureViews(m.Map, m.keyframes()), cfg)
	return stats, err
}

// keyframes returns those of the part that were not culled.
func (m *Map) keyframes() (out []*mapping.Keyframe) {
	for _, k := range m.Map.Keyframes {
		if k.Part == m.Part && !k.Culled() {
			out = append(out, k)
		}
	}
	return out
}
