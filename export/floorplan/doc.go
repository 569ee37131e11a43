// Package floorplan flattens a mesh into what robots and builders read: an
// occupancy grid (ROS's map.yaml with a PGM) and a floor plan (SVG, PNG). The mesh
// is in metres with z up.
//
// The floor is found in square tiles, so that a street may climb. In each the
// level surface is summed by height; the floor is the lowest height with a fair
// share of it. Tiles that see none, or that a table rather than the floor fills,
// take that of their neighbours.
package floorplan
