package fusion

// Marching cubes (Lorensen and Cline 1987). Corner c of a cube is at
// (c&1, c>>1&1, c>>2&1); a cube's case has bit c set where corner c is inside
// (negative). The triangles of the 256 cases are derived here instead of being
// listed: on every face the surface's line segments depend on that face's four
// corners alone, so cubes that share a face agree and the mesh has no holes.

// cubeEdge is an edge of the cube: from corner a along axis (0 x, 1 y, 2 z).
type cubeEdge struct{ a, axis int }

// cubeEdges lists the 12 edges: index 4 axis + n.
var cubeEdges = func() (e [12]cubeEdge) {
	n := 0
	for axis := range 3 {
		for c := range 8 {
			if c>>axis&1 == 0 {
				e[n] = cubeEdge{c, axis}
				n++
			}
		}
	}
	return e
}()

// cubeTriangles lists the triangles of a case as triples of edges,
// counter-clockwise seen from outside (the positive side).
var cubeTriangles = func() (t [256][]uint8) {
	for c := range t {
		t[c] = trianglesOf(c)
	}
	return t
}()

// edgeBetween returns the edge between two neighbouring corners.
func edgeBetween(a, b int) int {
	for i, e := range cubeEdges {
		if e.a == min(a, b) && e.a|1<<e.axis == max(a, b) {
			return i
		}
	}
	panic("fusion: corners do not share an edge") // an error of this file
}

// faceCorners lists the corners of the six faces, counter-clockwise seen from
// outside the cube.
var faceCorners = [6][4]int{
	{0, 4, 6, 2}, {1, 3, 7, 5}, // x = 0, 1
	{0, 1, 5, 4}, {2, 6, 7, 3}, // y
	{0, 2, 3, 1}, {4, 5, 7, 6}, // z
}

// trianglesOf joins the segments on a case's faces to loops and cuts each loop
// into a fan.
func trianglesOf(c int) []uint8 {
	next := map[int]int{} // from edge to edge along the surface's border
	for _, f := range faceCorners {
		for i := range 4 {
			// A run of inside corners starts behind i: its border enters the
			// face where the run ends and leaves where it starts. Diagonal
			// corners are two runs: they stay apart.
			if c>>f[i]&1 == 1 || c>>f[(i+1)%4]&1 == 0 {
				continue
			}
			j := (i + 1) % 4
			for c>>f[(j+1)%4]&1 == 1 {
				j = (j + 1) % 4
			}
			next[edgeBetween(f[i], f[(i+1)%4])] = edgeBetween(f[j], f[(j+1)%4])
		}
	}
	var tri []uint8
	for start := range 12 {
		b, ok := next[start]
		if !ok {
			continue
		}
		delete(next, start)
		for b != start {
			n := next[b]
			delete(next, b)
			if n != start {
				tri = append(tri, uint8(start), uint8(b), uint8(n))
			}
			b = n
		}
	}
	return tri
}
