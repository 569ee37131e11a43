package posegraph

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/metricslam/metricslam/geom"
)

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 9)) }

func randomSim3(rng *rand.Rand, size, scale float64) geom.Sim3 {
	var xi geom.Tangent7
	for i := range 6 {
		xi[i] = size * rng.NormFloat64()
	}
	xi[6] = scale * rng.NormFloat64()
	return geom.ExpSim3(xi)
}

func randomInfo(rng *rand.Rand) (info Information) {
	var a [7][7]float64
	for i := range a {
		for j := range a[i] {
			a[i][j] = rng.NormFloat64()
		}
	}
	for i := range info {
		for j := range info[i] {
			for k := range a {
				info[i][j] += a[k][i] * a[k][j]
			}
		}
		info[i][i]++
	}
	return info
}

func diagonal(translation, rotation, scale float64) (info Information) {
	for i := range 3 {
		info[i][i], info[i+3][i+3] = translation, rotation
	}
	info[6][6] = scale
	return info
}

// factor is what edges and priors have in common.
type factor interface {
	Linearize(r []float64, J [][]float64) bool
}

func checkJacobian(t *testing.T, name string, f factor, nodes []*node) {
	t.Helper()
	dim := nodes[0].dim
	r, plus, minus := make([]float64, dim), make([]float64, dim), make([]float64, dim)
	J := make([][]float64, len(nodes))
	for k := range J {
		J[k] = make([]float64, dim*dim)
	}
	f.Linearize(r, J)
	const h = 1e-6
	for k, n := range nodes {
		for c := range dim {
			d := make([]float64, dim)
			n.Save()
			d[c] = h
			n.Retract(d)
			f.Linearize(plus, nil)
			n.Restore()
			d[c] = -h
			n.Retract(d)
			f.Linearize(minus, nil)
			n.Restore()
			for i := range dim {
				want := (plus[i] - minus[i]) / (2 * h)
				if got := J[k][i*dim+c]; math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
					t.Errorf("%s: node %d: d r[%d] / d x[%d] = %g, want %g", name, k, i, c, got, want)
				}
			}
		}
	}
}

// The Jacobians must be exact far from the measurement and at it.
func TestJacobians(t *testing.T) {
	rng := testRand(1)
	for _, dim := range []int{6, 7} {
		for _, size := range []float64{0, 1e-5, .05, .3, .8} {
			a := &node{x: randomSim3(rng, .7, .2), dim: dim}
			b := &node{x: randomSim3(rng, .7, .2), dim: dim}
			if dim == 6 {
				a.x.S, b.x.S = 1, 1
			}
			noise := randomSim3(rng, size, size/3)
			if dim == 6 {
				noise.S = 1
			}
			f := &edgeFactor{from: a, to: b, dim: dim, weight: .7, zInv: a.x.Inverse().Mul(b.x).Mul(noise).Inverse()}
			p := &priorFactor{node: a, dim: dim, inv: a.x.Mul(noise).Inverse()}
			info := randomInfo(rng)
			if !f.root.set(&info, dim) || !p.root.set(&info, dim) {
				t.Fatal("information is not positive definite")
			}
			checkJacobian(t, "edge", f, []*node{a, b})
			checkJacobian(t, "prior", p, []*node{a})
		}
	}
}

func TestWhitening(t *testing.T) {
	rng := testRand(2)
	for _, dim := range []int{6, 7} {
		info := randomInfo(rng)
		var u rootInfo
		if !u.set(&info, dim) {
			t.Fatal("not positive definite")
		}
		var e geom.Tangent7
		for i := range dim {
			e[i] = rng.NormFloat64()
		}
		r := make([]float64, dim)
		u.whiten(r, &e, 1)
		var got, want float64
		for i := range dim {
			got += r[i] * r[i]
			for j := range dim {
				want += e[i] * info[i][j] * e[j]
			}
		}
		if math.Abs(got-want) > 1e-10*want {
			t.Errorf("dim %d: |U e|^2 = %g, want e^T info e = %g", dim, got, want)
		}
	}
	negative := diagonal(1, -1, 0)
	if new(rootInfo).set(&negative, 6) {
		t.Error("an indefinite matrix was accepted")
	}
}

