package photo

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/metricslam/metricslam/geom"
)

// Pair is two points of the image, in pixels.
type Pair struct{ From, To geom.Vec2 }

// Reference is a pair whose true distance is known, in metres.
type Reference struct {
	Pair
	LengthM float64
}

// Measurement is the distance between the points of a pair in space.
type Measurement struct {
	From      [2]float64 `json:"from"`
	To        [2]float64 `json:"to"`
	DistanceM float64    `json:"distance_m"`
	SigmaM    float64    `json:"sigma_m"` // standard deviation
	// Parts is what the deviation would be made of without references.
	Parts Parts `json:"log_std_parts"`
}

// Parts are deviations of the logarithm of a length by where they come from.
type Parts struct {
	Scale    float64 `json:"scale"`    // of the depth source, shared by the whole image
	Focal    float64 `json:"focal"`    // the focal length
	Depth    float64 `json:"depth"`    // the depth at either end
	Pointing float64 `json:"pointing"` // at pixels
}

// Result is a set of measurements and the factor by which the references have
// rescaled them.
type Result struct {
	Measurements []Measurement `json:"measurements"`
	Scale        float64       `json:"scale"` // 1 without references
}

// The errors of a network's log depth at the two ends of one thing belong
// together by exp(-(distance / .8)^1.5 - (difference of log depth / .45)^2), the
// distance as a fraction of the image's longer side. Fitted to a small network
// on 80 images of unseen rooms (NYU, 7-Scenes), to pairs of pixels whose true
// depth differs by no more than a slanted surface's would. The share of their
// variance by which the errors differ, the shared scale included: .02 at a
// distance of .08, .07-.09 at .18, .19-.26 at .35, .40-.53 at .5 where the
// predicted depth is the same within 5 %; .05-.06 at .08 where it differs by
// 10 %, .29 where by 25 %. Network that ships: less than half of that.
const (
	reachImage    = .8
	reachLogDepth = .45
)

// clickStd is how well a person points at a pixel: 1 px of an image of 1000.
const clickStd = .001

// Measure returns the distances of pairs with their standard deviation. Errors
// are those of the log depth at each point (which belong together on one surface), of
// the scale and the focal length that all share, and of pointing.
//
// References rescale everything by one factor, the mean of true over measured
// length weighed by how well each is measured. The deviations are then those of
// the rescaled lengths given the references: with V the covariance of all log
// lengths, the best estimate of a length would move by V_mk V_kk^-1 y, y the
// logarithms of true over measured, and keep the variance V_mm - V_mk V_kk^-1
// V_km; that the common factor moves it further adds the square of the
// difference. References that disagree by more than V allows widen all of it.
func (p *Photo) Measure(pairs []Pair, known []Reference) (Result, error) {
	all := append([]Pair(nil), pairs...)
	for _, k := range known {
		if !(k.LengthM > 0) || math.IsInf(k.LengthM, 0) {
			return Result{}, fmt.Errorf("known length %v m: it must be positive", k.LengthM)
		}
		all = append(all, k.Pair)
	}
	seen := make([]segment, len(all))
	for i, pair := range all {
		s, err := p.segment(pair)
		if err != nil {
			return Result{}, err
		}
		seen[i] = s
	}
	v := p.covariance(seen)
	n := len(pairs)
	scale, move, vars, err := Condition(v, n, logRatios(seen[n:], known))
	if err != nil {
		return Result{}, err
	}
	r := Result{Scale: scale, Measurements: make([]Measurement, n)}
	for i, s := range seen[:n] {
		gap := math.Log(scale) - move[i]
		d := scale * s.length
		r.Measurements[i] = Measurement{
			From: [2]float64{s.Pair.From.X, s.Pair.From.Y}, To: [2]float64{s.Pair.To.X, s.Pair.To.Y},
			DistanceM: d, SigmaM: d * math.Sqrt(vars[i]+gap*gap), Parts: p.parts(s, v.At(i, i)),
		}
	}
	return r, nil
}

