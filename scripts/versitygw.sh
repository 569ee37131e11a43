#!/usr/bin/env bash
# Builds Versity's S3 gateway, a server of the S3 protocol over a folder, against which
# the tests of package storage run. Without a network those tests are skipped, but not
# where CI=true.
source "$(dirname "$0")/lib.sh"

version=v1.8.0
dir=$cache/versitygw-$version
[ ! -x "$dir/versitygw" ] || exit 0
say "building versitygw $version for the tests"
if ! GOBIN=$dir go install "github.com/versity/versitygw/cmd/versitygw@$version" 2>>"$cache/packages.log"; then
  [ "${CI:-}" != true ] || die "versitygw could not be built, see .cache/packages.log"
  echo "versitygw could not be built; the tests of S3 will be skipped" >&2
fi
