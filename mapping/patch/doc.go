// Package patch finds what one image shows around a pixel in another image, by
// the pose between the two and the surface there: a patch is warped as the plane
// of the surface says, aligned by Gauss-Newton and accepted by its normalised
// cross-correlation (NCC), which neither a lamp nor a longer exposure changes.
package patch
