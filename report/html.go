package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"strconv"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/internal/colormap"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/slam"
)

//go:embed page.html
var pageHTML string

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{
	"sig":     func(digits int, v float64) string { return strconv.FormatFloat(roundTo(v, digits), 'g', -1, 64) },
	"count":   groupDigits,
	"fixed":   func(digits int, v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) },
	"percent": func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) },
	"mib":     func(bytes int64) string { return strconv.FormatInt(bytes>>20, 10) },
	"base":    filepath.Base,
	"value":   func(v *float64) float64 { return *v },
}).Parse(pageHTML))

// shownImageWidth is that of images in the page, in pixels.
const shownImageWidth = 480

// shownRows bounds the lists in the page; report.json holds them in full.
const shownRows = 100

// pageData is what page.html shows.
type pageData struct {
	*Report
	View        *page.View // nil: no map
	Top         *chart
	Charts      []titledChart
	MaxErrorM   float64
	ErrorColors string // CSS gradient
	Absolute    []namedStats
	DepthPanels []depthPanel
	DepthColors string // CSS gradient, near to far
	DepthTicks  []legendTick
	MeshImages  []encodedImage
	StageRows   []stageRow
	ConfigText  string
	SkippedMore int
	RealTime    float64 // input time over wall time
	Hover       hoverData
}

type titledChart struct {
	Title, Note string
	*chart
}

type namedStats struct {
	Name string
	*eval.Stats
}

type depthPanel struct {
	Caption      string
	Color, Depth template.URL
}

type legendTick struct {
	Percent float64
	Label   string
}

type encodedImage struct {
	Caption string
	URL     template.URL
}

type stageRow struct {
	Timing
	Share float64 // percent of the largest total
}

// hoverData is what the page's script shows under the pointer: times from the
// start, places in the top view, errors.
type hoverData struct {
	Duration float64   `json:"duration"`
	Time     []float64 `json:"t"`
	X        []float64 `json:"x"`
	Y        []float64 `json:"y"`
	Error    []float64 `json:"e"` // empty without truth
}

func (r *Report) writeHTML(w io.Writer) error {
	data, err := r.pageData()
	if err != nil {
		return err
	}
	return reportPage.Execute(w, data)
}

func (r *Report) pageData() (*pageData, error) {
	d := r.newDrawing()
	p := &pageData{Report: r, Top: d.topView(), ConfigText: r.ConfigText, Hover: d.hover()}
	for _, c := range []titledChart{
		{"Error over time", "distance of the camera from the truth after one SE3 alignment", d.errorChart()},
		{"Scale over time", "metres a unit of the depth source, with the band of one standard deviation of the map's metres", d.scaleChart()},
		{"Inliers over time", "landmarks that agree with the pose of each frame", d.trackChart()},
	} {
		if c.chart != nil {
			p.Charts = append(p.Charts, c)
		}
	}
	if len(d.err) > 0 {
		p.MaxErrorM = spanOf(d.err).hi
		p.ErrorColors = gradient(func(t float64) string { return hexColor(errorColor(t)) })
	}
	if a := r.Accuracy; a != nil {
		p.Absolute = []namedStats{{"not aligned", &a.ATENone}, {"SE3", a.ATESE3}, {"Sim3", a.ATESim3}}
	}
	if r.WallS > 0 {
		p.RealTime = r.InputS / r.WallS
	}
	if r.Map != nil {
		var err error
		if p.View, err = page.Saved(r.Map); err != nil {
			return nil, err
		}
	}
	p.SkippedMore = len(r.SkippedFrames) - shownRows
	p.StageRows = stageRows(r.Timings)
	if p.ConfigText == "" && r.Config != nil {
		text, err := json.MarshalIndent(r.Config, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("the configuration: %w", err)
		}
		p.ConfigText = string(text)
	}
	for _, m := range r.Images {
		p.MeshImages = append(p.MeshImages, encodedImage{m.Caption, dataURL("image/png", m.PNG)})
	}
	return p, p.addDepths(r.Depths)
}

// Length returns the true length of what measures 1 m in the map, by the source.
func (s ScaleSource) Length() float64 { return math.Exp(s.LogScale) }

