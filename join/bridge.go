package join

import (
	"slices"

	"github.com/metricslam/metricslam/optimize/posegraph"
)

// fewLinks is how many places hold two sets of recordings together so that no word is
// said of it: as many as a visit counts for. One or two come from one view, and nothing
// else would contradict them.
const fewLinks = posegraph.VisitLinks

// warnBridges names the pairs of recordings that alone hold a component together, by few
// places.
func (j *joiner) warnBridges(used []edge) {
	byFile := make(map[int]int)
	for f := range j.files {
		for l := range j.files[f].Links {
			if j.files[f].Links[l].Believed && !j.rejected[edge{f, l}] {
				byFile[f]++
			}
		}
	}
	whole := len(j.components(used))
	for f := range j.files {
		if n := byFile[f]; n == 0 || n >= fewLinks {
			continue
		}
		without := slices.DeleteFunc(slices.Clone(used), func(e edge) bool { return e.file == f })
		if len(j.components(without)) == whole {
			continue
		}
		a, b := j.maps[j.files[f].A.SHA256], j.maps[j.files[f].B.SHA256]
		j.warn("what hangs on %s and %s is held together by so few places alone, %d, that nothing would contradict them: look at their keyframes, which the links of the joint map name",
			j.recordings[a].Name, j.recordings[b].Name, byFile[f])
	}
}
