package page

import (
	"math"

	"github.com/metricslam/metricslam/slam"
)

const (
	// QuantumM is what coordinates are rounded to: far below what a depth map is
	// worth, and 31 bits of it are beyond any map.
	QuantumM = .0005
	// MostTriangles are shown of a mesh: they take some 5 MB of a page, and a
	// phone turns them.
	MostTriangles = 500_000

	placeSteps = 1 << 15 // of the edge of an image: an eighth of a texel of 4096

	devSteps = 16 // of a doubling of the deviation, from devLeastM on
	devLeast = .0005
)

// addMesh writes a mesh and what is known of its vertices. Vertices are numbered
// anew, in the order in which the triangles use them: a corner is then written as
// how far its vertex lies behind the next new one, mostly a small number.
func (c *container) addMesh(s *Scene) {
	m := s.Mesh
	order, corners := firstUse(m)
	position := make([]int32, 0, 3*len(order))
	var color, deviation, seen, place []int32
	for _, v := range order {
		for _, x := range m.Vertices[v] {
			position = append(position, int32(math.Round(float64(x)/QuantumM)))
		}
		if m.Colors != nil {
			for _, x := range m.Colors[v] {
				color = append(color, int32(x))
			}
		}
		if s.Deviation != nil {
			deviation = append(deviation, deviationCode(s.Deviation[v]))
		}
		if s.Textured != nil {
			for _, x := range s.Textured.UV[v] {
				place = append(place, int32(math.Round(float64(x)*placeSteps)))
			}
		}
		if s.Seen != nil {
			seen = append(seen, c.timeCode(s.Seen[v]))
		}
	}
	c.deltas("mesh.position", 3, position)
	c.ints("mesh.corner", 3, corners)
	if color != nil {
		c.deltas("mesh.color", 3, color)
	}
	if deviation != nil {
		c.deltas("mesh.deviation", 1, deviation)
	}
	if seen != nil {
		c.deltas("mesh.seen", 1, seen)
	}
	about := map[string]any{
		"quantum": QuantumM, "error": s.MeshErrorM, "deviationSteps": devSteps, "deviationLeast": devLeast,
	}
	if s.Textured != nil {
		c.deltas("mesh.place", 2, place)
		about["pages"], about["placeSteps"] = c.pages(s.Textured.Pages), placeSteps
	}
	c.meta["mesh"] = about
}

// pages writes the images of a mesh and returns what the page reads of them.
func (c *container) pages(all []slam.TexturePage) (about []map[string]int) {
	var data []byte
	for _, p := range all {
		about = append(about, map[string]int{"triangles": p.Triangles, "bytes": len(p.Data)})
		data = append(data, p.Data...)
	}
	c.bytes("mesh.images", data)
	return about
}

// firstUse returns the vertices in the order in which triangles use them, and for
// each corner how many vertices lie between its own and the next new one.
func firstUse(m *slam.Mesh) (order []uint32, corners []int32) {
	number := make([]int32, len(m.Vertices)) // plus 1
	corners = make([]int32, 0, 3*len(m.Triangles))
	for _, t := range m.Triangles {
		for _, v := range t {
			next := int32(len(order))
			if number[v] == 0 {
				order = append(order, v)
				number[v] = next + 1
			}
			corners = append(corners, next-(number[v]-1))
		}
	}
	return order, corners
}

// deviationCode is 0 for an unknown deviation, else its logarithm in steps of 4 %.
func deviationCode(m float32) int32 {
	if !(m > 0) || math.IsInf(float64(m), 0) {
		return 0
	}
	return 1 + max(0, int32(math.Round(devSteps*math.Log2(float64(m)/devLeast))))
}
