package mapping

import (
	"math"
	"testing"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// seen returns the link of two keyframes of a ring as images would give it, off
// by a pose, with at most so many inliers.
func (w *ring) seen(from, to int, off geom.Tangent6, inliers int) *Link {
	a, b := w.truth[from], w.truth[to]
	l := &Link{From: from, To: to, Z: geom.Sim3FromSE3(a.Between(b).Retract(off), 1), Inliers: inliers}
	l.info = posegraph.Diagonal(.05, .02, linkLogScale)
	for _, p := range w.points {
		if len(l.pairs) == inliers {
			break
		}
		pa, pb := a.ApplyInverse(p), l.Z.SE3().ApplyInverse(a.ApplyInverse(p))
		u, v := testCamera.Project(pa), testCamera.Project(pb)
		if pa.Z > 1 && pb.Z > 1 && testCamera.Contains(u, 5) && testCamera.Contains(v, 5) {
			l.pairs = append(l.pairs, linkPair{u, v, pa.Z})
		}
	}
	if len(l.pairs) < inliers { // the places do not overlap: a false link
		for i := len(l.pairs); i < inliers; i++ {
			u := geom.Vec2{X: 30 + float64(i*37%580), Y: 30 + float64(i*53%420)}
			l.pairs = append(l.pairs, linkPair{u, u, 4})
		}
	}
	return l
}

func (w *ring) takeLinks(t *testing.T, links ...*Link) (moved bool) {
	t.Helper()
	for _, l := range links {
		out, err := w.resolve(t.Context(), w.Map.Keyframes[l.To], []*Link{l})
		if err != nil {
			t.Fatal(err)
		}
		moved = moved || out.moved
	}
	return moved
}

// A link that the map does not fit waits until others say the same, however long
// that takes; one that says something else is no help.
func TestEvidenceAccumulates(t *testing.T) {
	w := newRing(t, ringSpec{driftM: .01, driftRad: .003, metric: true}, ringLap+6)
	before := w.ate(t, false)
	none := geom.Tangent6{}
	for i, l := range []*Link{
		w.seen(0, ringLap, none, 25),
		w.seen(1, ringLap+1, geom.Tangent6{1.5}, 50),
		w.seen(2, ringLap+2, none, 20),
	} {
		if w.takeLinks(t, l) {
			t.Fatalf("the map is moved by link %d", i)
		}
	}
	if len(w.loops.links) != 0 || len(w.loops.pending) != 3 {
		t.Fatalf("%d links, %d pending", len(w.loops.links), len(w.loops.pending))
	}
	if !w.takeLinks(t, w.seen(6, ringLap+6, none, 30)) {
		t.Fatal("three links that agree do not move the map")
	}
	if len(w.loops.links) != 3 || len(w.loops.pending) != 1 {
		t.Errorf("%d links, %d pending", len(w.loops.links), len(w.loops.pending))
	}
	if after := w.ate(t, false); after > .8*before {
		t.Errorf("error %.3f m before, %.3f m after", before, after)
	}
	checkInvariants(t, w.Map)
}

// Links that say what the map has already are accepted and tie their landmarks,
// but do not move it.
func TestAgreeingLink(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, ringLap+1)
	landmarks := w.Map.landmarks.n
	if w.takeLinks(t, w.seen(1, ringLap+1, geom.Tangent6{.02}, 30)) {
		t.Error("the map moved")
	}
	if len(w.loops.links) != 1 || w.Map.landmarks.n != landmarks+30 {
		t.Errorf("%d links, %d landmarks more", len(w.loops.links), w.Map.landmarks.n-landmarks)
	}
	checkInvariants(t, w.Map)
}

// Three of ten links are false, some of them twice over.
func TestFalseLoops(t *testing.T) {
	w := newRing(t, ringSpec{driftM: .01, driftRad: .002, metric: true}, 2*ringLap-1)
	const falseInliers = 90
	before := w.ate(t, false)
	var links []*Link
	for i := range 28 {
		links = append(links, w.seen(i, ringLap+i, geom.Tangent6{}, 40+i))
	}
	for i := range 12 {
		from, to := (7*i+9)%30, ringLap+(5*i+1)%ringLap
		off := geom.Tangent6{1.2 * math.Cos(float64(i/2)), .3, -.9 * math.Sin(float64(i/2)), 0, .4, .1}
		links = append(links, w.seen(from, to, off, falseInliers))
	}
	w.rand.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
	w.takeLinks(t, links...)
	if err := w.judgeAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, l := range w.loops.links {
		if l.Inliers == falseInliers {
			t.Errorf("the false link from %d to %d is believed", l.From, l.To)
		}
	}
	if len(w.loops.links) < 24 {
		t.Errorf("%d of 28 true links are believed", len(w.loops.links))
	}
	if after := w.ate(t, false); after > .5*before {
		t.Errorf("error %.3f m before, %.3f m after", before, after)
	}
	checkInvariants(t, w.Map)
}

