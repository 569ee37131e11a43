package slam

// Thinned returns the mesh, or every so many of its triangles and their vertices
// where it has more than most.
func (m *Mesh) Thinned(most int) *Mesh {
	step := (len(m.Triangles) + most - 1) / most
	if step <= 1 {
		return m
	}
	out := &Mesh{Triangles: make([][3]uint32, 0, len(m.Triangles)/step+1)}
	index := make([]uint32, len(m.Vertices)) // in out, plus 1
	for i := 0; i < len(m.Triangles); i += step {
		var t [3]uint32
		for c, v := range m.Triangles[i] {
			if index[v] == 0 {
				out.Vertices = append(out.Vertices, m.Vertices[v])
				if m.Normals != nil {
					out.Normals = append(out.Normals, m.Normals[v])
				}
				if m.Colors != nil {
					out.Colors = append(out.Colors, m.Colors[v])
				}
				if m.Deviation != nil {
					out.Deviation = append(out.Deviation, m.Deviation[v])
				}
				index[v] = uint32(len(out.Vertices))
			}
			t[c] = index[v] - 1
		}
		out.Triangles = append(out.Triangles, t)
	}
	return out
}
