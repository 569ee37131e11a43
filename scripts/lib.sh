# shellcheck shell=bash disable=SC2034 # what is unused here is used there
# Shared by the scripts beside it, which source it first: strict mode, the
# source folder as working folder, and where things lie.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=$PWD/.cache
export PATH="$cache/go/bin:$PATH"

export GOFLAGS=${GOFLAGS:--trimpath -buildvcs=false} # as in the Makefile, to share the build cache

# The real sequences, unless METRICSLAM_DATA names another folder.
data=${METRICSLAM_DATA:-../shared/data}

say() { echo "== $*"; }
die() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# check_sha256 FILE SUM
check_sha256() {
  echo "$2  $1" | sha256sum --check --status ||
    die "the sha256 of $(basename "$1") is not $2; delete it and try again, and suspect the mirror if it persists"
}

# fetch_wheel DIR PROJECT==VERSION PLATFORM...: downloads the one wheel into DIR,
# whatever Python this machine has.
fetch_wheel() {
  local dir=$1 what=$2 platforms=()
  shift 2
  for p in "$@"; do platforms+=(--platform "$p"); done
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --python-version 3.12 "${platforms[@]}" --dest "$dir" "$what"
}

# python_tool DIR FOR PROJECT==VERSION...: Python programs of the tests in a virtual
# environment of their own. Without a network what they are FOR is skipped, but not
# where CI=true.
python_tool() {
  local dir=$1 for=$2
  shift 2
  rm -rf "$dir"
  if python3 -m venv "$dir" && "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$@"; then return; fi
  rm -rf "$dir"
  [ "${CI:-}" != true ] || die "could not install $*"
  echo "$* could not be installed; $for will be skipped" >&2
}
