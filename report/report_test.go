package report_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/report"
	"github.com/metricslam/metricslam/slam"
)

// wander returns a truth of n poses at 30 Hz and an estimate of it in another
// frame with noise, frames from to to missing.
func wander(n, from, to int) (truth, estimate slam.Trajectory) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: 1, Y: 2, Z: -1}), T: geom.Vec3{X: 5}, S: .95}
	pose := geom.IdentitySE3()
	for i := range n {
		t := 100 + float64(i)/30
		truth = append(truth, slam.StampedPose{Time: t, Pose: pose})
		if i < from || i > to {
			p := m.ApplyPose(pose)
			p.T = p.T.Add(geom.Vec3{X: .01 * rng.NormFloat64(), Y: .01 * rng.NormFloat64(), Z: .01 * rng.NormFloat64()})
			estimate = append(estimate, slam.StampedPose{Time: t, Pose: p})
		}
		pose = pose.Retract(geom.Tangent6{0, 0, .02, .02 * rng.NormFloat64(), .02, .01 * rng.NormFloat64()})
	}
	return truth, estimate
}

func full() *report.Report {
	truth, estimate := wander(300, 100, 129)
	depth := slam.DepthMap{W: 8, H: 6, Depth: make([]float32, 48)}
	for i := range depth.Depth {
		depth.Depth[i] = float32(i) / 10
	}
	var s report.Stages
	s.Add("track", 5e6)
	r := &report.Report{
		Version: "v1", Source: "data/room", Kind: "tum", Depth: "sensor", Seed: 3,
		Frames: 300, Tracked: 270, Posed: 270, Parts: 1,
		LostSpans:     []report.Span{{FirstFrame: 100, LastFrame: 129, StartS: truth[100].Time, EndS: truth[129].Time}},
		SkippedFrames: []report.Skipped{{Frame: 7, Name: "7.png", Reason: "unexpected EOF"}},
		Keyframes:     20, Landmarks: 12345, Loops: []report.Loop{{FrameA: 1, FrameB: 290, TimeA: truth[1].Time, TimeB: truth[290].Time}},
		Scale: 1.02, ScaleStd: new(.01), InputS: 10, WallS: 5, CPUS: 7, PeakMemory: 100 << 20,
		Timings: s.Timings(), Mesh: &report.MeshSize{Vertices: 10, Triangles: 20, VoxelM: .02},
		Files: []string{"mesh.ply"}, Config: map[string]int{"seed": 3}, Warnings: []string{"beware"},
		Trajectory: estimate, Truth: truth, KeyTimes: []float64{truth[0].Time, truth[50].Time},
		ScaleLog: []report.ScaleSample{{Time: truth[0].Time, Sigma: .1}, {Time: truth[200].Time, LogScale: .02, Sigma: .01}},
		Tracks:   []report.TrackSample{{Time: truth[0].Time, Inliers: 100}, {Time: truth[1].Time, Inliers: 90}},
		Depths:   []report.DepthImage{{Caption: "frame 1", Color: slam.NewRGB(8, 6), Depth: depth}, {Caption: "frame 2", Gray: slam.NewGray(8, 6), Depth: depth}},
		Images:   []report.Image{{Caption: "mesh", PNG: []byte("\x89PNG")}},
	}
	return r
}

// write writes the report and returns its JSON and HTML.
func write(t *testing.T, r *report.Report) (fields map[string]any, page string) {
	t.Helper()
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	return fields, string(text)
}

