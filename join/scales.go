package join

import "math"

// scaleSigmas is how many deviations the scale of a recording must be off that of the
// others to be named: 95 %, two-sided.
const scaleSigmas = 1.96

// metres is what the recordings of a component say of its scale together.
type metres struct {
	log          float64 // mean of those that agree
	logStd       float64 // deviation of it; 0 where nothing tells metres
	contradicted map[int]bool
}

// judgeScales joins the scales of the recordings, and names those that the others
// contradict: the one that is most of its deviations off the mean of all others is left
// out, and the rest is judged anew (data snooping, Baarda 1968). It has no part in the
// joint scale. Of two that contradict each other nobody knows which is right; both are
// named, and both count.
func (j *joiner) judgeScales(members []int, logs []float64) metres {
	m := metres{contradicted: make(map[int]bool)}
	var kept []int
	for _, i := range members {
		if j.recordings[i].metric() {
			kept = append(kept, i)
		}
	}
	for len(kept) > 1 {
		worst, off, factor := -1, scaleSigmas, 0.
		for _, i := range kept {
			mean, std := j.meanScale(kept, logs, i)
			if z := math.Abs(logs[i]-mean) / math.Hypot(std, j.recordings[i].scaleStd()); z > off {
				worst, off, factor = i, z, math.Exp(mean-logs[i])
			}
		}
		if worst < 0 {
			break
		}
		r := j.recordings[worst]
		m.contradicted[worst] = true
		if len(kept) == 2 {
			other := kept[0] + kept[1] - worst
			m.contradicted[other] = true
			j.warn("%s: its own metres are %.2f times those of %s, %.1f deviations: one of them is wrong, their mean was taken; check the depth source, camera or marker size of both",
				r.Name, factor, j.recordings[other].Name, off)
			break
		}
		j.warn("%s: its own metres are %.2f times those of the others, %.1f deviations (its own is %.0f %%): it was brought to theirs; check its depth source, camera or marker size",
			r.Name, factor, off, 100*r.scaleStd())
		rest := kept[:0]
		for _, i := range kept {
			if i != worst {
				rest = append(rest, i)
			}
		}
		kept = rest
	}
	if len(kept) == 0 {
		return m
	}
	least := math.Inf(1)
	for _, i := range kept {
		least = min(least, j.recordings[i].scaleStd())
	}
	m.log, m.logStd = j.meanScale(kept, logs, -1)
	// Recordings of one place by one kind of camera share errors of their networks: of
	// many, half of the least deviation is left.
	m.logStd = max(m.logStd, least/2)
	if len(kept) == 2 && m.contradicted[kept[0]] {
		// What they differ by is the least that the mean may be off.
		m.logStd = max(m.logStd, math.Abs(logs[kept[0]]-logs[kept[1]])/2)
	}
	return m
}

// meanScale is the mean of the kept recordings but one, weighted by their deviations, and
// its own deviation.
func (j *joiner) meanScale(kept []int, logs []float64, but int) (mean, std float64) {
	var sum, info float64
	for _, i := range kept {
		if i != but {
			w := 1 / (j.recordings[i].scaleStd() * j.recordings[i].scaleStd())
			sum, info = sum+w*logs[i], info+w
		}
	}
	return sum / info, 1 / math.Sqrt(info)
}
