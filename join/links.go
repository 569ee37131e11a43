package join

import (
	"fmt"

	"github.com/metricslam/metricslam/geom"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/optimize/posegraph"
)

// Links are the places that two maps have in common.
type Links struct {
	Kind    string `json:"kind"` // "links"
	Version int    `json:"version"`
	A       MapRef `json:"a"`
	B       MapRef `json:"b"`
	Links   []Link `json:"links"`
}

// Link is a place: keyframe B of map b shows what keyframe A of map a shows.
type Link struct {
	A       int  `json:"a"`
	B       int  `json:"b"`
	Z       Pose `json:"z"` // T_a_b, a similarity: lengths of b times its scale are lengths of a
	Inliers int  `json:"inliers"`
	// Info is the information of Z, as a tangent of Sim(3) in b: the upper triangle by
	// rows, 28 numbers.
	Info     []float64 `json:"info"`
	Believed bool      `json:"believed"` // by all that the two maps say together
}

const linksKind = "links"

// infoValues are those of the upper triangle of a 7x7 matrix.
const infoValues = 28

// NewLinks returns the file of what two maps have in common.
func NewLinks(a, b MapRef, places []mapping.CommonPlace) *Links {
	out := &Links{Kind: linksKind, Version: Version, A: a, B: b, Links: []Link{}}
	for _, p := range places {
		l := Link{A: p.From, B: p.To, Z: poseOf(p.Z), Inliers: p.Inliers, Believed: p.Believed}
		for i := range p.Info {
			l.Info = append(l.Info, p.Info[i][i:]...)
		}
		out.Links = append(out.Links, l)
	}
	return out
}

// Write writes the links.
func (l *Links) Write(path string) error { return WriteJSON(path, l) }

// ReadLinks reads links.
func ReadLinks(path string) (*Links, error) {
	l := new(Links)
	if err := ReadJSON(path, linksKind, l); err != nil {
		return nil, err
	}
	for i, k := range l.Links {
		if err := k.Z.check(); err != nil {
			return nil, fmt.Errorf("%s: link %d: %w", path, i, err)
		}
		if len(k.Info) != infoValues || !geom.Finite(k.Info...) {
			return nil, fmt.Errorf("%s: link %d has %d values of information, want %d finite ones", path, i, len(k.Info), infoValues)
		}
	}
	return l, nil
}

func (l *Link) information() (w posegraph.Information) {
	n := 0
	for i := range w {
		for j := i; j < len(w); j++ {
			w[i][j], w[j][i] = l.Info[n], l.Info[n]
			n++
		}
	}
	return w
}
