#!/usr/bin/env bash
# Makes .cache/venv with the evo package, against which the tests compare the
# trajectory errors. Without a network the tests that need it are skipped, but
# not where CI=true.
source "$(dirname "$0")/lib.sh"

if [ -n "${METRICSLAM_EVO:-}" ] || [ -x "$cache/venv/bin/evo_ape" ]; then exit 0; fi
say "getting evo into .cache/venv"
rm -rf "$cache/venv"
if python3 -m venv "$cache/venv" &&
  "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check evo==1.38.0; then
  exit 0
fi
rm -rf "$cache/venv"
[ "${CI:-}" != true ] || die "could not install evo"
echo "evo could not be installed; the tests that compare with it will be skipped" >&2
