#!/usr/bin/env bash
# Gets three.js, which draws the map in report.html, into page/three, from where
# the build takes it into the program: from its npm package, else from the wheel
# of a Python package that carries the same files, byte by byte.
source "$(dirname "$0")/lib.sh"

npm_version=0.168.0
wheel_version=2.24.2
declare -A sums=(
  [three.module.js]=bdbe1d0133b5e8e02bd6299abc75338ab32e5225c0db39f4f3e76a22cbbeb156
  [OrbitControls.js]=80efaadea4f8a636a65fb0bd08bfef62f3d93a0bb94e2e7500f23176c5c07f4e
)
declare -A in_npm=([three.module.js]=build [OrbitControls.js]=examples/jsm/controls)
declare -A in_wheel=([three.module.js]=. [OrbitControls.js]=modules)
kept=$cache/three-$npm_version

# complete DIR: whether all files lie there as they should be.
complete() {
  for f in "${!sums[@]}"; do
    echo "${sums[$f]}  $1/$f"
  done | sha256sum --check --status 2>/dev/null
}

# keep DIR FILE: checks a file of DIR and puts it among those that are kept.
keep() {
  check_sha256 "$1/$2" "${sums[$2]}"
  mkdir -p "$kept"
  cp "$1/$2" "$kept/.$2.part"
  mv "$kept/.$2.part" "$kept/$2"
}

if complete page/three; then exit 0; fi
if ! complete "$kept"; then
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  say "getting three.js into .cache/three-$npm_version"
  if have npm && (cd "$tmp" && npm pack --silent --ignore-scripts --fetch-retries=1 "three@$npm_version" >/dev/null); then
    tar -xzf "$tmp/three-$npm_version.tgz" -C "$tmp"
    for f in "${!sums[@]}"; do keep "$tmp/package/${in_npm[$f]}" "$f"; done
  elif fetch_wheel "$tmp" "nicegui==$wheel_version" any; then
    python3 -m zipfile -e "$tmp"/nicegui-*.whl "$tmp/wheel"
    for f in "${!sums[@]}"; do keep "$tmp/wheel/nicegui/elements/lib/three/${in_wheel[$f]}" "$f"; done
  else
    die "could not download three.js with npm or pip: is there a network?"
  fi
fi
for f in "${!sums[@]}"; do
  cp "$kept/$f" "page/three/.$f.part"
  mv "page/three/.$f.part" "page/three/$f"
done
