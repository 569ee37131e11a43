package eval

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// depthName is a depth image and what its name says.
type depthName struct {
	file   string
	stem   string  // without extension and endings like .depth
	stampS float64 // seconds; NaN where the name is no stamp
	number int     // the last group of digits; -1 without
}

// listDepth lists the .png and .npy files of a folder by name.
func listDepth(dir string) ([]depthName, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list depth images: %w", err)
	}
	var names []depthName
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if lower := strings.ToLower(ext); e.IsDir() || (lower != ".png" && lower != ".npy") {
			continue
		}
		names = append(names, parseDepthName(e.Name(), strings.TrimSuffix(e.Name(), ext)))
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("list depth images: no .png or .npy file in %s", dir)
	}
	return names, nil
}

func parseDepthName(file, stem string) depthName {
	for _, end := range []string{"depth", "color"} {
		stem = strings.TrimRight(strings.TrimSuffix(stem, end), "._-")
	}
	n := depthName{file: file, stem: stem, stampS: math.NaN(), number: -1}
	if t, err := strconv.ParseFloat(stem, 64); err == nil && strings.Contains(stem, ".") {
		n.stampS = t
	} else if err == nil && t > 1e15 {
		n.stampS = t * 1e-9 // nanoseconds since 1970
	}
	digits := func(r rune) bool { return r >= '0' && r <= '9' }
	head := strings.TrimRightFunc(stem, func(r rune) bool { return !digits(r) })
	if v, err := strconv.Atoi(head[len(strings.TrimRightFunc(head, digits)):]); err == nil {
		n.number = v
	}
	return n
}

// matchDepthNames returns pairs of indices into truths and estimates, in the
// order of the truths: equal stems, else the nearest stamps; equal numbers only
// where neither gives a single pair.
func matchDepthNames(truths, estimates []depthName) (match [][2]int) {
	byStem, byNumber := map[string]int{}, map[int]int{}
	for j, e := range estimates {
		byStem[e.stem] = j
		byNumber[e.number] = j
	}
	nearest := nearestStamp(estimates)
	for i, t := range truths {
		j, ok := byStem[t.stem]
		if !ok {
			j, ok = nearest(t)
		}
		if ok {
			match = append(match, [2]int{i, j})
		}
	}
	if match != nil {
		return match
	}
	for i, t := range truths {
		if j, ok := byNumber[t.number]; ok && t.number >= 0 {
			match = append(match, [2]int{i, j})
		}
	}
	return match
}

// nearestStamp finds the file whose stamp is nearest, within MaxTimeDiff.
func nearestStamp(names []depthName) func(depthName) (int, bool) {
	var order []int
	for j, n := range names {
		if !math.IsNaN(n.stampS) {
			order = append(order, j)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(names[a].stampS, names[b].stampS) })
	return func(t depthName) (int, bool) {
		k, _ := slices.BinarySearchFunc(order, t.stampS, func(j int, s float64) int { return cmp.Compare(names[j].stampS, s) })
		best, gap := -1, MaxTimeDiff
		for _, l := range []int{k - 1, k} {
			if l < 0 || l >= len(order) {
				continue
			}
			if d := math.Abs(names[order[l]].stampS - t.stampS); d <= gap {
				best, gap = order[l], d
			}
		}
		return best, best >= 0
	}
}
