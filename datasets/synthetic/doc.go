// Package synthetic renders moving-camera sequences with exact poses and exact
// depth: a furnished flat and a city, drawn by the program itself, so that
// anybody can run the whole system without a download.
//
// A picture is made the way a camera makes one. A scanline rasteriser finds the
// surface behind nine sub-samples of every pixel; every surface behind a pixel
// is shaded once (mip-mapped texture, baked light with soft shadows, glossy
// reflections, haze); the linear light is blurred along the pixel's motion
// during the exposure, dimmed toward the corners, exposed by a lagging
// automatic gain, and receives shot and read noise before the tone curve.
// Depth comes from the equation of the plane behind the pixel's centre and is
// exact to the rounding of float32.
//
// World axes are x east, y north, z up, in metres; the ground is z = 0. The
// package shares nothing with the estimator but package geom and the plain
// types of package slam. The same specification, options and seed give the same
// bytes, whatever the number of goroutines.
package synthetic
