// Package fusion turns the depth of keyframes into one triangle mesh.
//
// Every view goes through the same steps:
//
//	Align      warp its depth smoothly onto the landmarks of the map, and
//	           measure what noise remains
//	DropEdges  forget depth at discontinuities, where a network (and a sensor)
//	           invents surfaces between foreground and background
//	Integrate  average it into a truncated signed distance field (TSDF)
//
// and Mesh walks the zero level of the field. Fuse does all of it for a
// sequence of views; a Volume can also be fed and meshed while it grows.
//
// # The field
//
// The field is the running weighted mean of (D(u) - z), the distance along the
// optical axis between a voxel at depth z and the surface the camera saw at its
// pixel, in metres, truncated (Curless and Levoy 1996). It is positive in front
// of surfaces. Only blocks of 8x8x8 voxels near surfaces exist, found by a hash
// table (Niessner et al. 2013). The truncation follows the noise of the depth,
// so that repeated views of one surface meet in one zero crossing; the weight is
// the inverse variance of the depth, confidence / z^2.
//
// Results do not depend on the number of goroutines: blocks are the unit of
// work, and each is computed by one goroutine in the order of the views.
package fusion