// groupDigits writes a count with narrow spaces between thousands.
func groupDigits(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// Shown returns the skipped frames that fit the page.
func (p *pageData) Shown() []Skipped {
	return p.SkippedFrames[:min(len(p.SkippedFrames), shownRows)]
}

func stageRows(timings []Timing) []stageRow {
	largest := 1e-12
	for _, t := range timings {
		largest = max(largest, t.TotalS)
	}
	rows := make([]stageRow, len(timings))
	for i, t := range timings {
		rows[i] = stageRow{t, math.Round(100 * t.TotalS / largest)}
	}
	return rows
}

// hover thins the estimate to what a pointer can tell apart.
func (d *drawing) hover() hoverData {
	h := hoverData{Duration: d.time.hi, Time: []float64{}, X: []float64{}, Y: []float64{}, Error: []float64{}}
	c := d.topView()
	if c == nil {
		return h
	}
	estimate, plane := d.estimate(), d.plane()
	stride := max(1, len(estimate)/maxPoints)
	for i := 0; i < len(estimate); i += stride {
		x, y := plane.at(estimate[i].Pose.T)
		h.Time = append(h.Time, roundTo(estimate[i].Time-d.start, 6))
		h.X = append(h.X, math.Round(c.px(x)*10)/10)
		h.Y = append(h.Y, math.Round(c.py(y)*10)/10)
		if d.err != nil {
			h.Error = append(h.Error, roundTo(d.err[i], 4))
		}
	}
	return h
}

// addDepths paints the depth maps in the colours of one scale.
func (p *pageData) addDepths(images []DepthImage) error {
	if len(images) == 0 {
		return nil
	}
	maps := make([][]float32, len(images))
	for i, d := range images {
		if d.Depth.W <= 0 || len(d.Depth.Depth) != d.Depth.W*d.Depth.H {
			return fmt.Errorf("depth image %q: %dx%d pixels with %d values", d.Caption, d.Depth.W, d.Depth.H, len(d.Depth.Depth))
		}
		maps[i] = d.Depth.Depth
	}
	scale := colormap.FitScale(maps...)
	for _, d := range images {
		panel := depthPanel{Caption: d.Caption}
		var err error
		if panel.Depth, err = encodePNG(paintDepth(d.Depth, scale)); err != nil {
			return err
		}
		if img := page.Image(d.Color, d.Gray); img != nil {
			if panel.Color, err = encodeJPEG(page.Shrink(img, shownImageWidth)); err != nil {
				return err
			}
		}
		p.DepthPanels = append(p.DepthPanels, panel)
	}
	p.DepthColors = gradient(func(t float64) string { return hexColor(colormap.At(1 - t)) })
	for _, m := range scale.Ticks() {
		p.DepthTicks = append(p.DepthTicks, legendTick{100 * (1 - scale.At(m)), formatTick(m) + " m"})
	}
	return nil
}

// shownSize returns the size at which the page shows an image: no wider than
// shownImageWidth.
func shownSize(w, h int) (int, int) {
	if w <= shownImageWidth {
		return w, h
	}
	return shownImageWidth, max(1, h*shownImageWidth/w)
}

// paintDepth colours the nearest depth to each pixel shown: a mean over an edge
// would be a depth that is not there.
func paintDepth(d slam.DepthMap, scale colormap.Scale) image.Image {
	w, h := shownSize(d.W, d.H)
	small := make([]float32, w*h)
	for y := range h {
		row := d.Depth[(2*y+1)*d.H/(2*h)*d.W:]
		for x := range w {
			small[y*w+x] = row[(2*x+1)*d.W/(2*w)]
		}
	}
	return colormap.Depth(small, w, scale)
}

func encodePNG(img image.Image) (template.URL, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return dataURL("image/png", b.Bytes()), err
}

func encodeJPEG(img image.Image) (template.URL, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85})
	return dataURL("image/jpeg", b.Bytes()), err
}

func dataURL(kind string, data []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data))
}

// gradient returns the stops of a CSS gradient through the colours at 0 to 1.
func gradient(at func(t float64) string) string {
	const n = 16
	out := ""
	for i := range n + 1 {
		if i > 0 {
			out += ","
		}
		out += at(float64(i) / n)
	}
	return out
}
