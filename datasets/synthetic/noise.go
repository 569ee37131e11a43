package synthetic

import (
	"math"
	"math/rand/v2"
)

// hash mixes its arguments into 64 well-distributed bits (the finaliser of
// SplitMix64 after every word), so that every place, frame and texture has a
// random stream of its own, whatever the order in which they are asked for.
func hash(seed uint64, words ...int64) uint64 {
	h := seed + 0x9e3779b97f4a7c15
	for _, w := range words {
		h ^= uint64(w) * 0xff51afd7ed558ccd
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// stream returns the random generator that belongs to the words.
func stream(seed uint64, words ...int64) *rand.Rand {
	h := hash(seed, words...)
	return rand.New(rand.NewPCG(h, h^0xda3e39cb94b95bdb))
}

// uniform returns a number in [a, b).
func uniform(r *rand.Rand, a, b float64) float64 { return a + (b-a)*r.Float64() }

// fractal returns a tileable w x h field of zero mean and unit deviation with a
// power-law spectrum, like the luminance of photographs: octaves of smooth
// lattice noise, the first with cells of the given size in pixels, amplitudes
// proportional to cell size to the power of slope (1 gives 1/f^2 power).
func fractal(w, h, cell int, slope float64, r *rand.Rand) []float32 {
	out := make([]float32, w*h)
	for size := cell; size >= 1; size /= 2 {
		addLattice(out, w, h, size, float32(math.Pow(float64(size), slope)), r)
	}
	normalise(out)
	return out
}

// addLattice adds one octave: random values at the corners of cells of size x
// size pixels, joined by a smooth step. w and h are multiples of size.
func addLattice(out []float32, w, h, size int, amp float32, r *rand.Rand) {
	gw, gh := max(w/size, 1), max(h/size, 1)
	grid := make([]float32, gw*gh)
	for i := range grid {
		grid[i] = amp * float32(r.NormFloat64())
	}
	step := make([]float32, size)
	for i := range step {
		t := float32(i) / float32(size)
		step[i] = t * t * (3 - 2*t)
	}
	for y := range h {
		top := grid[(y/size%gh)*gw:][:gw]
		bottom := grid[((y/size+1)%gh)*gw:][:gw]
		fy := step[y%size]
		row := out[y*w:][:w]
		for cx := range (w + size - 1) / size {
			i, j := cx%gw, (cx+1)%gw
			left := top[i] + fy*(bottom[i]-top[i])
			diff := top[j] + fy*(bottom[j]-top[j]) - left
			for k := 0; k < size && cx*size+k < w; k++ {
				row[cx*size+k] += left + step[k]*diff
			}
		}
	}
}

// normalise shifts and scales v to zero mean and unit deviation.
func normalise(v []float32) {
	var sum, sum2 float64
	for _, x := range v {
		sum += float64(x)
		sum2 += float64(x) * float64(x)
	}
	n := float64(len(v))
	mean := sum / n
	std := math.Sqrt(max(sum2/n-mean*mean, 1e-12))
	for i, x := range v {
		v[i] = float32((float64(x) - mean) / std)
	}
}

// wander is a smooth random function of time: a sum of sines of random phase
// and spread frequencies, with unit deviation.
type wander struct{ amp, omega, phase [5]float64 }

// newWander returns a wander with frequencies between loHz and hiHz.
func newWander(loHz, hiHz float64, r *rand.Rand) (w wander) {
	n := float64(len(w.amp))
	for i := range w.amp {
		hz := loHz * math.Pow(hiHz/loHz, (float64(i)+r.Float64())/n)
		w.amp[i] = math.Sqrt(2 / n)
		w.omega[i] = 2 * math.Pi * hz
		w.phase[i] = uniform(r, 0, 2*math.Pi)
	}
	return w
}

// at returns the value at time t in seconds.
func (w *wander) at(t float64) (v float64) {
	for i := range w.amp {
		v += w.amp[i] * math.Sin(w.omega[i]*t+w.phase[i])
	}
	return v
}
