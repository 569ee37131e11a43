package problemfile

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/optimize/posegraph"
)

// poseGraph is the problem of a graph whose information needs no mending.
func poseGraph(g *Graph) *posegraph.Graph {
	p, _, err := g.PoseGraph()
	if err != nil {
		panic(err)
	}
	return p
}

// singular is a random information matrix of rank 3 whose units differ by 1e4,
// each entry rounded to the given number of digits.
func singular(r *rand.Rand, digits int) (info posegraph.Information) {
	var b [6][3]float64
	for i := range b {
		for j := range b[i] {
			b[i][j] = r.NormFloat64()
			if i >= 3 {
				b[i][j] *= 100
			}
		}
	}
	for i := range 6 {
		for j := range 6 {
			var sum float64
			for k := range 3 {
				sum += b[i][k] * b[j][k]
			}
			p := math.Pow(10, float64(digits)-math.Ceil(math.Log10(math.Abs(sum))))
			info[i][j] = math.Round(sum*p) / p
		}
	}
	return info
}

func leastEigenvalue(info posegraph.Information) (least, largest float64) {
	m := mat.NewSymDense(6, nil)
	for i := range 6 {
		for j := i; j < 6; j++ {
			m.SetSym(i, j, info[i][j])
		}
	}
	var e mat.EigenSym
	e.Factorize(m, false)
	v := e.Values(nil)
	return v[0], v[5]
}

// Rounding makes information matrices indefinite; projected they are not, and
// differ from the file by the rounding.
func TestProjectRounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	projected := 0
	for range 200 {
		info := singular(r, 5)
		before := info
		least, err := project(&info)
		if err != nil {
			t.Fatal(err)
		}
		if least < 0 {
			projected++
		}
		if lo, hi := leastEigenvalue(info); lo < -1e-10*hi {
			t.Errorf("least eigenvalue %g of %g", lo, hi)
		}
		for i := range 6 {
			for j := range 6 {
				if d := math.Abs(info[i][j]-before[i][j]) / math.Sqrt(before[i][i]*before[j][j]); d > 1e-3 {
					t.Errorf("entry %d, %d moved by %g", i, j, d)
				}
			}
		}
	}
	if projected < 100 {
		t.Errorf("only %d of 200 rounded matrices needed it", projected)
	}
}

// What no rounding explains is refused; what needs nothing is left alone.
func TestProjectRefuses(t *testing.T) {
	good := posegraph.Information{}
	for i := range 6 {
		good[i][i] = float64(i) // the first direction without information
	}
	same := good
	if least, err := project(&same); err != nil || least != 0 || same != good {
		t.Errorf("a good matrix: least %g, %v", least, err)
	}
	for name, change := range map[string]func(*posegraph.Information){
		"least eigenvalue":  func(m *posegraph.Information) { m[1][2], m[2][1] = 2, 2 },
		"diagonal has -3":   func(m *posegraph.Information) { m[3][3] = -3 },
		"beside a diagonal": func(m *posegraph.Information) { m[0][2], m[2][0] = 1, 1 },
	} {
		bad := good
		change(&bad)
		if _, err := project(&bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one of %q", err, name)
		}
	}
}

// A graph of rounded information is solved, and told.
func TestPoseGraphProjects(t *testing.T) {
	g := mustRead(t, smallG2O).(*Graph)
	info := singular(rand.New(rand.NewPCG(3, 4)), 5)
	at := 0
	for i := range 6 {
		for j := i; j < 6; j++ {
			g.Edges[0].Info[at] = info[i][j]
			at++
		}
	}
	p, done, err := g.PoseGraph()
	if err != nil || done.Edges != 1 || done.Worst >= 0 {
		t.Fatalf("projected %+v: %v", done, err)
	}
	if _, err := posegraph.Solve(t.Context(), p, posegraph.Options{}); err != nil {
		t.Error(err)
	}
	g.Edges[0].Info[1] = 10 * info[0][0]
	if _, _, err := g.PoseGraph(); err == nil || !strings.Contains(err.Error(), "from vertex") {
		t.Errorf("a wrong matrix: %v", err)
	}
}