func TestWriteFull(t *testing.T) {
	fields, page := write(t, full())
	near := func(key string, want, tol float64) {
		t.Helper()
		if got, ok := fields[key].(float64); !ok || math.Abs(got-want) > tol {
			t.Errorf("%s is %v, want %g within %g", key, fields[key], want, tol)
		}
	}
	near("posed_share", .9, 1e-9)
	near("fps", 60, 1e-9)
	near("ate_sim3_m", .01*math.Sqrt(3), .002)
	if fields["ate_se3_m"].(float64) < fields["ate_sim3_m"].(float64) {
		t.Error("the SE3 error is below that of Sim3")
	}
	near("rpe_1s_m", .03, .03)
	if got := fields["accuracy"].(map[string]any)["scale"].(float64); math.Abs(got-1/.95) > .01 {
		t.Errorf("scale %g, want %g", got, 1/.95)
	}
	for _, want := range []string{"beware", "unexpected EOF", "12\u202f345", "lost: frames 100 to 129", "90.0", "&#34;seed&#34;: 3", "data:image/jpeg;base64,", `class="loop"`, `class="area"`} {
		if !strings.Contains(page, want) {
			t.Errorf("report.html lacks %q", want)
		}
	}
	if n := strings.Count(page, "<svg "); n != 4 {
		t.Errorf("%d drawings, want 4", n)
	}
}

// The page loads nothing from elsewhere: every source is inside it and links go
// to files beside it.
func TestHTMLSelfContained(t *testing.T) {
	_, page := write(t, full())
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data == "link" || n.Data == "iframe" || n.Data == "object" {
			t.Errorf("an element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "src" && !strings.HasPrefix(a.Val, "data:image/") {
				t.Errorf("<%s src=%q>", n.Data, a.Val)
			}
			if a.Key == "href" && strings.Contains(a.Val, ":") {
				t.Errorf("<%s href=%q>", n.Data, a.Val)
			}
		}
	}
	if m := regexp.MustCompile(`(?i)(https?:)?//[a-z]+\.|@import|url\(`).FindString(page); m != "" {
		t.Errorf("the page refers to %q", m)
	}
	if strings.Contains(page, "NaN") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page holds NaN or an escape that failed")
	}
}

