#!/usr/bin/env bash
# Makes .cache/venv with the evo package, against which the tests compare the
# trajectory errors. Without a network the tests that need it are skipped, but
# not where CI=true.
source "$(dirname "$0")/lib.sh"

if [ -n "${METRICSLAM_EVO:-}" ] || [ -x "$cache/venv/bin/evo_ape" ]; then exit 0; fi
say "getting evo into .cache/venv"
python_tool "$cache/venv" "the tests that compare with it" evo==1.38.0
