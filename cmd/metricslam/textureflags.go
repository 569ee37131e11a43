package main

import (
	"fmt"

	"github.com/metricslam/metricslam/texture"
)

// textureFlags say how the images are shown on the surface.
type textureFlags struct {
	NoTexture   bool `help:"Show the surface in the colours of its vertices, not by the images (OBJ, GLB, USDZ, page and window)."`
	TextureSize int  `default:"4096" placeholder:"PX" help:"Edge of the largest image of a textured mesh, a power of two."`
}

// atlas returns the settings, and whether there is to be a texture.
func (f textureFlags) atlas() (cfg texture.Config, wanted bool, err error) {
	cfg = texture.Default()
	cfg.SizePx = f.TextureSize
	if err := cfg.Validate(); err != nil {
		return cfg, false, fmt.Errorf("--texture-size: %w", err)
	}
	return cfg, !f.NoTexture, nil
}
