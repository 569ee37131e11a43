package photo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// said is the deviation of the logarithm of a length from which on a part of it
// is worth a word.
const said = .01

// TurnedWords says that an image was read turned, empty where it was not.
func (p *Photo) TurnedWords() string {
	how := [4]string{"", "lies on its side (turned clockwise)", "stands on its head", "lies on its side (turned counter-clockwise)"}[p.Turned&3]
	if how == "" {
		return ""
	}
	return "the image " + how + " and was read upright; points are those of the image as it lies"
}

// Explain says in words where the deviation of a length comes from, and what
// would tighten it; known is whether a known length was given.
func (p *Photo) Explain(q Parts, known bool) string {
	type part struct {
		std          float64
		what, remedy string
	}
	parts := []part{
		{q.Scale, "the scale of " + p.Model + " in a place that it does not know", "a known length in the image (--known U,V,U,V=METRES)"},
		{q.Focal, "the focal length (" + p.Camera.From + ")", "the true focal length (--fx and --fy, or --fov)"},
		{q.Depth, "the depth of either point", "points that lie nearer to each other, or on one surface"},
		{q.Pointing, "pointing at pixels", "a larger image of the thing"},
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.std, a.std) })
	var words []string
	for _, x := range parts {
		if x.std >= said {
			words = append(words, fmt.Sprintf("%.0f %% %s", 100*x.std, x.what))
		}
	}
	if len(words) == 0 {
		return ""
	}
	text := "deviation: " + strings.Join(words, ", ")
	if known {
		return text + "; the known length takes off what it shares"
	}
	return text + "; it would be less with " + parts[0].remedy
}