// ring is a closed loop of n poses with noisy measurements and chords; the start
// is odometry. It returns the truth too.
func ring(rng *rand.Rand, n int, noise float64, freeScale bool) (*Graph, []geom.Sim3) {
	g := &Graph{FreeScale: freeScale}
	var truth []geom.Sim3
	step := geom.ExpSim3(geom.Tangent7{1, .1, 0, 0, 0, 2 * math.Pi / float64(n)})
	x := geom.IdentitySim3()
	info := diagonal(1/(noise*noise), 1/(noise*noise), 1/(noise*noise))
	for i := range n {
		scale := 0.0
		if freeScale {
			scale = .3 * math.Sin(float64(i))
		}
		p := x
		p.S = math.Exp(scale)
		truth = append(truth, p)
		g.Nodes = append(g.Nodes, Node{})
		x = x.Mul(step)
	}
	measure := func(i, j int, loop bool) {
		var d geom.Tangent7
		for k := range d {
			d[k] = noise * rng.NormFloat64()
		}
		if !freeScale {
			d[6] = 0
		}
		g.Edges = append(g.Edges, Edge{From: i, To: j, Z: truth[i].Inverse().Mul(truth[j]).Mul(geom.ExpSim3(d)), Info: info, Suspicious: loop})
	}
	g.Nodes[0].Pose = truth[0]
	for i := 1; i < n; i++ {
		measure(i-1, i, false)
		g.Nodes[i].Pose = g.Nodes[i-1].Pose.Mul(g.Edges[i-1].Z)
	}
	measure(n-1, 0, true)
	for i := 0; i+7 < n; i += 5 {
		measure(i, i+7, true)
	}
	return g, truth
}

func worstError(g *Graph, truth []geom.Sim3) (worst float64) {
	for i := range truth {
		worst = max(worst, g.Nodes[i].Pose.T.Sub(truth[i].T).Norm())
		if g.FreeScale {
			worst = max(worst, math.Abs(math.Log(g.Nodes[i].Pose.S/truth[i].S)))
		}
	}
	return worst
}

func TestExactMeasurementsGiveTruth(t *testing.T) {
	for _, free := range []bool{false, true} {
		for _, start := range []Start{Given, Chordal, Auto} {
			g, truth := ring(testRand(4), 60, 1e-9, free)
			rng := testRand(5)
			for i := 1; i < len(g.Nodes); i++ { // a start that odometry would not give
				g.Nodes[i].Pose = g.Nodes[i].Pose.Mul(randomSim3(rng, .1, .05))
				if !free {
					g.Nodes[i].Pose.S = 1
				}
			}
			res, err := Solve(context.Background(), g, Options{Start: start})
			if err != nil {
				t.Fatal(err)
			}
			if e := worstError(g, truth); e > 1e-6 {
				t.Errorf("free scale %v, start %d: off by %g, %+v", free, start, e, res)
			}
		}
	}
}

// Half the cost per degree of freedom must come out as the noise that was put in.
func TestNoisyRing(t *testing.T) {
	for _, free := range []bool{false, true} {
		g, _ := ring(testRand(6), 200, .01, free)
		res, err := Solve(context.Background(), g, Options{})
		if err != nil {
			t.Fatal(err)
		}
		dim := 6
		if free {
			dim = 7
		}
		dof := float64(dim * (len(g.Edges) - len(g.Nodes) + 1))
		if ratio := 2 * res.CostEnd / dof; ratio < .75 || ratio > 1.25 {
			t.Errorf("free scale %v: chi2 per degree of freedom %g, want about 1", free, ratio)
		}
		if !slices.Equal(res.Held, []int{0}) {
			t.Errorf("held %v, want node 0 alone", res.Held)
		}
	}
}

func TestPriorTiesGraphToWorld(t *testing.T) {
	g, truth := ring(testRand(7), 40, 1e-5, true)
	shift := geom.Sim3{R: geom.ExpSO3(geom.Vec3{Z: 1}), T: geom.Vec3{X: 5}, S: 2}
	g.Nodes[10].Prior = &Prior{Pose: shift.Mul(truth[10]), Info: diagonal(1, 1, 1)}
	res, err := Solve(context.Background(), g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Held) > 0 {
		t.Errorf("held %v although a prior ties the graph", res.Held)
	}
	for i := range truth {
		truth[i] = shift.Mul(truth[i])
	}
	if e := worstError(g, truth); e > 1e-2 {
		t.Errorf("off by %g after a prior moved the world", e)
	}
}