// A part that was joined by links that are wrong is moved when better ones
// contradict them, and their landmarks go.
func TestJoinIsRevised(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 20)
	w.NewPart(nil)
	other := geom.Sim3{R: geom.ExpSO3(geom.Vec3{X: .3, Y: 1}), T: geom.Vec3{X: 5, Z: 7}, S: 1}
	for i := range 12 {
		w.truth = append(w.truth, ringPose(ringLap+6+i))
		w.addView(i*len(w.points), other.ApplyPose(ringPose(ringLap+6+i)), 1, true)
	}
	last := len(w.truth) - 1
	off := geom.Tangent6{.6, 0, .3, 0, .3}
	w.takeLinks(t, w.seen(6, 21, off, 35), w.seen(7, 22, off, 35))
	if w.Map.Keyframes[last].Part != 0 {
		t.Fatal("the parts are not joined")
	}
	if e := w.ate(t, false); e < .1 {
		t.Fatalf("the join is not wrong: %.3f m", e)
	}
	var ties []int
	for _, l := range w.loops.links {
		ties = append(ties, l.landmarks...)
	}
	for i := range 4 {
		w.takeLinks(t, w.seen(9+i, 24+i, geom.Tangent6{}, 90))
	}
	if e := w.ate(t, false); e > .02 || w.Map.Keyframes[last].Part != 0 || w.Part() != 0 {
		t.Errorf("positions are off by %.3f m; part %d, current %d", e, w.Map.Keyframes[last].Part, w.Part())
	}
	for _, id := range ties {
		if _, ok := w.Map.landmarks.find(id); ok {
			t.Fatal("landmarks of the wrong links are left")
		}
	}
	checkInvariants(t, w.Map)
}

// A part whose links are believed no more, and that has no others, is a part of
// its own again.
func TestSplit(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 20)
	w.NewPart(nil)
	for i := range 4 {
		w.truth = append(w.truth, ringPose(ringLap+6+i))
		w.addView(i*len(w.points), ringPose(i), 1, true)
	}
	w.takeLinks(t, w.seen(6, 21, geom.Tangent6{}, 120))
	if w.Part() != 0 || len(w.loops.links) != 1 {
		t.Fatalf("part %d, %d links", w.Part(), len(w.loops.links))
	}
	w.loops.links[0].Z.T.X += 3
	if err := w.correct(Correction{}); err != nil {
		t.Fatal(err)
	}
	k := w.Map.Keyframes[len(w.truth)-1]
	if k.Part != 2 || w.Part() != 2 || w.Parts() != 3 || w.Map.Keyframes[20].Part != 0 {
		t.Errorf("the last keyframe is of part %d, current part %d of %d", k.Part, w.Part(), w.Parts())
	}
	if len(w.loops.links) != 0 || len(w.loops.pending) != 1 {
		t.Errorf("%d links, %d pending", len(w.loops.links), len(w.loops.pending))
	}
	checkInvariants(t, w.Map)
}

// Where few landmarks hold a step the map may have slipped. Links mend it there,
// and leave the rest as it is.
func TestSlipIsMended(t *testing.T) {
	const at = 20
	slip := geom.Tangent6{.8, 0, .3, 0, .25}
	w := newRing(t, ringSpec{metric: true, slipAt: at, slipShares: 12, slip: slip}, ringLap+4)
	before := w.Map.Keyframes[at].Pose.Between(w.Map.Keyframes[at+10].Pose)
	w.takeLinks(t, w.seen(1, ringLap+1, geom.Tangent6{}, 60), w.seen(3, ringLap+3, geom.Tangent6{}, 60))
	if len(w.loops.links) != 2 {
		t.Fatalf("%d links", len(w.loops.links))
	}
	if e := w.ate(t, false); e > .03 {
		t.Errorf("positions are off by %.3f m", e)
	}
	after := w.Map.Keyframes[at].Pose.Between(w.Map.Keyframes[at+10].Pose)
	if d := before.Between(after); d.T.Norm() > .05 || geom.RotationAngle(d.R) > .02 {
		t.Errorf("beyond the slip the map is bent by %.3f m, %.3f rad", d.T.Norm(), geom.RotationAngle(d.R))
	}
}

