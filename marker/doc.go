// Package marker finds square fiducial markers in an image: AprilTag 36h11 and
// the ArUco dictionaries. Their printed size brings a map to metres.
//
// An image is made binary by a threshold that follows the light, the outlines
// of what is dark are traced, those of four straight sides are kept, the sides
// are refined against the grey levels, and the cells within are read (Olson
// 2011; Wang and Olson 2016; Garrido-Jurado et al. 2014).
//
// The corners of a marker run clockwise as it is meant to be looked at, from its
// upper left one. Its frame has its origin in the middle, x to the right, y down
// and z away from who looks at it. Its edge is that of the black square.
package marker
