// Package photometric aligns images by their grey levels: Gauss-Newton on the
// difference between the pixels of a reference and where a camera sees them, with
// the exposure fitted along and a robust loss (Lucas and Kanade 1981; Baker and
// Matthews 2004; Kerl, Sturm and Cremers 2013).
//
// A residual is I(proj(p_i)) - (gain R_i + offset): I is the image, p_i the point
// of reference pixel i in the camera's frame at the present estimate, R_i its grey
// level. What moves the points (a rotation, a pose, a plane) is the caller's: it
// says where they are, and how they move with its unknowns.
package photometric