// Spread and information of a link against what they must be.
func TestLinkInformation(t *testing.T) {
	var rays []geom.Vec2
	for i := range 400 { // 2:1, turned by 30 degrees
		u, v := .8*(float64(i%20)/19-.5), .4*(float64(i/20)/19-.5)
		s, c := math.Sincos(math.Pi / 6)
		rays = append(rays, geom.Vec2{X: .1 + c*u - s*v, Y: -.2 + s*u + c*v})
	}
	centre, axes, widths := raySpread(rays)
	if centre.Sub(geom.Vec2{X: .1, Y: -.2}).Norm() > 1e-9 || math.Abs(widths[0]/widths[1]-2) > 1e-9 || math.Abs(math.Abs(axes[0].Y)-.5) > 1e-9 {
		t.Errorf("centre %v, axes %v, widths %v", centre, axes, widths)
	}
	var points []geom.Vec3
	for _, r := range rays {
		points = append(points, geom.Vec3{X: r.X, Y: r.Y, Z: 1}.Scale(2))
	}
	info, spread := linkInfo(geom.IdentitySE3(), rays, points, 2.0/500, 2)
	// About the wide axis a depth error tilts the patch most; the camera then
	// moves sideways as it turns.
	s, c := math.Sincos(math.Pi / 6)
	turn := func(axis geom.Vec3) float64 {
		rho := geom.Vec3{X: .2, Y: -.4, Z: 2}.Cross(axis)
		e := [6]float64{rho.X, rho.Y, rho.Z, axis.X, axis.Y, axis.Z}
		var chi2 float64
		for i := range 6 {
			for j := range 6 {
				chi2 += e[i] * info[min(i, j)][max(i, j)] * e[j]
			}
		}
		return 1 / math.Sqrt(chi2)
	}
	wide, narrow := turn(geom.Vec3{X: c, Y: s}), turn(geom.Vec3{X: -s, Y: c})
	if math.Abs(spread-widths[1]) > 1e-12 || wide < linkDepthShare/widths[1] || wide < 1.5*narrow || wide > .3 {
		t.Errorf("tilts of %.3f and %.3f rad, spread %.3f", wide, narrow, spread)
	}
	// A narrow strip does not fix a pose, however well its features match.
	for i := range rays {
		rays[i] = geom.Vec2{X: .4 * (float64(i%20)/19 - .5), Y: .1 * (float64(i/20)/19 - .5)}
		points[i] = geom.Vec3{X: rays[i].X, Y: rays[i].Y, Z: 1}.Scale(2)
	}
	if _, narrow := linkInfo(geom.IdentitySE3(), rays, points, 2.0/500, 2); linkDepthShare < linkMaxTiltRad*narrow || linkDepthShare > linkMaxTiltRad*spread {
		t.Errorf("a strip of spread %.3f is a link, or one of %.3f is not", narrow, spread)
	}
}

// Landmarks of noisy images make a step less sure than sharp ones do, and where
// they are few a possible slip.
func TestNoisySteps(t *testing.T) {
	w := newRing(t, ringSpec{metric: true}, 1)
	edges := func(noisePx float64) []float64 {
		w.Map.Keyframes[1].NoisePx = noisePx
		g := w.loops.newLoopGraph(0, nil, nil)
		if want := len(g.Edges) - 1; len(g.slips) != want {
			t.Fatalf("%d of %d edges may be slips", len(g.slips), len(g.Edges))
		}
		return []float64{math.Sqrt(1 / g.Edges[0].Info[0][0]), float64(len(g.slips))}
	}
	shared := float64(w.loops.sharedTracks(&loopGraph{node: []int{0, 1}, ids: []int{0, 1}}, 1)[0])
	sharp, noisy := edges(1), edges(4)
	if shared < 4*edgeSure/3 || shared > 4*edgeSlip*3 {
		t.Fatalf("%g landmarks are shared: the test says nothing", shared)
	}
	if want := math.Max(1, 4*edgeSure/shared); math.Abs(noisy[0]/sharp[0]-want) > 1e-9 || want < 1.2 {
		t.Errorf("a step by pixels four times as noisy deviates %.3f times as much, want %.3f", noisy[0]/sharp[0], want)
	}
	if slip := shared/4 < edgeSlip; sharp[1] != 0 || (noisy[1] == 1) != slip {
		t.Errorf("%g slips of sharp images, %g of noisy ones", sharp[1], noisy[1])
	}
}
