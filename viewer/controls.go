package viewer

import (
	"math"

	"github.com/metricslam/metricslam/geom"
)

// action is what a key or a button asks for.
type action int

const (
	actHelp action = iota
	actMode
	actWireframe
	actBackFaces
	actFrusta
	actPath
	actTruth
	actPoints
	actGrid
	actPicture
	actText
	actFollow
	actReset
	actOrtho
	actTop
	actFront
	actSide
	actCenter
	actClear
	actClose
)

// keys lists what the keyboard does, in the order of the help.
var keys = []struct {
	key  rune // a letter or digit as on the key; 0 for the escape key
	act  action
	help string
}{
	{'H', actHelp, "this help"},
	{'M', actMode, "shaded, colour, normals, clay"},
	{'W', actWireframe, "wireframe"},
	{'B', actBackFaces, "surfaces seen from behind"},
	{'K', actFrusta, "cameras of the keyframes"},
	{'T', actPath, "trajectory"},
	{'G', actTruth, "true trajectory"},
	{'P', actPoints, "landmarks"},
	{'X', actGrid, "grid and axes"},
	{'I', actPicture, "picture with its tracks"},
	{'L', actText, "text and scale bar"},
	{'F', actFollow, "follow the camera"},
	{'R', actReset, "view of everything"},
	{'O', actOrtho, "perspective or parallel"},
	{'1', actTop, "from the top"},
	{'2', actFront, "from the front"},
	{'3', actSide, "from the side"},
	{'C', actCenter, "turn around the point clicked last"},
	{0, actClear, "forget the points clicked"},
	{'Q', actClose, "close"},
}

// helpText lists mouse and keys.
func helpText() []string {
	out := []string{
		"Mouse and keys",
		"drag: turn    right drag or shift + drag: move    wheel: nearer, farther",
		"click two points of the mesh: their distance in metres",
	}
	for _, k := range keys {
		name := "Esc"
		if k.key != 0 {
			name = string(k.key)
		}
		out = append(out, name+": "+k.help)
	}
	return out
}

// controls is the state that mouse and keys change.
type controls struct {
	scene  *Scene
	w, h   int
	orbit  Orbit
	style  Style
	help   bool
	follow bool
	picked []geom.Vec3
	closed bool
	// touched says that the user moved the view: it is not fitted to a growing
	// scene any more.
	touched bool
}

func newControls(s *Scene, style Style, w, h int) *controls {
	c := &controls{style: style, w: w, h: h}
	c.show(s)
	return c
}

// show replaces the scene. The view follows the camera, or fits what has grown,
// until the user takes it.
func (c *controls) show(s *Scene) {
	c.scene = s
	switch {
	case c.follow && s.Live:
		c.orbit.Follow(s.Pose, .2)
	case !c.touched:
		c.orbit = AutoOrbit(s, c.w, c.h)
	}
}

// do carries out an action.
func (c *controls) do(a action) {
	st := &c.style
	flags := map[action]*bool{
		actHelp: &c.help, actWireframe: &st.Wireframe, actBackFaces: &st.BackFaces, actFrusta: &st.Frusta,
		actPath: &st.Path, actTruth: &st.Truth, actPoints: &st.Points, actGrid: &st.Grid, actPicture: &st.Picture,
		actText: &st.Text, actFollow: &c.follow, actOrtho: &c.orbit.Ortho,
	}
	if f, ok := flags[a]; ok {
		*f = !*f
		c.touched = c.touched || a == actFollow || a == actOrtho
		return
	}
	switch a {
	case actMode:
		st.Mode = (st.Mode + 1) % modes
	case actReset:
		c.touched, c.follow = false, false
		c.orbit = AutoOrbit(c.scene, c.w, c.h)
	case actTop, actFront, actSide:
		c.touched, c.follow = true, false
		c.orbit = AutoOrbit(c.scene, c.w, c.h)
		c.orbit.stand(map[action]string{actTop: "top", actFront: "front", actSide: "side"}[a], c.scene, c.w, c.h)
	case actCenter:
		if n := len(c.picked); n > 0 {
			c.touched = true
			c.orbit.Pivot = c.picked[n-1]
		}
	case actClear:
		c.picked = nil
	case actClose:
		c.closed = true
	}
}

// drag turns, or moves where pan is set: half a turn over the width.
func (c *controls) drag(dx, dy float64, pan bool) {
	c.touched = true
	if pan {
		c.follow = false
		c.orbit.Pan(dx, dy, c.w)
		return
	}
	c.orbit.Turn(-dx*math.Pi/float64(c.w), dy*math.Pi/float64(c.w))
}

// scroll zooms by a tenth a notch.
func (c *controls) scroll(notches float64) {
	c.touched = true
	c.orbit.Zoom(math.Pow(.9, notches))
}

// click picks the point of the mesh under pixel u: the first, the second, or the
// first of another pair. It reports whether there was one.
func (c *controls) click(u geom.Vec2) bool {
	p, ok := Pick(c.scene.Mesh, c.orbit.View(c.w, c.h), u, !c.style.BackFaces)
	if !ok {
		return false
	}
	if len(c.picked) == 2 {
		c.picked = nil
	}
	c.picked = append(c.picked[:len(c.picked):len(c.picked)], p)
	return true
}

// frame returns what to draw.
func (c *controls) frame() frame {
	f := frame{view: c.orbit.View(c.w, c.h), up: c.orbit.Up, pivotM: c.orbit.DistanceM, style: c.style, picked: c.picked, hint: "H: help"}
	if c.help {
		f.help = helpText()
	}
	return f
}
