// Package mapping owns the map: keyframes, landmarks, the scale of the depth
// source, local and global bundle adjustment, loops and relocalisation.
//
// A landmark is an inverse depth along a ray of its host keyframe. With T_h and
// T_c the camera-to-world poses of host and observer, its point in the observer
// is p_c = T_c^-1 T_h (ray / rho).
//
// The depth source is evidence, not truth: a reading D at a pixel of keyframe k
// enters as r = (log z - log D - s_k) / sigma, where the log-scale s_k of the
// keyframe is tied to the one log-scale s of the source. Shape comes from many
// views, metres from the average of many readings.
package mapping