// Two parts and a lone node: each part holds its first node.
func TestDisconnectedParts(t *testing.T) {
	a, truthA := ring(testRand(8), 20, 1e-9, false)
	b, _ := ring(testRand(9), 15, 1e-9, false)
	n := len(a.Nodes)
	g := &Graph{Nodes: append(append(a.Nodes, b.Nodes...), Node{Pose: geom.IdentitySim3()}), Edges: a.Edges}
	g.Nodes[3].Fixed = true
	g.Nodes[3].Pose = truthA[3]
	for _, e := range b.Edges {
		e.From, e.To = e.From+n, e.To+n
		g.Edges = append(g.Edges, e)
	}
	res, err := Solve(context.Background(), g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{n, n + 15}; !slices.Equal(res.Held, want) {
		t.Errorf("held %v, want %v", res.Held, want)
	}
	if e := worstError(&Graph{Nodes: g.Nodes[:n]}, truthA); e > 1e-6 {
		t.Errorf("the first part is off by %g", e)
	}
}

// A node that only a rotation-free edge reaches has no chordal start; the given
// one must serve.
func TestFallbackWhereChordalIsSingular(t *testing.T) {
	g, _ := ring(testRand(10), 20, .01, false)
	last := len(g.Nodes)
	g.Nodes = append(g.Nodes, Node{Pose: geom.IdentitySim3()})
	g.Edges = append(g.Edges, Edge{From: 5, To: last, Z: geom.Sim3{R: geom.Identity3(), T: geom.Vec3{X: 1}, S: 1}, Info: diagonal(100, 0, 0)})
	res, err := Solve(context.Background(), g, Options{})
	if err != nil || res.Started != Given {
		t.Errorf("%+v, %v, want the given start", res, err)
	}
	if _, err := Solve(context.Background(), g, Options{Start: Chordal}); err == nil {
		t.Error("no error where the chordal start was asked for and is singular")
	}
}

func TestFalseLoopsInRing(t *testing.T) {
	for _, free := range []bool{false, true} {
		rng := testRand(11)
		g, _ := ring(rng, 120, .01, free)
		want, _ := ring(testRand(11), 120, .01, free)
		if _, err := Solve(context.Background(), want, Options{}); err != nil {
			t.Fatal(err)
		}
		var truth []geom.Sim3
		for i := range want.Nodes {
			truth = append(truth, want.Nodes[i].Pose)
		}
		var added []int
		for range 10 {
			i := rng.IntN(60)
			added = append(added, len(g.Edges))
			z := randomSim3(rng, .3, .1)
			if !free {
				z.S = 1
			}
			g.Edges = append(g.Edges, Edge{From: i, To: i + 20 + rng.IntN(40), Z: z, Info: g.Edges[0].Info, Suspicious: true})
		}
		res, err := Solve(context.Background(), g, Options{Robust: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(res.Rejected, added) {
			t.Errorf("free scale %v: rejected %v, want %v", free, res.Rejected, added)
		}
		if e := worstError(g, truth); e > 1e-3 {
			t.Errorf("free scale %v: poses are off by %g", free, e)
		}
	}
}

func TestNothingToMove(t *testing.T) {
	g, truth := ring(testRand(13), 5, .01, false)
	for i := range g.Nodes {
		g.Nodes[i].Fixed = true
		g.Nodes[i].Pose = truth[i]
	}
	for _, robust := range []bool{false, true} {
		if res, err := Solve(context.Background(), g, Options{Robust: robust}); err != nil || res.Iterations > 1 {
			t.Errorf("%+v, %v for a graph of fixed nodes", res, err)
		}
	}
	if e := worstError(g, truth); e > 0 {
		t.Errorf("fixed nodes moved by %g", e)
	}
}

func TestBadGraphs(t *testing.T) {
	pose := geom.IdentitySim3()
	nan := pose
	nan.T.X = math.NaN()
	good := Edge{From: 0, To: 1, Z: pose, Info: diagonal(1, 1, 1)}
	for name, g := range map[string]*Graph{
		"missing node":    {Nodes: []Node{{Pose: pose}}, Edges: []Edge{good}},
		"negative node":   {Nodes: []Node{{Pose: pose}}, Edges: []Edge{{From: -1}}},
		"self loop":       {Nodes: []Node{{Pose: pose}, {Pose: pose}}, Edges: []Edge{{From: 1, To: 1, Z: pose}}},
		"NaN pose":        {Nodes: []Node{{Pose: nan}, {Pose: pose}}, Edges: []Edge{good}},
		"zero scale":      {Nodes: []Node{{}, {Pose: pose}}, Edges: []Edge{good}},
		"NaN measurement": {Nodes: []Node{{Pose: pose}, {Pose: pose}}, Edges: []Edge{{From: 0, To: 1, Z: nan}}},
		"indefinite":      {Nodes: []Node{{Pose: pose}, {Pose: pose}}, Edges: []Edge{{From: 0, To: 1, Z: pose, Info: diagonal(1, -1, 1)}}},
	} {
		if _, err := Solve(context.Background(), g, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Solve(context.Background(), &Graph{}, Options{}); err == nil {
		t.Error("an empty graph was solved")
	}
}

func TestThreadsDoNotChangeResult(t *testing.T) {
	var want []geom.Sim3
	for threads := 1; threads <= 2; threads++ {
		g, _ := ring(testRand(12), 600, .01, false)
		opt := Options{}
		opt.Threads = threads
		if _, err := Solve(context.Background(), g, opt); err != nil {
			t.Fatal(err)
		}
		var got []geom.Sim3
		for i := range g.Nodes {
			got = append(got, g.Nodes[i].Pose)
		}
		if want != nil && !slices.Equal(got, want) {
			t.Errorf("%d threads change the result", threads)
		}
		want = got
	}
}
