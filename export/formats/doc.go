// Package formats hands a finished map on: it writes the formats that other
// programs open, each in the axes that they expect. All share one frame, z up and
// x ahead (export.Level); glTF, USD and OBJ have y up, as they define it or their
// readers take it; KITTI's rows start at the first camera. docs/export.md says who
// opens what.
package formats
