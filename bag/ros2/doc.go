// Package ros2 encodes and decodes the messages of ROS 2 that a run needs, in CDR
// (OMG, DDS-XTypes, XCDR1), and gives their definitions. Images, cameras and
// depth are read and written; poses, paths, clouds, meshes and transforms are
// written.
package ros2
