package eval_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/metricslam/metricslam/eval"
	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/internal/realdata"
)

// straight returns n true poses one metre apart, and the estimate of someone
// whose metre is step long and who turns by turnRad a metre.
func straight(n int, step, turnRad float64) (truth, estimate []geom.SE3) {
	e := geom.IdentitySE3()
	for i := range n {
		truth = append(truth, geom.SE3{R: geom.Identity3(), T: geom.Vec3{Z: float64(i)}})
		estimate = append(estimate, e)
		e = e.Mul(geom.SE3{R: geom.ExpSO3(geom.Vec3{Z: turnRad}), T: geom.Vec3{Z: step}})
	}
	return truth, estimate
}

func TestKITTIKnown(t *testing.T) {
	// The segment of 100 m ends at the first frame further than 100 m, 101 m:
	// 3 % of 101 m over 100 m. Starts 0, 10, ..., 140 of 250 frames fit.
	truth, estimate := straight(250, 1.03, .0001)
	pairs, err := eval.AssociateRows(truth, estimate)
	if err != nil {
		t.Fatal(err)
	}
	all, by, err := eval.KITTI(pairs, []float64{100, 200, 300})
	if err != nil {
		t.Fatal(err)
	}
	if by[0].Segments != 15 || by[1].Segments != 5 || by[2].Segments != 0 || all.Segments != 20 {
		t.Errorf("segments %d %d %d, all %d, want 15 5 0 and 20", by[0].Segments, by[1].Segments, by[2].Segments, all.Segments)
	}
	wantR := .0001 * 180 / math.Pi * 100
	for _, tt := range []struct{ got, want float64 }{
		{by[0].TRel, 3 * 1.01}, {by[1].TRel, 3 * 1.005}, {all.TRel, (15*3*1.01 + 5*3*1.005) / 20},
		{by[0].RRel, wantR * 1.01}, {by[1].RRel, wantR * 1.005}, {by[2].TRel, 0},
	} {
		if math.Abs(tt.got-tt.want) > 1e-6 {
			t.Errorf("got %.9f, want %.9f", tt.got, tt.want)
		}
	}
}

func TestKITTIRefuses(t *testing.T) {
	truth, estimate := straight(50, 1, 0)
	pairs, err := eval.AssociateRows(truth, estimate)
	if err != nil {
		t.Fatal(err)
	}
	for _, lengths := range [][]float64{{100}, {0}, {-5}, {math.NaN()}, {math.Inf(1)}, nil} {
		if _, _, err := eval.KITTI(pairs, lengths); err == nil {
			t.Errorf("lengths %v: no error", lengths)
		}
	}
	if _, _, err := eval.KITTI(nil, []float64{10}); err == nil {
		t.Error("no pairs: no error")
	}
	if _, _, err := eval.KITTI(pairs, []float64{100}); !strings.Contains(err.Error(), "49.0 m") {
		t.Errorf("error %q does not give the path's length", err)
	}
}

// mat4 and naiveKITTI follow the devkit's description with plain 4x4 matrices
// and share nothing with the package.
type mat4 [4][4]float64

func toMat4(p geom.SE3) (m mat4) {
	for i := range 3 {
		for j := range 3 {
			m[i][j] = p.R[i][j]
		}
	}
	m[0][3], m[1][3], m[2][3], m[3][3] = p.T.X, p.T.Y, p.T.Z, 1
	return m
}

func (a mat4) mul(b mat4) (c mat4) {
	for i := range 4 {
		for j := range 4 {
			for k := range 4 {
				c[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return c
}

// inverse is Gauss-Jordan elimination.
func (a mat4) inverse() (b mat4) {
	for i := range 4 {
		b[i][i] = 1
	}
	for c := range 4 {
		p := c
		for r := c; r < 4; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		a[c], a[p], b[c], b[p] = a[p], a[c], b[p], b[c]
		f := a[c][c]
		for j := range 4 {
			a[c][j] /= f
			b[c][j] /= f
		}
		for r := range 4 {
			if f := a[r][c]; r != c {
				for j := range 4 {
					a[r][j] -= f * a[c][j]
					b[r][j] -= f * b[c][j]
				}
			}
		}
	}
	return b
}

func naiveKITTI(truth, estimate []geom.SE3, lengths []float64) (tRel, rRel float64, n int) {
	dist := []float64{0}
	for i := 1; i < len(truth); i++ {
		a, b := truth[i-1].T, truth[i].T
		dist = append(dist, dist[i-1]+math.Sqrt((a.X-b.X)*(a.X-b.X)+(a.Y-b.Y)*(a.Y-b.Y)+(a.Z-b.Z)*(a.Z-b.Z)))
	}
	for first := 0; first < len(truth); first += 10 {
		for _, l := range lengths {
			last := -1
			for i := first; i < len(truth); i++ {
				if dist[i] > dist[first]+l {
					last = i
					break
				}
			}
			if last < 0 {
				continue
			}
			dGT := toMat4(truth[first]).inverse().mul(toMat4(truth[last]))
			dRes := toMat4(estimate[first]).inverse().mul(toMat4(estimate[last]))
			e := dRes.inverse().mul(dGT)
			d := .5 * (e[0][0] + e[1][1] + e[2][2] - 1)
			rRel += math.Acos(math.Max(math.Min(d, 1), -1)) / l
			tRel += math.Sqrt(e[0][3]*e[0][3]+e[1][3]*e[1][3]+e[2][3]*e[2][3]) / l
			n++
		}
	}
	return tRel / float64(n) * 100, rRel / float64(n) * 180 / math.Pi * 100, n
}

func TestKITTIAgainstNaive(t *testing.T) {
	for _, seq := range []string{"03", "04", "07"} {
		truth, err := export.ReadKITTI(realdata.Path(t, "kitti_poses", seq+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(9, 10))
		estimate := drifted(rng, truth)
		pairs, err := eval.AssociateRows(truth, estimate)
		if err != nil {
			t.Fatal(err)
		}
		for _, lengths := range [][]float64{eval.KITTILengths(), {20, 40, 60, 80}} {
			got, _, err := eval.KITTI(pairs, lengths)
			if err != nil {
				t.Fatal(err)
			}
			tRel, rRel, n := naiveKITTI(truth, estimate, lengths)
			if got.Segments != n || math.Abs(got.TRel-tRel) > 1e-6 || math.Abs(got.RRel-rRel) > 1e-6 {
				t.Errorf("%s %v: got %+v, want t_rel %.9f r_rel %.9f of %d", seq, lengths, got, tRel, rRel, n)
			}
		}
	}
}

// drifted integrates the motions of truth with seeded noise and 2 % of scale.
func drifted(rng *rand.Rand, truth []geom.SE3) []geom.SE3 {
	out := []geom.SE3{truth[0]}
	for i := 1; i < len(truth); i++ {
		d := truth[i-1].Between(truth[i])
		d.T = d.T.Scale(1.02)
		xi := geom.Tangent6{}
		for k := range 3 {
			xi[k], xi[k+3] = .01*rng.NormFloat64(), .0005*rng.NormFloat64()
		}
		out = append(out, out[i-1].Mul(d).Retract(xi))
	}
	return out
}
