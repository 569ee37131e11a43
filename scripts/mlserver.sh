#!/usr/bin/env bash
# Makes .cache/mlserver with MLServer, a server of the KServe v2 protocol that a
# test of depth/kserve starts, kills and starts again. Without a network that
# test is skipped, but not where CI=true.
source "$(dirname "$0")/lib.sh"

if [ -n "${METRICSLAM_MLSERVER:-}" ] || [ -x "$cache/mlserver/bin/mlserver" ]; then exit 0; fi
say "getting MLServer into .cache/mlserver (330 MB)"
python_tool "$cache/mlserver" "the test that speaks to it" mlserver==1.7.1
