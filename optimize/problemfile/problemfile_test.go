package problemfile

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/fuzzbound"
)

// smallBAL has 2 cameras, 2 points and 3 observations.
func smallBAL() string {
	var b strings.Builder
	b.WriteString("2 2 3\n0 0   1.5 -2.5e+01\n1 0 3 4\n\n1 1 5 6\n")
	for i := range 2*9 + 2*3 {
		fmt.Fprintf(&b, "%.1f\n", .1*float64(i+1))
	}
	return b.String()
}

const smallG2O = `VERTEX_SE3:QUAT 5 0 0 0 0 0 0 1
EDGE_SE3:QUAT 5 9 1 2 3 0 0 .7 .72 1 0 0 0 0 .5 2 0 0 0 0 3 0 0 0 4 0 0 5 0 6
VERTEX_SE3:QUAT 9 1 2 3 0 0 0.7071 0.7072
FIX 5
`

func mustRead(t *testing.T, text string) Problem {
	t.Helper()
	p, err := Read("file", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadBAL(t *testing.T) {
	b := mustRead(t, smallBAL()).(*BAL)
	if len(b.Cameras) != 2 || len(b.Points) != 2 || len(b.Observations) != 3 {
		t.Fatalf("%d cameras, %d points, %d observations", len(b.Cameras), len(b.Points), len(b.Observations))
	}
	if got, want := b.Observations[0], (BALObservation{0, 0, 1.5, -25}); got != want {
		t.Errorf("observation %+v, want %+v", got, want)
	}
	if b.Cameras[1][8] != 1.8 || b.Points[1][2] != 2.4 {
		t.Errorf("camera value %g and point value %g, want 1.8 and 2.4", b.Cameras[1][8], b.Points[1][2])
	}
}

func TestReadG2O(t *testing.T) {
	g := mustRead(t, smallG2O).(*Graph)
	if len(g.Vertices) != 2 || g.Vertices[1].ID != 9 || !g.Vertices[0].Fixed || g.Vertices[1].Fixed {
		t.Fatalf("vertices %+v", g.Vertices)
	}
	e := g.Edges[0]
	if e.From != 0 || e.To != 1 || e.Z.T != (geom.Vec3{X: 1, Y: 2, Z: 3}) || e.Info[5] != .5 || e.Info[20] != 6 {
		t.Errorf("edge %+v", e)
	}
	if d := e.Z.R.Det(); math.Abs(d-1) > 1e-12 {
		t.Errorf("the rotation of a quaternion that is nearly unit has determinant %g", d)
	}
	p := poseGraph(g)
	if !p.Nodes[0].Fixed || p.Edges[0].Info[5][0] != .5 || p.Edges[0].Info[4][4] != 5 {
		t.Errorf("pose graph %+v", p)
	}
}

// What is written must read back to the same numbers.
func TestWriteReadsBack(t *testing.T) {
	for _, text := range []string{smallBAL(), smallG2O} {
		first := mustRead(t, text)
		var one, two bytes.Buffer
		if err := first.Write(&one); err != nil {
			t.Fatal(err)
		}
		if err := mustRead(t, one.String()).Write(&two); err != nil {
			t.Fatal(err)
		}
		if b, ok := first.(*BAL); ok && one.String() != two.String() {
			t.Errorf("%d cameras: the second copy differs from the first", len(b.Cameras))
		}
		if len(strings.Fields(one.String())) != len(strings.Fields(text)) {
			t.Errorf("%d fields written, %d read", len(strings.Fields(one.String())), len(strings.Fields(text)))
		}
	}
}

func TestBadFiles(t *testing.T) {
	bal := strings.Split(smallBAL(), "\n")
	line := func(n int, text string) string { // line n (from 1) replaced
		l := append([]string(nil), bal...)
		l[n-1] = text
		return strings.Join(l, "\n")
	}
	vertex := "VERTEX_SE3:QUAT 0 0 0 0 0 0 0 1\n"
	zeros := strings.Repeat(" 0", 21)
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "empty"},
		"blank":              {" \n\n", "empty"},
		"another format":     {"hello world\n", "file:1: \"hello\""},
		"2-D graph":          {"VERTEX_SE2 0 0 0 0\n", "file:1: \"VERTEX_SE2\""},
		"binary":             {"\x00\x01\x02", "file:1:"},
		"long line":          {strings.Repeat("x", 1<<17), "file:1:"},
		"packed and cut":     {"BZh9abc", "file:1: unpack bzip2"},
		"no cameras":         {line(1, "0 2 3"), "file:1: the number of cameras"},
		"negative count":     {line(1, "2 -2 3"), "file:1: the number of points"},
		"huge count":         {line(1, "2 2 999999999999999999999"), "file:1: the number of observations"},
		"count missing":      {line(1, "2 2"), "file:1: the line ends before the number of observations"},
		"fourth count":       {line(1, "2 2 3 4"), "file:1: unexpected \"4\""},
		"too many points":    {line(1, "2 3 3"), "the file ends before value 1 of point 3 of 3"},
		"too few points":     {line(1, "2 1 2"), "file:5: unexpected \"1 5 6\""},
		"more lines":         {smallBAL() + "1\n", "more lines than the counts"},
		"camera number":      {line(2, "2 0 1 1"), "file:2: the camera is \"2\", want a whole number from 0 to 1"},
		"point number":       {line(2, "0 -1 1 1"), "file:2: the point"},
		"NaN":                {line(2, "0 0 NaN 1"), "file:2: x is \"NaN\""},
		"infinite":           {line(6, "Inf"), "file:6: the value of a camera"},
		"not a number":       {line(6, "1,5"), "file:6: the value of a camera is \"1,5\""},
		"truncated":          {strings.Join(bal[:9], "\n"), "file:9: the file ends before value 5 of camera 1 of 2; is it complete?"},
		"no observation":     {"1 1 1\n", "file:1: the file ends before observation 1 of 1"},
		"unknown tag":        {vertex + "EDGE_SE2 0 1\n", "file:2: unknown tag \"EDGE_SE2\""},
		"duplicate vertex":   {vertex + vertex, "file:2: vertex 0 is already defined"},
		"missing vertex":     {vertex + "EDGE_SE3:QUAT 0 7 0 0 0 0 0 0 1" + zeros, "file:2: no vertex 7"},
		"self edge":          {vertex + "EDGE_SE3:QUAT 0 0 0 0 0 0 0 0 1" + zeros, "file:2: the edge joins vertex 0 to itself"},
		"no edges":           {vertex, "no edges"},
		"short quaternion":   {"VERTEX_SE3:QUAT 0 0 0 0 0 0 0 0\n", "file:1: the quaternion has length 0"},
		"long quaternion":    {"VERTEX_SE3:QUAT 0 0 0 0 9 0 0 9\n", "file:1: the quaternion"},
		"NaN vertex":         {"VERTEX_SE3:QUAT 0 nan 0 0 0 0 0 1\n", "file:1: x is \"nan\""},
		"vertex cut":         {"VERTEX_SE3:QUAT 0 1 2\n", "file:1: the line ends before z"},
		"information cut":    {vertex + "EDGE_SE3:QUAT 0 1 0 0 0 0 0 0 1 1 2 3\n", "file:2: the line ends before an entry of the information"},
		"vertex number":      {"VERTEX_SE3:QUAT 1.5 0 0 0 0 0 0 1\n", "file:1: the vertex number"},
		"fix of no vertex":   {vertex + "FIX 3\nVERTEX_SE3:QUAT 1 0 0 0 0 0 0 1\nEDGE_SE3:QUAT 0 1 0 0 0 0 0 0 1" + zeros, "file:2: no vertex 3"},
		"edge with too much": {vertex + "EDGE_SE3:QUAT 0 1 0 0 0 0 0 0 1" + zeros + " 5", "file:2: unexpected \"5\""},
	} {
		_, err := Read("file", strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(filepath.Join(dir, "none")); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("error %v for a missing file", err)
	}
	if _, err := ReadFile(dir); err == nil {
		t.Error("a folder was read")
	}
	p := mustRead(t, smallBAL())
	if err := WriteFile(filepath.Join(dir, "out.txt.bz2"), p); err == nil || !strings.Contains(err.Error(), "without .bz2") {
		t.Errorf("error %v for a packed name", err)
	}
	path := filepath.Join(dir, "out.txt")
	if err := WriteFile(path, p); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err != nil {
		t.Error(err)
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

// The derivatives of the BAL camera, also behind it and with distortion.
func TestBALJacobian(t *testing.T) {
	for _, z := range []float64{-4, 3} {
		cam := &balCamera{balState: balState{r: geom.ExpSO3(geom.Vec3{X: .1, Y: -.2, Z: .3}), t: geom.Vec3{X: .1, Y: .2, Z: -.1}, f: 500, k1: -.05, k2: .01}}
		pt := &balPoint{x: geom.Vec3{X: .5, Y: -.8, Z: z}}
		f := &balFactor{cam: cam, point: pt, z: geom.Vec2{X: 3, Y: 4}}
		r, plus, minus := make([]float64, 2), make([]float64, 2), make([]float64, 2)
		J := [][]float64{make([]float64, 18), make([]float64, 6)}
		if !f.Linearize(r, J) {
			t.Fatal("not defined")
		}
		type variable interface {
			Dim() int
			Retract([]float64)
			Save()
			Restore()
		}
		for k, v := range []variable{cam, pt} {
			for c := range v.Dim() {
				const h = 1e-6
				d := make([]float64, v.Dim())
				v.Save()
				d[c] = h
				v.Retract(d)
				f.Linearize(plus, nil)
				v.Restore()
				d[c] = -h
				v.Retract(d)
				f.Linearize(minus, nil)
				v.Restore()
				for i := range 2 {
					want := (plus[i] - minus[i]) / (2 * h)
					if got := J[k][i*v.Dim()+c]; math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
						t.Errorf("z %g, variable %d: d r[%d]/d x[%d] = %g, want %g", z, k, i, c, got, want)
					}
				}
			}
		}
	}
}

// Whatever is read must be consistent: it can be written, and its problem built.
func FuzzRead(f *testing.F) {
	f.Add([]byte(smallBAL()))
	f.Add([]byte(smallG2O))
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzbound.Check(t)()
		p, err := Read("file", bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		switch p := p.(type) {
		case *BAL:
			q, _ := p.Problem()
			q.Cost()
		case *Graph:
			p.PoseGraph()
		}
	})
}
