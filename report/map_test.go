package report_test

import (
	"math"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/slam"
)

// The report holds the map, or says why it does not, and no name becomes markup.
func TestReportHoldsMap(t *testing.T) {
	r := full()
	r.Map = &page.Scene{
		Title: `</script><img src=x onerror=alert(1)>`, ScaleStd: math.Inf(1), Trajectory: r.Trajectory,
		Mesh: &slam.Mesh{Vertices: [][3]float32{{}, {1}, {0, 1}}, Triangles: [][3]uint32{{0, 1, 2}}},
	}
	_, text := write(t, r)
	if why := page.Missing(); why != "" {
		if !strings.Contains(text, "scripts/three.sh") {
			t.Error("the report does not say how to get the map")
		}
		return
	}
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	ids, modules := map[string]bool{}, 0
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				ids[a.Val] = true
			case "data-module":
				modules++
			case "src", "href":
				if strings.Contains(a.Val, "//") && !strings.HasPrefix(a.Val, "data:") || a.Val == "x" {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
	}
	if !ids["map"] || !ids["scene"] || modules < 3 {
		t.Errorf("the report has no map: ids %v, %d modules", ids, modules)
	}
}

// A map that would be drawn wrongly is an error, not a page.
func TestReportChecksMap(t *testing.T) {
	r := full()
	r.Map = &page.Scene{Mesh: &slam.Mesh{Triangles: [][3]uint32{{0, 1, 2}}}}
	if err := r.Write(t.TempDir()); err == nil || !strings.Contains(err.Error(), "the mesh") {
		t.Errorf("a mesh without vertices: %v", err)
	}
}
