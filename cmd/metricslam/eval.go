package main

import (
	"encoding/json"
	"io"
)

// evalCmd groups the measurements against the truth.
type evalCmd struct {
	Trajectory evalTrajectoryCmd `cmd:"" help:"Compare a trajectory with the true one: ATE, RPE, scale, KITTI's drift."`
	Depth      evalDepthCmd      `cmd:"" help:"Compare depth images with the true ones: AbsRel, RMSE, inlier shares, scale."`
	Mesh       evalMeshCmd       `cmd:"" help:"Compare a mesh with the true one: accuracy, completeness, Chamfer, F-score."`
	Joined     evalJoinedCmd     `cmd:"" help:"Compare a joint map of many recordings with the truth."`
}

// printJSON writes v indented.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
