#!/usr/bin/env bash
# Runs the main job on a scene that the program renders itself, and says what
# to look at.
source "$(dirname "$0")/lib.sh"

out=results/demo
say "mapping a synthetic room into $out"
# Depth as a network would give it, with its noise and its warp from frame to
# frame, but of the right scale on average: a bias passes through to the map.
bin/metricslam run synthetic:room --depth sim:bias=0 --max-frames 300 -o "$out"
cat <<END

Done. Look at
  $out/report.html      trajectory, errors, scale, pictures of depth and mesh (open it in a browser)
  $out/mesh.ply         the mesh in metres (MeshLab, CloudCompare, Blender)
  $out/trajectory.tum   the camera's path: time, position, quaternion
  $out/report.json      all figures
With a display: bin/metricslam view $out
With your own video: bin/metricslam run VIDEO.mp4 --fov 70 -o results/mine
END
