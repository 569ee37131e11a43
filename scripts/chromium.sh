#!/usr/bin/env bash
# Installs Debian's headless Chromium, in which the tests open report.html and the
# page of --serve: 100 MB to fetch. Where the distribution has none (Ubuntu has a
# snap) those tests are skipped, but not where CI=true.
source "$(dirname "$0")/lib.sh"

if [ -n "${METRICSLAM_CHROMIUM:-}" ] || have chromium-headless-shell || have chromium; then exit 0; fi
fail() {
  [ "${CI:-}" != true ] || die "$1"
  echo "$1; the tests of the page in a browser will be skipped" >&2
  exit 0
}
have apt-get || fail "there is no apt-get to install Chromium with"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  have sudo || fail "there is no sudo to install Chromium with"
  as_root=(sudo)
fi
mkdir -p "$cache"
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$cache/packages.log" 2>&1; }
known() { [ -n "$(apt-cache madison chromium-headless-shell 2>/dev/null)" ]; }
known || apt update || fail "the list of packages could not be fetched"
known || fail "this distribution has no chromium-headless-shell"
say "installing chromium-headless-shell for the tests (log: .cache/packages.log)"
apt install -y --no-install-recommends chromium-headless-shell || fail "chromium-headless-shell could not be installed"
