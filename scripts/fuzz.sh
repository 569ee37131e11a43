#!/usr/bin/env bash
# fuzz.sh TIME [PACKAGE...]: runs each fuzz test of the packages (default: all) for
# TIME (Go's -fuzztime: 3s, 10m), one after the other. An input that fails stays in
# the package's testdata/fuzz, where `go test` tries it from then on.
# What is found interesting is made shorter by a number of tries: Go's default, up to a
# minute for each, leaves no time for anything else.
source "$(dirname "$0")/lib.sh"

time=${1:?want a time for each fuzz test, such as 3s}
shift
[ $# -gt 0 ] || set -- ./...
log=$(mktemp)
trap 'rm -f "$log"' EXIT
files=$(go list -f '{{range .TestGoFiles}}{{$.Dir}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}} {{end}}' "$@")
failed=0
# A busy machine ends a test while its workers answer: go test then says "context
# deadline exceeded" of a test that found nothing (golang/go issue 75804). What it found
# has an input, a panic or other words.
only_late() {
  grep -q '^    context deadline exceeded$' "$log" &&
    ! grep -vE '^(fuzz: |--- FAIL: Fuzz|    context deadline exceeded$|FAIL|exit status 1$|$)' "$log" | grep -q .
}
for file in $files; do
  for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
    package=./$(realpath --relative-to=. "$(dirname "$file")")
    if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 500x "$package" >"$log" 2>&1 </dev/null || only_late; then
      say "$package $target: $(grep '^fuzz: elapsed' "$log" | tail -n 1 | sed 's/^fuzz: //')"
    else
      grep -v '^fuzz: elapsed' "$log" | tail -n 60 >&2
      say "$package $target failed"
      failed=1
    fi
  done
done
exit "$failed"
