// Package eval measures trajectories, depth maps and meshes against the truth.
//
// # Trajectories
//
// Poses are paired by nearest time (Associate). The absolute trajectory error
// is the distance between true and estimated camera centres after one alignment
// of the whole estimate (Umeyama 1991): none, SE3, or Sim3, where
// truth = scale x estimate. The relative pose error compares motions over a
// time, a number of frames or a distance (Sturm et al. 2012). Both agree with
// the evo package. KITTI's errors follow the odometry devkit (Geiger et al.
// 2012): the drift of sub-paths of given length, without any alignment.
//
// # Depth
//
// AbsRel, RMSE, log RMSE and the shares within factors 1.25, 1.25^2 and 1.25^3
// (Eigen et al. 2014), and the median log ratio, which is the error of scale.
//
// # Meshes
//
// Accuracy, completeness, Chamfer distance, precision, recall and F-score
// between points spread over both surfaces (Knapitsch et al. 2017), after an
// optional point-to-plane alignment.
//
// Distances are metres, angles radians unless a name says degrees.
package eval
