package metric

import (
	"math"
	"slices"
)

// Fuse returns the estimate of all sources and marks which of them are
// used. Errors of different sources are independent, so that information adds
// up:
//
//	g = sum(g_i / sigma_i^2) / sum(1 / sigma_i^2),  sigma^2 = 1 / sum(1 / sigma_i^2)
//
// Contradictions are not averaged: the largest group of sources that agree with
// each other is used, of two equal groups the one with the source of higher rank.
// Where as many stand against each other, nobody knows which are wrong, and the
// deviation covers half of their difference. It grows too where the used sources
// scatter more than they say (Birge 1932).
func Fuse(s []Source) (gain, sigma float64) {
	if len(s) == 0 {
		return 0, 0
	}
	var sum, info float64
	for i, agrees := range largestGroup(s) {
		s[i].Used, s[i].Conflict = agrees, false
		if s[i].Used {
			w := 1 / (s[i].Sigma * s[i].Sigma)
			sum, info = sum+w*s[i].Log, info+w
		}
	}
	gain = sum / info
	var chi2, used, votes float64
	for _, o := range s {
		if o.Used {
			chi2 += (o.Log - gain) * (o.Log - gain) / (o.Sigma * o.Sigma)
			used++
			votes += o.Rank.vote()
		}
	}
	sigma = 1 / math.Sqrt(info)
	if used > 1 {
		sigma *= math.Sqrt(math.Max(1, chi2/(used-1)))
	}
	return gain, math.Hypot(sigma, doubt(s, gain, votes))
}

// doubt marks the sources that are turned down and returns half the largest
// difference to those that count as much as the used ones.
func doubt(s []Source, gain, votes float64) float64 {
	var against, widest float64
	for i := range s {
		if s[i].Used {
			continue
		}
		s[i].Conflict = true
		against += s[i].Rank.vote()
		widest = math.Max(widest, math.Abs(s[i].Log-gain)/2)
	}
	if against < votes {
		return 0
	}
	return widest
}

// largestGroup marks the sources of the group with most votes. Groups grow around
// each source by falling rank.
func largestGroup(s []Source) (best []bool) {
	order := make([]int, len(s))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s[b].Rank - s[a].Rank) })
	most := 0.0
	for _, seed := range order {
		group, votes := make([]bool, len(s)), s[seed].Rank.vote()
		group[seed] = true
		for _, i := range order {
			if !group[i] && agreesWithAll(s, group, i) {
				group[i] = true
				votes += s[i].Rank.vote()
			}
		}
		if votes > most {
			best, most = group, votes
		}
	}
	return best
}

func agreesWithAll(s []Source, group []bool, i int) bool {
	for j, in := range group {
		if in && s[i].contradicts(s[j]) {
			return false
		}
	}
	return true
}
