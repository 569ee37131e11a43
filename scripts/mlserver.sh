#!/usr/bin/env bash
# Makes .cache/mlserver with MLServer, a server of the KServe v2 protocol that a
# test of depth/kserve starts, kills and starts again. Without a network that
# test is skipped, but not where CI=true.
source "$(dirname "$0")/lib.sh"

if [ -n "${METRICSLAM_MLSERVER:-}" ] || [ -x "$cache/mlserver/bin/mlserver" ]; then exit 0; fi
say "getting MLServer into .cache/mlserver (330 MB)"
rm -rf "$cache/mlserver"
if python3 -m venv "$cache/mlserver" &&
  "$cache/mlserver/bin/python" -m pip install --quiet --disable-pip-version-check mlserver==1.7.1; then
  exit 0
fi
rm -rf "$cache/mlserver"
[ "${CI:-}" != true ] || die "could not install MLServer"
echo "MLServer could not be installed; the test that speaks to it will be skipped" >&2
