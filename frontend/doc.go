// Package frontend finds and follows keypoints with OpenCV: FAST corners
// on a grid, pyramidal KLT with a forward-backward check, CLAHE where the light
// changes, a rotation estimate from thumbnails to start KLT from, and ORB
// descriptors at keyframes.
//
// It knows pixels and track ids, not poses. Every cv::Mat it makes has one
// owner inside this package, which closes it; what it returns is plain data.
package frontend
