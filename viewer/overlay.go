package viewer

import (
	"fmt"
	"math"

	"github.com/metricslam/metricslam/geom"
)

var (
	skyColor     = rgba{52, 60, 72, 255}
	floorColor   = rgba{20, 23, 28, 255}
	textColor    = rgba{238, 241, 245, 255}
	faintColor   = rgba{170, 178, 190, 255}
	panelColor   = rgba{12, 14, 18, 165}
	trackedColor = rgba{90, 255, 120, 255}
)

// textPx is the size of letters in a picture of a height.
func textPx(h int) int { return max(11, min(44, h/55)) }

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

// pictureBox returns where the current picture is drawn: at the upper right, at
// most a third of the width.
func pictureBox(w, h, imgW, imgH int, em float64) (x, y, pw, ph float64) {
	pw = min(float64(w)/3, float64(h)/3*float64(imgW)/float64(imgH))
	ph = pw * float64(imgH) / float64(imgW)
	return float64(w) - pw - em, em, pw, ph
}

// tracks marks the tracked features in the current picture, which lies in the
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

// measurement marks the points picked and their distance.
func (f *flat) measurement(fr frame) {
	em := float64(f.atlas.sizePx)
	var at []geom.Vec2
	for _, p := range fr.picked {
		u, z := fr.view.Project(p)
		if z <= 0 && fr.view.OrthoM == 0 {
			return
		}
		u = u.Add(geom.Vec2{X: .5, Y: .5})
		at = append(at, u)
		f.stroke(u.Add(geom.Vec2{X: -.5 * em}), u.Add(geom.Vec2{X: .5 * em}), 2, measureColor)
		f.stroke(u.Add(geom.Vec2{Y: -.5 * em}), u.Add(geom.Vec2{Y: .5 * em}), 2, measureColor)
	}
	if len(at) != 2 {
		return
	}
	f.stroke(at[0], at[1], 2, measureColor)
	mid := at[0].Add(at[1]).Scale(.5)
	label := fmt.Sprintf("%.3f m", fr.picked[1].Sub(fr.picked[0]).Norm())
	f.panel(mid.X+.6*em, mid.Y+.4*em, []string{label})
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
