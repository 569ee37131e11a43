package viewer

import (
	"fmt"
	"strings"
)

// Mode is how surfaces are coloured.
type Mode int

// The modes.
const (
	Shaded    Mode = iota // the colours of the images with a little light
	Color                 // the colours alone
	Normals               // red, green, blue: the normal along x, y, z
	Clay                  // grey, lit: shape alone
	Uncertain             // blue, yellow, red: the deviation of the surface, grey where unknown
	modes
)

var modeNames = [modes]string{"shaded", "color", "normals", "clay", "deviation"}

// String returns the name of the mode.
func (m Mode) String() string { return modeNames[m] }

// ParseMode returns the mode of a name.
func ParseMode(name string) (Mode, error) {
	for m, n := range modeNames {
		if n == name {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("mode %q: there are %s", name, strings.Join(modeNames[:], ", "))
}

// Style says what of a scene is drawn, and how.
type Style struct {
	Mode                                    Mode
	Wireframe                               bool
	BackFaces                               bool // draw surfaces seen from behind
	Frusta, Path, Truth, Points, Grid, Text bool
	Image                                   bool // the current one with its tracks
}

// DefaultStyle shows everything, surfaces from the side that was seen.
func DefaultStyle() Style {
	return Style{Frusta: true, Path: true, Truth: true, Points: true, Grid: true, Text: true, Image: true}
}
