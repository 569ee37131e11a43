// Package rosmsg encodes and decodes the messages of ROS that a run needs, in CDR
// (OMG, DDS-XTypes, XCDR1), and gives their definitions. Images, cameras and
// depth are read and written; poses, paths, clouds, meshes and transforms are
// written. The encoding of ROS 1 is read.
package rosmsg
