// Package tiles makes one dense map of many recordings, tile by tile.
//
// A Dense file holds what fusion needs of a recording's map: the depth of its keyframes,
// refined by each other and aligned with the landmarks, and their colours. It does not
// depend on the other recordings. A Plan cuts the joint map into tiles, columns whose
// edges are whole blocks of one grid of voxels, and lists the keyframes that may see each
// tile or the block next to it. Fuse makes the surface of a tile, cut at its planes.
// Since all views of a voxel are fused in one order whatever the tile, surfaces of
// neighbours meet in the same vertices, and Merge welds them into the mesh that one volume
// would have given. Pyramid makes levels of detail of them whose seams are closed.
package tiles
