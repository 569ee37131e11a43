package texture

import (
	"cmp"
	"math"
	"slices"

	"github.com/metricslam/metricslam/internal/stats"
)

const (
	balanceRounds = 100 // of taking triangles and views in turn
	// Deviations of the logarithm of what two views show of a triangle, beyond which it
	// counts less: 10 % of brightness is gloss or another surface.
	colorScale, contrastScale = .1, .5
	// gainStd is the deviation of the logarithm of a view's exposure: a factor of 2
	// is rare. It keeps views that share nothing where they are.
	gainStd = .35
)

// balance holds by what each view's colours are multiplied so that all agree, and how
// much sharper than the others each is, as a factor of resolution of at most 1.
type balance struct {
	gain  []rgb
	sharp []float64
}

// newBalance levels views by what they show of the same triangles.
func newBalance(samples []sample, views int) balance {
	samples = slices.Clone(samples)
	slices.SortStableFunc(samples, func(a, b sample) int { return cmp.Compare(a.face, b.face) })
	b := balance{gain: make([]rgb, views), sharp: make([]float64, views)}
	for k := range contrastChannel {
		for i, g := range level(samples, views, k, colorScale) {
			b.gain[i][k] = float32(math.Exp(g))
		}
	}
	blur := level(samples, views, contrastChannel, contrastScale)
	least := stats.Quantile(slices.Clone(blur), .1) // that of the sharpest tenth
	for i, g := range blur {
		b.sharp[i] = math.Exp(min(least-g, 0))
	}
	return b
}

// level returns what must be added to a channel of each view so that views agree on
// the triangles: the robust least squares over views and triangles, solved for one and
// the other in turn. Its mean over the views that share any is zero: the whole is as
// bright as the images are.
func level(samples []sample, views, channel int, scale float64) []float64 {
	gain := make([]float64, views)
	sum, weight := make([]float64, views), make([]float64, views)
	for range balanceRounds {
		clearAll(sum, weight)
		for i := 0; i < len(samples); {
			j := i
			var total, n float64
			for ; j < len(samples) && samples[j].face == samples[i].face; j++ {
				total += float64(samples[j].log[channel]) + gain[samples[j].view]
				n++
			}
			for ; i < j; i++ {
				if n < 2 {
					continue
				}
				s := &samples[i]
				own := float64(s.log[channel]) + gain[s.view]
				others := (total - own) / (n - 1)
				w := 1 / math.Max(1, math.Abs(own-others)/scale)
				sum[s.view] += w * (others - float64(s.log[channel]))
				weight[s.view] += w
			}
		}
		for v := range gain {
			// The samples of a view err together: as one of weight one they meet what is
			// known before.
			prior := weight[v] * scale * scale / (gainStd * gainStd) * priorShare
			if w := weight[v] + prior; w > 0 {
				gain[v] += .7 * (sum[v]/w - gain[v]) // views that are moved at once overshoot
			}
		}
	}
	var total, n float64
	for v, w := range weight {
		if w > 0 {
			total, n = total+gain[v], n+1
		}
	}
	for v, w := range weight {
		if w > 0 {
			gain[v] -= total / n
		}
	}
	return gain
}

// priorShare makes what is known before weak: a chain of a hundred views may drift
// by its deviation.
const priorShare = .1

func clearAll(lists ...[]float64) {
	for _, l := range lists {
		clear(l)
	}
}
