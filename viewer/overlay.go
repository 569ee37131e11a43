package viewer

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/colormap"
)

var (
	skyColor     = rgba{52, 60, 72, 255}
	floorColor   = rgba{20, 23, 28, 255}
	textColor    = rgba{238, 241, 245, 255}
	faintColor   = rgba{170, 178, 190, 255}
	panelColor   = rgba{12, 14, 18, 165}
	trackedColor = rgba{90, 255, 120, 255}
)

// textPx is the size of letters in an image of a height; dpi is how many pixels are
// one of a screen of usual density.
func textPx(h int, dpi float64) int {
	return max(int(math.Round(13*max(dpi, 11./13))), min(44, h/55))
}

// status returns the lines of text that say what is shown.
func (s *Scene) status() []string {
	out := s.Status
	if s.Live {
		out = append(out[:len(out):len(out)],
			fmt.Sprintf("%s, frame %d, %.2f s", s.State, s.Frame, s.Time),
			fmt.Sprintf("%d keyframes, %s landmarks, %d tracks", len(s.Keyframes), thousands(len(s.Points)), len(s.Tracks)),
			scaleText(math.Exp(s.LogScale), s.ScaleSigma))
		out = append(out, s.Warnings...)
	}
	return out
}

// legend names the colours of what is shown.
func (s *Scene) legend(st Style) (names []string, colors []rgba) {
	for _, e := range []struct {
		shown bool
		name  string
		color rgba
	}{
		{st.Path && len(s.Trajectory) > 0, "path", pathColor},
		{st.Truth && len(s.Truth) > 0, "truth", truthColor},
		{st.Frusta && len(s.Keyframes) > 0, "keyframes", frustumColor},
		{st.Frusta && s.Live, "camera", currentColor},
		{st.Path && len(s.Loops) > 0, "loops", loopColor},
	} {
		if e.shown {
			names, colors = append(names, e.name), append(colors, e.color)
		}
	}
	return names, colors
}

// panel adds lines of text on a dark ground and returns the height it takes.
func (f *flat) panel(x, y float64, text []string) float64 {
	if len(text) == 0 {
		return 0
	}
	pad, line := .6*float64(f.atlas.sizePx), 1.35*float64(f.atlas.sizePx)
	var w float64
	for _, t := range text {
		w = max(w, f.atlas.width(t))
	}
	h := line*float64(len(text)) + 2*pad - .25*line
	f.rect(x, y, w+2*pad, h, panelColor)
	for i, t := range text {
		c := textColor
		if i > 0 {
			c = faintColor
		}
		f.text(x+pad, y+pad+float64(i)*line, t, c)
	}
	return h
}

// info adds status, legend and scale bar.
func (f *flat) info(s *Scene, fr frame) {
	em := float64(f.atlas.sizePx)
	h := float64(fr.view.Camera.H)
	y := em + f.panel(em, em, s.status()) + .5*em
	names, colors := s.legend(fr.style)
	x := em
	for i, name := range names {
		f.rect(x, y+.25*em, 1.1*em, .55*em, colors[i])
		x += 1.5 * em
		x += f.text(x, y, name, textColor) + 1.2*em
	}
	if fr.style.Mode == Uncertain {
		f.deviationScale(x, y, em, mostDeviation(s.Mesh))
	}
	f.scaleBar(em, h-2.6*em, fr)
	f.text(float64(fr.view.Camera.W)-f.atlas.width(fr.hint)-em, h-2.2*em, fr.hint, textColor)
}

// scaleBar adds a bar of a round number of metres, as long as that is at the
// pivot.
func (f *flat) scaleBar(x, y float64, fr frame) {
	if fr.pivotM <= 0 {
		return
	}
	em := float64(f.atlas.sizePx)
	pxPerM := fr.view.Camera.Fx / fr.pivotM
	length := niceLength(.22 * float64(fr.view.Camera.W) / pxPerM)
	px := length * pxPerM
	label := metres(length)
	if fr.view.OrthoM == 0 {
		label += " at the centre"
	}
	if fr.style.Grid {
		label += fmt.Sprintf(", grid %s", metres(fr.gridM))
	}
	f.text(x, y, label, textColor)
	y += 1.55 * em
	t := max(2, .16*em)
	f.rect(x, y, px, t, textColor)
	f.rect(x, y-2*t, t, 3*t, textColor)
	f.rect(x+px-t, y-2*t, t, 3*t, textColor)
}

// metres writes a length in the unit that suits it.
func metres(m float64) string {
	switch {
	case m >= 1000:
		return fmt.Sprintf("%g km", m/1000)
	case m >= 1:
		return fmt.Sprintf("%g m", m)
	}
	return fmt.Sprintf("%g cm", math.Round(m*1e4)/100)
}

// imageBox returns where the current image is drawn: at the upper right, at
// most a third of the width.
func imageBox(w, h, imgW, imgH int, em float64) (x, y, pw, ph float64) {
	pw = min(float64(w)/3, float64(h)/3*float64(imgW)/float64(imgH))
	ph = pw * float64(imgH) / float64(imgW)
	return float64(w) - pw - em, em, pw, ph
}

// tracks marks the tracked keypoints in the current image, which lies in the
// box given.
func (f *flat) tracks(px []geom.Vec2, imgW, imgH int, x, y, w, h float64) {
	r := max(1.5, .09*float64(f.atlas.sizePx))
	for _, u := range px {
		if u.X < -.5 || u.Y < -.5 || u.X > float64(imgW)-.5 || u.Y > float64(imgH)-.5 {
			continue
		}
		f.rect(x+(u.X+.5)/float64(imgW)*w-r, y+(u.Y+.5)/float64(imgH)*h-r, 2*r, 2*r, trackedColor)
	}
}