// parts splits the variance of the logarithm of a length.
func (p *Photo) parts(s segment, variance float64) Parts {
	q := Parts{
		Scale: p.Depth.SharedSigma(), Focal: p.Camera.LogFocalStd * math.Abs(s.focal), Pointing: s.click,
	}
	q.Depth = math.Sqrt(math.Max(0, variance-q.Scale*q.Scale-q.Focal*q.Focal-q.Pointing*q.Pointing))
	return q
}

func logRatios(seen []segment, known []Reference) []float64 {
	y := make([]float64, len(known))
	for i, k := range known {
		y[i] = math.Log(k.LengthM / seen[i].length)
	}
	return y
}

// Condition returns the common factor of the references, and for each of the
// first n lengths how far its best estimate moves in log and the variance left.
func Condition(v *mat.SymDense, n int, y []float64) (scale float64, move, vars []float64, err error) {
	move, vars = make([]float64, n), make([]float64, n)
	for i := range n {
		vars[i] = v.At(i, i)
	}
	k := len(y)
	if k == 0 {
		return 1, move, vars, nil
	}
	kk := mat.NewSymDense(k, nil)
	var sum, weight float64
	for i := range k {
		for j := i; j < k; j++ {
			kk.SetSym(i, j, v.At(n+i, n+j))
		}
		w := 1 / v.At(n+i, n+i)
		sum, weight = sum+w*y[i], weight+w
	}
	var chol mat.Cholesky
	if !chol.Factorize(kk) {
		return 0, nil, nil, errors.New("the known lengths contradict each other: is one given twice?")
	}
	wider, err := disagreement(&chol, y)
	if err != nil {
		return 0, nil, nil, err
	}
	cross, gain := mat.NewVecDense(k, nil), mat.NewVecDense(k, nil)
	for i := range n {
		for j := range k {
			cross.SetVec(j, v.At(i, n+j))
		}
		if err := chol.SolveVecTo(gain, cross); err != nil {
			return 0, nil, nil, fmt.Errorf("known lengths: %w", err)
		}
		move[i] = mat.Dot(gain, mat.NewVecDense(k, y))
		vars[i] = wider * math.Max(0, vars[i]-mat.Dot(gain, cross))
	}
	return math.Exp(sum / weight), move, vars, nil
}

// disagreement is the Birge ratio of log ratios y of the given covariance: how
// much more they vary around one common factor than they should, at least 1.
func disagreement(cov *mat.Cholesky, y []float64) (float64, error) {
	if len(y) < 2 {
		return 1, nil
	}
	v, ones := mat.NewVecDense(len(y), y), mat.NewVecDense(len(y), nil)
	for i := range y {
		ones.SetVec(i, 1)
	}
	var wv, w1 mat.VecDense
	if err := errors.Join(cov.SolveVecTo(&wv, v), cov.SolveVecTo(&w1, ones)); err != nil {
		return 0, fmt.Errorf("known lengths: %w", err)
	}
	mean := mat.Dot(ones, &wv) / mat.Dot(ones, &w1)
	chi2 := mat.Dot(v, &wv) - mean*mat.Dot(ones, &wv)
	return math.Max(1, chi2/float64(len(y)-1)), nil
}

// segment is a measured pair: its length, and how the logarithm of the length
// changes with the log depth of either end, with the log focal length, and with
// pointing.
type segment struct {
	Pair   Pair
	length float64
	logZ   [2]float64 // log depth of either end
	std    [2]float64 // its deviation, without the shared scale
	depth  [2]float64 // derivatives
	focal  float64
	click  float64 // deviation of log length by pointing
}

