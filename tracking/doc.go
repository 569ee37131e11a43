// Package tracking finds the pose of each frame from its keypoint tracks and the
// landmarks they belong to: a prediction from the motion so far and a rotation
// seen in thumbnails, P3P in RANSAC where the prediction fails, and
// Levenberg-Marquardt with a robust kernel on all inliers. Lost is a state.
package tracking
