#!/usr/bin/env bash
# Runs the main job on a scene that the program renders itself, and says what
# to look at.
source "$(dirname "$0")/lib.sh"

out=results/demo
say "mapping a synthetic room into $out"
bin/metricslam run synthetic:room --max-frames 300 --texture --overwrite -o "$out"
cat <<END

Done. Open in a browser
  $PWD/$out/report.html
the map: turn it, measure in it, look through its keyframes, replay the run; and all figures. Beside it
  mesh.ply         the mesh in metres (MeshLab, CloudCompare, Blender)
  trajectory.tum   the camera's path: time, position, quaternion
  report.json      the figures
With a display: bin/metricslam view $out
With your own video: bin/metricslam run VIDEO.mp4 --fov 70 -o results/mine --serve :8080
END