// Names from outside cannot become markup or script.
func TestHTMLEscapes(t *testing.T) {
	const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>`
	r := full()
	r.Source, r.Kind, r.Depth, r.Version, r.ConfigText = evil, evil, evil, evil, evil
	r.Warnings, r.Files = []string{evil}, []string{evil}
	r.SkippedFrames[0].Name, r.SkippedFrames[0].Reason = evil, evil
	r.Depths[0].Caption, r.Images[0].Caption, r.Timings[0].Stage = evil, evil, evil
	_, page := write(t, r)
	if n := strings.Count(page, "<script>"); n != 1 {
		t.Errorf("%d scripts, want 1", n)
	}
	if strings.Contains(page, "<img src=x") {
		t.Error("a name became an element")
	}
}

func TestWriteLittle(t *testing.T) {
	one := slam.Trajectory{{Time: 5, Pose: geom.IdentitySE3()}}
	truth, estimate := wander(50, 100, 100)
	late := slam.Trajectory{{Time: 1e6, Pose: geom.IdentitySE3()}}
	tests := []struct {
		name    string
		r       report.Report
		warning string
	}{
		{"nothing", report.Report{}, ""},
		{"no truth", report.Report{Frames: 50, Posed: 50, Trajectory: estimate}, ""},
		{"one pose", report.Report{Frames: 1, Posed: 1, Trajectory: one, Truth: one}, "align 1 poses by SE3"},
		{"truth of another time", report.Report{Frames: 50, Trajectory: estimate, Truth: late}, "no two stamps"},
		{"no pose", report.Report{Frames: 50, Truth: truth, LostSpans: []report.Span{{LastFrame: 49, StartS: 100, EndS: 102}}}, ""},
		{"not finite", report.Report{Scale: math.NaN(), ScaleStd: new(math.Inf(1)), Frames: 1}, "scale was NaN"},
		{"samples outside", report.Report{Trajectory: one, Tracks: []report.TrackSample{{Time: 1e9}}, ScaleLog: []report.ScaleSample{{}}}, ""},
		{"loop without poses", report.Report{Loops: []report.Loop{{}}, KeyTimes: []float64{1}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fields, page := write(t, &tt.r)
			if !strings.Contains(page, "</html>") || regexp.MustCompile(`="[^"]*(NaN|Inf)`).MatchString(page) {
				t.Error("the page is cut short or holds NaN")
			}
			for _, key := range []string{"lost_spans", "skipped_frames", "loops", "timings", "files", "warnings", "interpolated_spans"} {
				if fields[key] == nil {
					t.Errorf("%s is null, want a list", key)
				}
			}
			if all, _ := json.Marshal(fields["warnings"]); !strings.Contains(string(all), tt.warning) {
				t.Errorf("warnings %s, want %q", all, tt.warning)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	if err := full().Write(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "report.json") {
		t.Errorf("missing folder: error %v, want one that names report.json", err)
	}
	r := full()
	r.Depths[0].Depth.W = 5
	if err := r.Write(t.TempDir()); err == nil || !strings.Contains(err.Error(), "frame 1") {
		t.Errorf("a depth map of wrong size: error %v", err)
	}
	r = full()
	r.Config = func() {}
	if err := r.Write(t.TempDir()); err == nil {
		t.Error("a configuration that JSON cannot hold: no error")
	}
}

// A truth of a few frames gives no headline: an alignment makes its error small.
func TestSparseTruth(t *testing.T) {
	r := full()
	r.Trajectory, r.Truth = nil, nil
	for i := range 90 {
		p := slam.StampedPose{Time: float64(i) / 10, Pose: geom.SE3{R: geom.Identity3(), T: geom.Vec3{X: float64(i * i)}}}
		if r.Trajectory = append(r.Trajectory, p); i%30 == 0 {
			r.Truth = append(r.Truth, p)
		}
	}
	r.Complete()
	if r.ATESE3M != nil || r.ATESim3M != nil || r.RPE1sM != nil || r.Accuracy == nil || r.Accuracy.Over() != " over 3 of 90 frames" {
		t.Errorf("ATE %v, accuracy %+v", r.ATESE3M, r.Accuracy)
	}
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "only 3 of 90") }) {
		t.Errorf("warnings %q", r.Warnings)
	}
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !bytes.Contains(page, []byte("truth over 3 of 90 frames")) {
		t.Errorf("the page does not tell it: %v", err)
	}
}

// Completing twice changes nothing, and a warning comes once.
func TestCompleteTwice(t *testing.T) {
	r := full()
	r.Truth = slam.Trajectory{{Time: 1e6, Pose: geom.IdentitySE3()}}
	r.Complete()
	n := len(r.Warnings)
	r.Complete()
	if len(r.Warnings) != n || n != 3 {
		t.Errorf("%d warnings, then %d, want 3", n, len(r.Warnings))
	}
}

// A long run gives a page that a browser opens at once.
func TestLongRun(t *testing.T) {
	r := full()
	r.Truth, r.Trajectory = wander(8000, 1000, 1200)
	for _, p := range r.Truth {
		r.Tracks = append(r.Tracks, report.TrackSample{Time: p.Time, Inliers: 100})
	}
	for i := range 1000 {
		r.SkippedFrames = append(r.SkippedFrames, report.Skipped{Frame: i})
	}
	_, page := write(t, r)
	if len(page) > 1<<20 {
		t.Errorf("the page has %d KiB, want at most 1024", len(page)>>10)
	}
	if !strings.Contains(page, "and 901 more") {
		t.Error("the skipped frames left out are not counted")
	}
}

// docs/results.md explains every key of report.json.
func TestKeysDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "docs", "results.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			key, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if key == "-" || key == "" {
				continue
			}
			if !strings.Contains(string(doc), "`"+key+"`") {
				t.Errorf("docs/results.md does not mention `%s` of %v", key, typ)
			}
			walk(typ.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[report.Report]())
}

func TestUsage(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("needs /proc/self/status")
	}
	if m := report.PeakMemory(); m < 1<<20 || m > 1<<40 {
		t.Errorf("peak memory of %d bytes", m)
	}
	if report.CPUTime() <= 0 {
		t.Error("no processor time")
	}
}
