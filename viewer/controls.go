package viewer

import (
	"fmt"
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
	actImage
	actText
	actFollow
	actReset
	actOrtho
	actTop
	actFront
	actSide
	actCenter
	actDistance
	actMeasurePath
	actArea
	actHeight
	actAngle
	actBox
	actSnap
	actFinish
	actUndo
	actNext
	actDelete
	actSave
	actClip
	actPlay
	actBack
	actForward
	actShot
	actClear
	actClose
)

// GLFW's codes of keys without a letter. Those of letters, digits and signs are
// their ASCII.
const (
	keyEscape, keyEnter, keyTab, keyDelete, keyF12 = 256, 257, 258, 261, 301
)

// keys lists what the keyboard does, in the order of the help.
var keys = []struct {
	key  int // GLFW's code
	name string
	act  action
	help string
}{
	{'H', "H", actHelp, "this help"},
	{'M', "M", actMode, "shaded, colour, normals, clay, deviation"},
	{'W', "W", actWireframe, "wireframe"},
	{'B', "B", actBackFaces, "surfaces seen from behind"},
	{'K', "K", actFrusta, "cameras of the keyframes"},
	{'T', "T", actPath, "trajectory"},
	{'G', "G", actTruth, "true trajectory"},
	{'P', "P", actPoints, "landmarks"},
	{'X', "X", actGrid, "grid and axes"},
	{'I', "I", actImage, "image with its tracks"},
	{'L', "L", actText, "text and scale bar"},
	{'F', "F", actFollow, "follow the camera"},
	{'R', "R", actReset, "view of everything"},
	{'O', "O", actOrtho, "perspective or parallel"},
	{'1', "1", actTop, "from the top"},
	{'2', "2", actFront, "from the front"},
	{'3', "3", actSide, "from the side"},
	{'C', "C", actCenter, "turn around the point clicked last"},
	{'4', "4", actDistance, "measure a distance"},
	{'5', "5", actMeasurePath, "a path"},
	{'6', "6", actArea, "an area"},
	{'7', "7", actHeight, "a height over the floor"},
	{'8', "8", actAngle, "an angle"},
	{'9', "9", actBox, "a box"},
	{'E', "E", actSnap, "snap to corners, edges and planes"},
	{keyEnter, "Enter", actFinish, "end a path or an area"},
	{'Z', "Z", actUndo, "take back the last point or measurement"},
	{keyTab, "Tab", actNext, "select the next measurement"},
	{keyDelete, "Del", actDelete, "delete the one selected"},
	{'S', "S", actSave, "save the measurements (JSON, CSV)"},
	{'Y', "Y", actClip, "show what lies in the box alone"},
	{' ', "Space", actPlay, "replay the run"},
	{',', ",", actBack, "back in time"},
	{'.', ".", actForward, "forward"},
	{keyF12, "F12", actShot, "save an image of the window"},
	{keyEscape, "Esc", actClear, "forget the points clicked"},
	{'Q', "Q", actClose, "close"},
}

// helpText lists mouse and keys, two keys a line.
func helpText() []string {
	out := []string{
		"Mouse and keys",
		"drag: turn    right drag or shift + drag: move    wheel: nearer, farther",
		"click two points of the mesh: their distance in metres with its deviation",
	}
	half := (len(keys) + 1) / 2
	for i, k := range keys[:half] {
		line := fmt.Sprintf("%s: %s", k.name, k.help)
		if i+half < len(keys) {
			o := keys[i+half]
			line += fmt.Sprintf("        %s: %s", o.name, o.help)
		}
		out = append(out, line)
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
	snap   bool // points clicked go to the corner, edge or plane near them
	tape   tape
	ruler  ruler
	clip   *clipBox // nil: everything is shown
	replay replay
	shot   bool // an image of the window is wanted
	scrub  bool // the slider is held
	closed bool
	dpi    float64 // pixels a pixel of a screen of usual density
	// touched says that the user moved the view: it is not fitted to a growing
	// scene any more.
	touched bool
}

// newControls begins with a scene; file holds its measurements, "" for none.
func newControls(s *Scene, style Style, file string, w, h int) *controls {
	c := &controls{style: style, w: w, h: h, dpi: 1, snap: true}
	c.show(s)
	c.tape = newTape(file, c.ruler)
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
	c.ruler, c.replay = rulerOf(s, c.orbit), newReplay(s)
}

// do carries out an action.
func (c *controls) do(a action) {
	st := &c.style
	flags := map[action]*bool{
		actHelp: &c.help, actWireframe: &st.Wireframe, actBackFaces: &st.BackFaces, actFrusta: &st.Frusta,
		actPath: &st.Path, actTruth: &st.Truth, actPoints: &st.Points, actGrid: &st.Grid, actImage: &st.Image,
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
		if p, ok := c.tape.last(); ok {
			c.touched = true
			c.orbit.Pivot = p
		}
	case actClip:
		if c.clip != nil {
			c.clip = nil
		} else if c.clip = c.tape.box(c.ruler); c.clip == nil {
			c.tape.note = "measure a box (9) first: it is what Y shows alone"
		}
	case actPlay:
		c.replay.play()
	case actBack:
		c.replay.step(-1)
	case actForward:
		c.replay.step(1)
	case actShot:
		c.shot = true
	case actClose:
		c.closed = true
	default:
		c.measure(a)
	}
}

// measure carries out what has to do with measuring.
func (c *controls) measure(a action) {
	kinds := map[action]Kind{actDistance: Distance, actMeasurePath: Path, actArea: Area, actHeight: Height, actAngle: Angle, actBox: Box}
	if k, ok := kinds[a]; ok {
		c.tape.take(k)
		return
	}
	switch a {
	case actSnap:
		c.snap = !c.snap
		c.tape.note = "points stay where they are clicked"
		if c.snap {
			c.tape.note = "points snap to corners, edges and planes"
		}
	case actFinish:
		c.tape.finish(c.ruler)
	case actUndo:
		c.tape.undo()
	case actNext:
		c.tape.next()
	case actDelete:
		c.tape.remove()
	case actSave:
		c.tape.save()
	case actClear:
		c.tape.clear()
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

// click picks the point of the mesh under pixel u for the tool in hand. It reports
// whether there was one.
func (c *controls) click(u geom.Vec2) bool {
	p, ok := c.pointAt(u)
	if !ok {
		c.tape.note = "no surface there"
		return false
	}
	planes := 0
	if c.snap {
		var grows float64
		p.At, planes, grows = snap(c.scene.Mesh, c.orbit.View(c.w, c.h), u, p.At, c.dpi, !c.style.BackFaces, c.clip)
		p.StdM *= grows
	}
	if c.tape.click(p, c.ruler); c.tape.note == "" && planes > 0 {
		c.tape.note = "on the " + snapNames[planes]
	}
	return true
}

// em is the size of letters.
func (c *controls) em() float64 { return float64(textPx(c.h, c.dpi)) }

// frame returns what to draw.
func (c *controls) frame() frame {
	f := frame{
		view: c.orbit.View(c.w, c.h), up: c.orbit.Up, heading: c.orbit.Heading, pivotM: c.orbit.DistanceM, style: c.style, dpi: c.dpi, hint: "H: help",
		tape: &c.tape, clip: c.clip, until: c.replay.until(), replay: &c.replay,
	}
	if c.help {
		f.help = helpText()
	}
	return f
}
