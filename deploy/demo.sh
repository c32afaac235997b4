#!/usr/bin/env bash
# demo.sh - from a bare Debian to predictions: installs the libraries, builds
# the release, runs `pctr demo` with the arguments given.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
deploy/install-packages.sh build
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release && cmake --build --preset release; } >"$log" 2>&1
then
    cat "$log" >&2
    exit 1
fi
rm -f "$log"
exec build/release/cli/pctr demo "$@"
