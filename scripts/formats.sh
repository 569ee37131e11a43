#!/usr/bin/env bash
# Makes .cache/formats with the programs that open what `metricslam export` writes:
# the tests of export/formats, of bags and of eval use them. Without a network those are
# skipped, but not where CI=true.
source "$(dirname "$0")/lib.sh"

dir=$cache/formats
projects=(pycolmap==4.2.1 'laspy[cli,lazrs]==2.7.0' lazrs==0.8.2 pye57==0.4.19 usd-core==26.11 trimesh==5.2.0 pygltflib==1.16.5
  evo==1.38.0 pillow==13.0.0 PyYAML==6.0.4 mcap==1.6.0 mcap-ros2-support==0.6.0 rosbags==0.11.9)
# The programs in it name the folder they were installed in: a checkout that was moved gets them anew.
if [ -n "${METRICSLAM_FORMATS:-}" ] || [ "$(cat "$dir/projects" 2>/dev/null)" = "$dir ${projects[*]}" ]; then exit 0; fi
say "getting readers of other formats into .cache/formats (650 MB)"
python_tool "$dir" "the tests that open files with them" "${projects[@]}"
[ ! -d "$dir" ] || echo "$dir ${projects[*]}" >"$dir/projects"