// deviationScale explains the colours of deviations.
func (f *flat) deviationScale(x, y, em, most float64) {
	if most == 0 {
		f.text(x, y, "this mesh tells no deviation", textColor)
		return
	}
	const steps = 24
	for i := range steps {
		c := colormap.At((float64(i) + .5) / steps)
		f.rect(x+float64(i)*.35*em, y+.25*em, .36*em, .55*em, rgba{c.R, c.G, c.B, 255})
	}
	f.text(x+.35*em*steps+.5*em, y, fmt.Sprintf("deviation 0 to %.3g cm", 100*most), textColor)
}

// measurements draws what was measured, what is being measured, and their list.
func (f *flat) measurements(fr frame) {
	if fr.tape == nil {
		return
	}
	t := fr.tape
	for i, m := range t.done {
		c := measuredColor
		if i == t.selected {
			c = measureColor
		}
		f.shape(fr, m.Kind, m.Points, c, fmt.Sprintf("%d: %s", i+1, m.Text()))
	}
	f.shape(fr, t.kind, t.pending, measureColor, "")
	if !fr.style.Text {
		return
	}
	em := float64(f.atlas.sizePx)
	lines := t.list()
	if len(lines) > 0 {
		lines = append([]string{"Measured"}, lines...)
	}
	if n := len(t.pending); n > 0 {
		line := fmt.Sprintf("%s: %d", t.kind, n)
		if all := kindPoints[t.kind]; all > 0 {
			line += fmt.Sprintf(" of %d points", all)
		} else {
			line += " clicked, Enter ends it"
		}
		lines = append(lines, line)
	}
	if t.note != "" {
		lines = append(lines, t.note)
	}
	if n := len(lines); n > 0 {
		f.panel(em, float64(fr.view.Camera.H)-3.4*em-1.35*em*float64(n)-1.2*em, lines)
	}
}

// shape draws the points of a measurement, joined as its kind joins them.
func (f *flat) shape(fr frame, kind Kind, points []Point, c rgba, label string) {
	em := float64(f.atlas.sizePx)
	var at []geom.Vec2
	for _, p := range points {
		u, z := fr.view.Project(p.At)
		if z <= 0 && fr.view.OrthoM == 0 {
			return
		}
		u = u.Add(geom.Vec2{X: .5, Y: .5})
		at = append(at, u)
		f.stroke(u.Add(geom.Vec2{X: -.5 * em}), u.Add(geom.Vec2{X: .5 * em}), 2, c)
		f.stroke(u.Add(geom.Vec2{Y: -.5 * em}), u.Add(geom.Vec2{Y: .5 * em}), 2, c)
	}
	if len(at) == 0 {
		return
	}
	if kind == Box && len(points) == 2 {
		f.boxEdges(fr, points, c)
	} else {
		for i := 1; i < len(at); i++ {
			f.stroke(at[i-1], at[i], 2, c)
		}
		if kind == Area && len(at) > 2 {
			f.stroke(at[len(at)-1], at[0], 2, c)
		}
	}
	if label == "" {
		return
	}
	mid := at[0]
	if kind == Angle {
		mid = at[1]
	} else {
		mid = mid.Add(at[len(at)-1]).Scale(.5)
	}
	f.panel(mid.X+.6*em, mid.Y+.4*em, []string{label})
}

// boxEdges draws the twelve edges of an upright box.
func (f *flat) boxEdges(fr frame, points []Point, c rgba) {
	r := ruler{axes: geom.Mat3{}}
	o := NewOrbit(geom.Vec3{}, fr.up, fr.heading, 1)
	r.axes = geom.FromCols(o.Heading, o.Up.Cross(o.Heading), o.Up).T()
	lo, hi := r.span([]geom.Vec3{points[0].At, points[1].At})
	corners := (box{lo, hi}).corners()
	for i := range corners {
		for _, bit := range []int{1, 2, 4} {
			if i&bit != 0 {
				continue
			}
			a, za := fr.view.Project(r.axes.TMulVec(corners[i]))
			b, zb := fr.view.Project(r.axes.TMulVec(corners[i|bit]))
			if fr.view.OrthoM > 0 || za > 0 && zb > 0 {
				f.stroke(a, b, 2, c)
			}
		}
	}
}

// slider draws the time of a run that can be replayed.
func (f *flat) slider(fr frame) {
	if fr.replay == nil || !fr.replay.possible() || !fr.style.Text {
		return
	}
	em := float64(f.atlas.sizePx)
	r := fr.replay
	a, b := r.slider(fr.view.Camera.W, fr.view.Camera.H, em)
	f.stroke(a, b, max(2, .2*em), faintColor)
	x := a.X + (b.X-a.X)*(r.at-r.from)/(r.to-r.from)
	f.rect(x-.3*em, a.Y-.6*em, .6*em, 1.2*em, currentColor)
	label := r.label()
	f.text((a.X+b.X-f.atlas.width(label))/2, a.Y-2*em, label, textColor)
}

// helpBox adds a panel in the middle.
func (f *flat) helpBox(fr frame) {
	if len(fr.help) == 0 {
		return
	}
	em := float64(f.atlas.sizePx)
	var w float64
	for _, t := range fr.help {
		w = max(w, f.atlas.width(t))
	}
	c := fr.view.Camera
	f.panel((float64(c.W)-w)/2-em, max(em, (float64(c.H)-1.35*em*float64(len(fr.help)+1))/2), fr.help)
}
