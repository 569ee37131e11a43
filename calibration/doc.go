// Package calibration finds the intrinsics and the distortion of a camera from
// views of a board whose corners are known: a grid of AprilTag or ArUco markers,
// or a chessboard (Zhang, A flexible new technique for camera calibration, 2000).
//
// Of all views some are chosen that differ and do not move. Homographies give the
// poses for several focal lengths to start from; Levenberg-Marquardt over camera
// and poses follows from each, and the best end wins. Corners and views that do
// not fit are left out. The deviations of the parameters are the larger of what
// the residuals promise and of how the parameters move when a tenth of the views
// is left out, which sees what the residuals of one view have in common.
//
// The board lies in the plane z = 0, x to the right and y down as it is meant to
// be looked at. T_cb maps board to camera. Lengths are in edges of a square.
package calibration