// segment measures a pair.
func (p *Photo) segment(pair Pair) (segment, error) {
	s := segment{Pair: pair}
	var z [2]float64
	for i, u := range [2]geom.Vec2{pair.From, pair.To} {
		var err error
		if z[i], s.std[i], err = p.DepthAt(u); err != nil {
			return s, err
		}
		s.logZ[i] = math.Log(z[i])
	}
	// The length as a function of the camera, the pixels and the depths.
	length := func(c geom.Camera, a, b geom.Vec2, za, zb float64) float64 {
		return c.Unproject(a, za).Sub(c.Unproject(b, zb)).Norm()
	}
	cam := p.Camera.Camera
	s.length = length(cam, pair.From, pair.To, z[0], z[1])
	if !(s.length > 0) {
		return s, fmt.Errorf("the points %g,%g and %g,%g are the same", pair.From.X, pair.From.Y, pair.To.X, pair.To.Y)
	}
	const h = 1e-4
	rate := func(moved float64) float64 { return math.Log(moved/s.length) / h }
	s.depth[0] = rate(length(cam, pair.From, pair.To, z[0]*(1+h), z[1]))
	s.depth[1] = rate(length(cam, pair.From, pair.To, z[0], z[1]*(1+h)))
	longer, grow := cam, 1. // directions go with the inverse of the focal length
	longer.Fx, longer.Fy = cam.Fx*(1+h), cam.Fy*(1+h)
	if p.FollowsFocal {
		grow = 1 + h
	}
	s.focal = rate(length(longer, pair.From, pair.To, z[0]*grow, z[1]*grow))
	px := clickStd * float64(max(cam.W, cam.H))
	for _, d := range [2]geom.Vec2{{X: h}, {Y: h}} {
		a := rate(length(cam, pair.From.Add(d), pair.To, z[0], z[1]))
		b := rate(length(cam, pair.From, pair.To.Add(d), z[0], z[1]))
		s.click = math.Hypot(s.click, px*math.Hypot(a, b))
	}
	return s, nil
}

// searchRadius is how far from a point without depth, as a fraction of the
// longer side, the nearest one with depth is taken.
const searchRadius = .01

// DepthAt returns the depth at a pixel and the deviation of its logarithm.
func (p *Photo) DepthAt(u geom.Vec2) (z, std float64, err error) {
	d := p.Full
	x, y := int(math.Round(u.X)), int(math.Round(u.Y))
	if x < 0 || y < 0 || x >= d.W || y >= d.H {
		return 0, 0, fmt.Errorf("point %g,%g lies outside the image of %dx%d pixels", u.X, u.Y, d.W, d.H)
	}
	r := int(math.Ceil(searchRadius * float64(max(d.W, d.H))))
	best := math.Inf(1)
	for v := max(0, y-r); v <= min(d.H-1, y+r); v++ {
		for w := max(0, x-r); w <= min(d.W-1, x+r); w++ {
			dist := math.Hypot(float64(w-x), float64(v-y))
			if i := v*d.W + w; d.Depth[i] > 0 && dist < best && dist <= float64(r) {
				best, z, std = dist, float64(d.Depth[i]), pixelStd(d, i)
			}
		}
	}
	if math.IsInf(best, 1) {
		return 0, 0, fmt.Errorf("no depth is known at point %g,%g or near it; choose another one", u.X, u.Y)
	}
	return z, std, nil
}

// covariance of the logarithms of the lengths.
func (p *Photo) covariance(seen []segment) *mat.SymDense {
	v := mat.NewSymDense(len(seen), nil)
	shared := p.Depth.SharedSigma() * p.Depth.SharedSigma()
	focal := p.Camera.LogFocalStd * p.Camera.LogFocalStd
	reach := reachImage * float64(max(p.Camera.W, p.Camera.H))
	for i := range seen {
		for j := i; j < len(seen); j++ {
			a, b := &seen[i], &seen[j]
			sum := shared + focal*a.focal*b.focal // a length is proportional to the scale
			for k, pa := range [2]geom.Vec2{a.Pair.From, a.Pair.To} {
				for l, pb := range [2]geom.Vec2{b.Pair.From, b.Pair.To} {
					far, deep := pa.Sub(pb).Norm()/reach, (a.logZ[k]-b.logZ[l])/reachLogDepth
					rho := math.Exp(-far*math.Sqrt(far) - deep*deep)
					sum += a.depth[k] * b.depth[l] * a.std[k] * b.std[l] * rho
				}
			}
			if i == j {
				sum += a.click*a.click + 1e-8
			}
			v.SetSym(i, j, sum)
		}
	}
	return v
}
