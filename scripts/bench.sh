#!/usr/bin/env bash
# Times the stages and the whole commands and compares them with the baseline of this
# machine, $BENCH_BASELINE or .cache/bench. Where there is none, these times become it;
# to renew it, delete it. Stages are compared by benchstat, commands by their medians.
source "$(dirname "$0")/lib.sh"

baseline=${BENCH_BASELINE:-$cache/bench}
out=results/bench
rm -rf "$out"
mkdir -p "$out"

# stage PACKAGE BENCHMARKS
stage() {
  go test -run '^$' -bench "^($2)\$" -count 6 -benchtime .3s "$1" | grep -E '^(goos|goarch|pkg|cpu|Benchmark)' | tee -a "$out/stages.txt"
}

say "stages"
stage ./datasets 'BenchmarkNext'
stage ./frontend 'BenchmarkNewImage|BenchmarkTrackImage'
stage ./geom 'BenchmarkRefinePnP400'
stage ./depth/network 'BenchmarkShipped640x480'
stage ./optimize 'BenchmarkLocalWindow'
stage ./multiview 'BenchmarkRefine'
stage ./fusion 'BenchmarkIntegrate|BenchmarkMesh|BenchmarkAlign'
stage ./fusion/surface 'BenchmarkSimplify'
stage ./report 'BenchmarkWrite'

# Open3D integrates the same images into the same voxels, on one core.
if [ -e "$data/tum/redkitchen" ]; then
  [ -x "$cache/open3d/bin/python" ] || python_tool "$cache/open3d" "the time of Open3D" open3d==0.19.0
  if [ -x "$cache/open3d/bin/python" ]; then
    OMP_NUM_THREADS=1 "$cache/open3d/bin/python" scripts/bench_open3d.py "$data/tum/redkitchen" | tee -a "$out/stages.txt"
  fi
fi

say "whole commands"
before=()
if [ -e "$baseline/bench.json" ]; then before=(--before "$baseline/bench.json"); fi
status=0
bin/metricslam bench --suite scripts/speed.yaml --data "$data" -o "$out" --quiet "${before[@]}" || status=$?

if [ ! -e "$baseline/stages.txt" ]; then
  [ "$status" = 0 ] || die "a command failed: nothing was kept"
  mkdir -p "$baseline"
  cp "$out/stages.txt" "$out/bench.json" "$baseline"
  say "these times are the baseline from now on: $baseline"
  exit
fi
processor() { grep -m 1 '^cpu:' "$1"; }
[ "$(processor "$baseline/stages.txt")" = "$(processor "$out/stages.txt")" ] ||
  die "the baseline $baseline is that of another processor; delete it"
go run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da "baseline=$baseline/stages.txt" "now=$out/stages.txt" | tee "$out/benchstat.txt"
exit "$status"
