#!/usr/bin/env bash
# Gets the ONNX Runtime library, which runs depth networks, into
# .cache/onnxruntime with its licence: from the Python wheel, else from the npm
# package.
source "$(dirname "$0")/lib.sh"

version=1.32.0
declare -A wheels=(
  [x86_64]=99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8
  [aarch64]=e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054
)
npm_version=1.30.0
npm_sum=6e3390d6b783e7be946fad629292799da28d0b42f84856e50d2c1b0383291e75
declare -A npm_arch=([x86_64]=x64 [aarch64]=arm64)

[ -z "${METRICSLAM_ONNXRUNTIME:-}" ] || exit 0
dir=$cache/onnxruntime
for lib in "$dir"/libonnxruntime.so.*; do
  [ ! -s "$lib" ] || [ ! -s "$dir/LICENSE" ] || exit 0
done
arch=$(uname -m)
[ -n "${wheels[$arch]:-}" ] || die "no ONNX Runtime for $arch is known here; name its library with METRICSLAM_ONNXRUNTIME"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$dir"

# place FILE NAME puts the library there under its final name in one step.
place() {
  mv "$1" "$dir/.$2.part"
  mv "$dir/.$2.part" "$dir/$2"
}

say "getting ONNX Runtime into .cache/onnxruntime"
if fetch_wheel "$tmp" "onnxruntime==$version" "manylinux_2_28_$arch"; then
  wheel=("$tmp"/*.whl)
  check_sha256 "${wheel[0]}" "${wheels[$arch]}"
  python3 -m zipfile -e "${wheel[0]}" "$tmp/wheel"
  place "$tmp/wheel/onnxruntime/LICENSE" LICENSE
  place "$tmp/wheel/onnxruntime/ThirdPartyNotices.txt" ThirdPartyNotices.txt
  place "$tmp/wheel/onnxruntime/capi/libonnxruntime.so.$version" "libonnxruntime.so.$version"
elif have npm && (cd "$tmp" && npm pack --silent --ignore-scripts --fetch-retries=1 "onnxruntime-node@$npm_version" >/dev/null); then
  check_sha256 "$tmp/onnxruntime-node-$npm_version.tgz" "$npm_sum"
  tar -xzf "$tmp/onnxruntime-node-$npm_version.tgz" -C "$tmp" "package/bin/napi-v6/linux/${npm_arch[$arch]}/libonnxruntime.so.1"
  echo "ONNX Runtime, Copyright (c) Microsoft Corporation, MIT License: https://github.com/microsoft/onnxruntime" >"$tmp/LICENSE"
  place "$tmp/LICENSE" LICENSE
  place "$tmp/package/bin/napi-v6/linux/${npm_arch[$arch]}/libonnxruntime.so.1" "libonnxruntime.so.$npm_version"
else
  die "could not download ONNX Runtime with pip or npm: is there a network? Or name a library that you have with METRICSLAM_ONNXRUNTIME"
fi
