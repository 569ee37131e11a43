package multiview

import "math"

const (
	// reachPx is the distance over which trusted depth tells of depth that is not. A
	// step of the image by reachGrey, or one of the prior's log depth by reachLog, is
	// as far.
	reachPx   = 30
	reachGrey = 80
	reachLog  = .05

	nearPx = 12 // the same for the roughness of what was matched

	filterRounds = 3
	// ownWeight is what the prior itself weighs against trusted pixels nearby.
	ownWeight = .02
)

const (
	// Where texture allows no better deviation than weakStd, matches follow gloss and the
	// prior's shape: planes through what is textured around err less, as far as they say
	// themselves that they err by planeMost.
	weakStd   = .02
	planeMost = .08
	// nearShare is the deviation of matched depth over its roughness within nearPx: .68 of
	// the errors are within it against the sensor on redkitchen, and in the rendered room.
	nearShare = 1.3
	nearMost  = .1  // roughness beyond is an edge, not noise
	doubtStd  = .04 // deviation of log depth that a lack of confidence adds at most
	movedStd  = .08 // deviation of depth that is the prior's, moved

	sureConfidence = .5 // of pixels that planes are fitted to
)

// completed is depth with what is known of it.
type completed struct {
	depth   []float32
	std     []float32 // deviation of log depth
	support []float32 // what trusted pixels nearby weigh: 0 to 1
}

// complete returns the depth of all pixels: that of trusted pixels as it is, that of
// others the prior, moved as the trusted ones nearby were moved on the same surface.
// support tells how much those weigh: 0 to 1.
//
// It is a normalised convolution by the recursive filter of the domain transform
// (Gastal and Oliveira 2011), whose steps are those of the image and of the prior.
func complete(grey []uint8, d *refinedDepth, conf []float32) (out completed) {
	w, h := d.w, d.h
	num, den, anchors := make([]float32, w*h), make([]float32, w*h), make([]float32, w*h)
	logPrior := make([]float32, w*h)
	for i, z := range d.prior {
		if z == 0 {
			logPrior[i] = float32(math.Inf(-1))
			continue
		}
		logPrior[i] = log32(z)
		if c := conf[i]; c >= minConfidence {
			num[i], den[i] = c*log32(d.depth[i]/z), c
			if c >= sureConfidence {
				s := matchStd / max(d.std[i], matchStd)
				anchors[i] = c * s * s
			}
		}
	}
	f := newEdgeFilter(grey, logPrior, w, h, 1, reachPx)
	f.run(num)
	f.run(den)
	near := newPlanes(grey, logPrior, d.depth, anchors, w, h, 1, nearPx)
	wide := newPlanes(grey, logPrior, d.depth, anchors, w, h, 2, reachPx)
	out = completed{make([]float32, w*h), make([]float32, w*h), den}
	for i, z := range d.prior {
		if z > 0 {
			moved := z * exp32(num[i]/(den[i]+ownWeight))
			out.depth[i], out.std[i] = d.mended(i, conf[i], near, wide, moved)
		}
	}
	return out
}

// mended returns the depth of pixel i and the deviation of its logarithm: what was
// matched where there is texture, else a plane, else the prior as it was moved. Planes
// through textured pixels as well make each depth map a little better, and the mesh
// worse: what is small is lost.
func (d *refinedDepth) mended(i int, conf float32, near, wide *planes, moved float32) (depth, std float32) {
	x, y := i%d.w, i/d.w
	if conf >= minConfidence && d.std[i] < weakStd {
		_, rough := near.at(x, y)
		rough, doubt := min(nearShare*rough, nearMost), doubtStd*(1-conf)
		return d.depth[i], sqrt32(rough*rough + doubt*doubt)
	}
	if depth, std = wide.at(x, y); std < planeMost {
		return depth, std
	}
	if conf >= minConfidence {
		moved = d.depth[i]
	}
	return moved, movedStd
}

// edgeFilter smooths along rows and columns, less across edges.
type edgeFilter struct {
	w, h         int
	reach        float64   // pixels of its own
	across, down []float32 // distance to the pixel at the left, and above
}

// newEdgeFilter returns a filter of an image of w x h, for values of every shrink-th pixel
// along x and y; reach is in pixels of the image.
func newEdgeFilter(grey []uint8, logPrior []float32, w, h, shrink int, reach float64) *edgeFilter {
	fw, fh := w/shrink, h/shrink
	f := &edgeFilter{fw, fh, reach / float64(shrink), make([]float32, fw*fh), make([]float32, fw*fh)}
	step := func(i, j int) float32 {
		g := float32(grey[i]) - float32(grey[j])
		l := logPrior[i] - logPrior[j]
		s := 1 + reachPx/float32(shrink)*(abs32(g)/reachGrey+abs32(l)/reachLog)
		if !(s < 1e6) { // no prior on one side
			s = 1e6
		}
		return s
	}
	for y := range fh {
		for x := range fw {
			i, at := y*fw+x, y*shrink*w+x*shrink
			if x > 0 {
				f.across[i] = step(at, at-shrink)
			}
			if y > 0 {
				f.down[i] = step(at, at-shrink*w)
			}
		}
	}
	return f
}

func abs32(x float32) float32 { return float32(math.Abs(float64(x))) }

// run filters v in place.
func (f *edgeFilter) run(v []float32) {
	for round := range filterRounds {
		// Deviations that halve from round to round and add up to the reach.
		sigma := f.reach * math.Sqrt(3) * math.Pow(2, float64(filterRounds-1-round)) / math.Sqrt(math.Pow(4, filterRounds)-1)
		decay := powers(float32(math.Exp(-math.Sqrt2 / sigma)))
		for y := range f.h {
			row, d := v[y*f.w:(y+1)*f.w], f.across[y*f.w:(y+1)*f.w]
			for x := 1; x < f.w; x++ {
				row[x] += decay.of(d[x]) * (row[x-1] - row[x])
			}
			for x := f.w - 2; x >= 0; x-- {
				row[x] += decay.of(d[x+1]) * (row[x+1] - row[x])
			}
		}
		for y := 1; y < f.h; y++ {
			f.mix(v, y, y-1, y, decay)
		}
		for y := f.h - 2; y >= 0; y-- {
			f.mix(v, y, y+1, y+1, decay)
		}
	}
}

// mix moves row y towards row from; the distances are those of row d.
func (f *edgeFilter) mix(v []float32, y, from, d int, decay *powerTable) {
	a, b, s := v[y*f.w:(y+1)*f.w], v[from*f.w:(from+1)*f.w], f.down[d*f.w:(d+1)*f.w]
	for x := range a {
		a[x] += decay.of(s[x]) * (b[x] - a[x])
	}
}

// powerTable holds a^s for steps s in quarters.
type powerTable [2048]float32

func powers(a float32) *powerTable {
	var t powerTable
	for i := range t {
		t[i] = float32(math.Pow(float64(a), float64(i)/4))
	}
	return &t
}

func (t *powerTable) of(s float32) float32 {
	i := int(s * 4)
	if i >= len(t) {
		return 0
	}
	return t[i]
}

func log32(x float32) float32 { return float32(math.Log(float64(x))) }
