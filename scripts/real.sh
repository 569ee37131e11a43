#!/usr/bin/env bash
# Runs the main job on the real sequences of METRICSLAM_DATA and holds its
# results against bounds. Missing sequences are named and skipped; where CI=true
# they are a failure.
source "$(dirname "$0")/lib.sh"

out=results/real
failed=0

# check NAME FILE BOUND...
check() {
  local name=$1 file=$2
  shift 2
  if go run ./internal/checkjson "$file" "$@"; then return; fi
  echo "real.sh: $name is out of bounds; see $(dirname "$file")/report.html" >&2
  failed=1
}

# run NAME SEQUENCE FLAG...: false where the sequence is missing or the run fails.
run() {
  local name=$1 sequence=$data/$2
  shift 2
  if [ ! -e "$sequence" ]; then
    echo "real.sh: no $sequence; set METRICSLAM_DATA to the folder that holds it" >&2
    [ "${CI:-}" != true ] || failed=1
    return 1
  fi
  say "$name"
  rm -rf "${out:?}/$name"
  local status=0
  bin/metricslam run "$sequence" -o "$out/$name" --quiet "$@" || status=$?
  case $status in
    0 | 3) return ;; # 3: warnings say that the trajectory cannot be vouched for; the bounds judge it
  esac
  echo "real.sh: the run on $name failed" >&2
  failed=1
  return 1
}

if run redkitchen tum/redkitchen --depth sensor; then
  check redkitchen "$out/redkitchen/report.json" 'frames>=400' 'posed_share>=1' 'ate_se3_m<=0.055'
fi
if run office 7scenes/sun3d_office_1 --depth sensor; then
  check office "$out/office/report.json" 'frames>=50' 'posed_share>=1' 'ate_se3_m<=0.023'
fi
if run kitti kitti/sequences/00 --camera-height 1.65; then
  check kitti "$out/kitti/report.json" 'frames>=170' 'posed_share>=1' 'ate_sim3_m<=0.6'
  bin/metricslam eval trajectory --format kitti --lengths 20,40,60,80 --json \
    --truth "$data/kitti/poses/00.txt" --estimate "$out/kitti/trajectory.kitti" >"$out/kitti/drift.json"
  check kitti "$out/kitti/drift.json" 'kitti.t_rel_percent<=3'
fi
if run kitti-small kitti_small/sequences/00 --camera-height 1.65 --no-mesh; then
  check kitti-small "$out/kitti-small/report.json" 'frames>=600' 'posed_share>=1' 'ate_se3_m<=8' 'false_loops<=0'
  bin/metricslam eval trajectory --format kitti --lengths 100 --json \
    --truth "$data/kitti_small/poses/00.txt" --estimate "$out/kitti-small/trajectory.kitti" >"$out/kitti-small/drift.json"
  check kitti-small "$out/kitti-small/drift.json" 'kitti.t_rel_percent<=3'
fi
if run desk tum/desk --depth sensor --max-frames 440 --no-mesh; then # fast turns
  check desk "$out/desk/report.json" 'frames>=440' 'posed_share>=0.95' 'ate_se3_m<=0.04' 'false_loops<=0'
fi
[ "$failed" = 0 ] || exit 1
say "the real sequences are within bounds"
