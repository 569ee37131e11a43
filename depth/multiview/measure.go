package multiview

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth/photo"
	"github.com/metricslam/metricslam/geom"
)

// Measurement is a distance between two points of the first photograph.
type Measurement struct {
	photo.Measurement
	// Views is in how many photographs either end was found: where it is one, its
	// depth is the network's.
	Views [2]int `json:"views"`
}

// Result is a set of measurements, the factor by which references have rescaled
// them, and what was placed.
type Result struct {
	Measurements []Measurement `json:"measurements"`
	Scale        float64       `json:"scale"`
	Landmarks    int           `json:"landmarks"`
}

// Measure returns the distances of pairs of pixels of the first photograph.
// Their covariance is that of the whole adjustment, with the error of the scale
// that the place and the focal length give to all of them; references rescale
// them as photo.Measure does.
func (p *Place) Measure(ctx context.Context, pairs []photo.Pair, known []photo.Reference) (Result, error) {
	all := append([]photo.Pair(nil), pairs...)
	for _, k := range known {
		if !(k.LengthM > 0) || math.IsInf(k.LengthM, 0) {
			return Result{}, fmt.Errorf("known length %v m: it must be positive", k.LengthM)
		}
		all = append(all, k.Pair)
	}
	ends := make([][2]*landmark, len(all))
	var extra []*landmark
	for i, pair := range all {
		for e, u := range [2]geom.Vec2{pair.From, pair.To} {
			l, err := p.find(p.views[0].working(u))
			if err != nil {
				return Result{}, err
			}
			ends[i][e] = l
			extra = append(extra, l)
		}
	}
	q := p.problem(extra)
	if err := q.solve(ctx); err != nil {
		return Result{}, err
	}
	lengths := make([]float64, len(all))
	gradients := make([]map[*landmark]geom.Vec3, len(all))
	for i, e := range ends {
		d := e[0].point.Sub(e[1].point)
		lengths[i] = d.Norm()
		if !(lengths[i] > 0) {
			return Result{}, fmt.Errorf("the points %g,%g and %g,%g are the same", all[i].From.X, all[i].From.Y, all[i].To.X, all[i].To.Y)
		}
		g := d.Scale(1 / (lengths[i] * lengths[i])) // of the logarithm
		gradients[i] = map[*landmark]geom.Vec3{e[0]: g, e[1]: g.Scale(-1)}
	}
	v, err := q.covariance(gradients)
	if err != nil {
		return Result{}, err
	}
	place, focal := p.shared()
	own := make([]float64, len(pairs))
	for i := range all {
		if i < len(own) {
			own[i] = v.At(i, i)
		}
		for k := i; k < len(all); k++ {
			v.SetSym(i, k, v.At(i, k)+place*place+focal*focal)
		}
	}
	n := len(pairs)
	logs := make([]float64, len(known))
	for i, k := range known {
		logs[i] = math.Log(k.LengthM / lengths[n+i])
	}
	scale, move, vars, err := photo.Condition(v, n, logs)
	if err != nil {
		return Result{}, err
	}
	r := Result{Scale: scale, Measurements: make([]Measurement, n), Landmarks: len(p.landmarks)}
	for i := range n {
		gap := math.Log(scale) - move[i]
		d := scale * lengths[i]
		r.Measurements[i] = Measurement{
			Measurement: photo.Measurement{
				From: [2]float64{all[i].From.X, all[i].From.Y}, To: [2]float64{all[i].To.X, all[i].To.Y},
				DistanceM: d, SigmaM: d * math.Sqrt(vars[i]+gap*gap),
				Parts: photo.Parts{Scale: place, Focal: focal, Depth: math.Sqrt(own[i])},
			},
			Views: [2]int{len(ends[i][0].seen), len(ends[i][1].seen)},
		}
	}
	return r, nil
}

// shared is the deviation of the scale that no number of photographs of the
// place takes away: that of the network by place, and that of the focal length
// where depth goes with it.
func (p *Place) shared() (place, focal float64) {
	for _, v := range p.views {
		place = max(place, v.photo.Depth.PlaceSigma)
		if v.photo.FollowsFocal {
			focal = max(focal, v.photo.Camera.LogFocalStd)
		}
	}
	return place, focal
}
