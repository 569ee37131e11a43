package check

import (
	"context"
	"fmt"
	"math"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
)

// variant is a contract with one thing changed.
type variant struct {
	what   string // a sentence's end: "... gives AbsRel .1"
	change func(*contract.Contract)
}

// feedings are the ways an image is most often fed wrongly.
func feedings(c *contract.Contract) []variant {
	norm := func(high float64, mean, std [3]float64) func(*contract.Contract) {
		return func(c *contract.Contract) {
			c.Input.Range, c.Input.Mean, c.Input.Std = [2]float64{0, high}, mean, std
		}
	}
	list := []variant{
		{"values 0..255 (range: [0, 255], no mean and std: normalisation in the graph)", norm(255, [3]float64{}, [3]float64{1, 1, 1})},
		{"values 0..1 (range: [0, 1], no mean and std)", norm(1, [3]float64{}, [3]float64{1, 1, 1})},
		{"ImageNet normalisation (range: [0, 1], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])",
			norm(1, [3]float64{.485, .456, .406}, [3]float64{.229, .224, .225})},
		{"values -1..1 (range: [0, 1], mean and std .5)", norm(1, [3]float64{.5, .5, .5}, [3]float64{.5, .5, .5})},
	}
	other := contract.BGR
	if c.Input.Channels == contract.BGR {
		other = contract.RGB
	}
	return append(list, variant{fmt.Sprintf("the order of colours %s (channels: %s)", other, other), func(c *contract.Contract) { c.Input.Channels = other }})
}

// scalings are the ways an output is most often read wrongly.
func scalings(c *contract.Contract) []variant {
	set := func(s contract.Scale) func(*contract.Contract) {
		return func(c *contract.Contract) { c.Scale = s }
	}
	var list []variant
	if c.Kind != contract.Points {
		list = append(list,
			variant{"taking the output for metres (scale: {rule: none})", set(contract.Scale{Rule: contract.Metric, Factor: 1})},
			variant{"the canonical focal length 1000 (scale: {rule: canonical, focal: 1000})", set(contract.Scale{Rule: contract.Canonical, Focal: 1000, Factor: 1})},
			variant{"the canonical focal length 300 (scale: {rule: canonical, focal: 300})", set(contract.Scale{Rule: contract.Canonical, Focal: 300, Factor: 1})},
			variant{"kind: inverse-depth", func(c *contract.Contract) { c.Kind = contract.InverseDepth }},
			variant{"kind: depth", func(c *contract.Contract) { c.Kind = contract.Depth }},
		)
	}
	for _, f := range []float64{10, 20, 80, 100, 1. / 1000} {
		list = append(list, variant{fmt.Sprintf("a factor of %g (scale factor: %g)", f, c.Scale.Factor*f), func(c *contract.Contract) { c.Scale.Factor *= f }})
	}
	return list
}

// Thresholds of the advice. A way of feeding that is right is far better than a
// wrong one; what differs by less is chance.
const (
	muchBetter   = .75 // of the AbsRel
	scaleSpread  = .15 // deviation of the scale error over images: below it the error is a factor
	scaleError   = .25 // log ratio that is worth a word
	lowRelation  = .5  // correlation below which a network sees nothing of the scene
	goodRelation = .8
)

// advise tries other ways of feeding and reading and says which is much better.
func advise(ctx context.Context, s network.Runner, c *contract.Contract, samples []Sample, r *Report) ([]string, error) {
	var advice []string
	for _, group := range []struct {
		name     string
		variants []variant
	}{{"normalisation or channel order", feedings(c)}, {"scale rule", scalings(c)}} {
		best, what := r.AbsRel*muchBetter, ""
		for _, v := range group.variants {
			changed := *c
			v.change(&changed)
			if changed.Validate() != nil {
				continue
			}
			list, err := evaluate(ctx, network.New(&changed, s), samples)
			if err != nil {
				return nil, fmt.Errorf("with %s: %w", v.what, err)
			}
			if absRel, _ := means(list); absRel < best {
				best, what = absRel, v.what
			}
		}
		if what != "" {
			advice = append(advice, fmt.Sprintf("the %s looks wrong: %s gives AbsRel %.3f in place of %.3f", group.name, what, best, r.AbsRel))
		}
	}
	var relation, spread float64
	for _, p := range r.Images {
		relation += p.Correlation / float64(len(r.Images))
		spread += (p.LogRatio - r.LogRatio) * (p.LogRatio - r.LogRatio) / float64(len(r.Images))
	}
	switch {
	case relation < lowRelation:
		advice = append(advice, fmt.Sprintf("the depth hardly follows the truth (correlation of the logarithms %.2f): these images are beyond the network, or it is fed wrongly", relation))
	case relation > goodRelation && math.Abs(r.LogRatio) > scaleError && math.Sqrt(spread) < scaleSpread && len(r.Images) > 1:
		advice = append(advice, fmt.Sprintf("the scale is off by %.2f on all images alike while the shape is right (correlation %.2f): look at the scale rule and at the focal length of the images", math.Exp(r.LogRatio), relation))
	}
	return advice, nil
}
