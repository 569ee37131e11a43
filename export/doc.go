// Package export writes and reads results in the formats other programs open:
// trajectories (TUM, KITTI), meshes and point clouds (PLY), meshes (OBJ, GLB).
//
// Every file is written under a temporary name in its folder and renamed, so
// that a reader never sees half of one. Meshes are in metres; OBJ and PLY keep
// the world frame, GLB turns it into glTF's (y up), see WriteGLB.
package export
