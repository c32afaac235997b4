#!/usr/bin/env bash
# coverage.sh - which lines of model/ the unit tests execute.
#
#   deploy/coverage.sh [FOLDER...]    other folders, e.g. common/ consumer/
#
# PCTR_DATA=FOLDER has the real data sets, for the tests that read them.
# Prints gcovr's table. Status 1: a test failed, or model/ is below 95 %.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
folders=("$@")
[ $# -gt 0 ] || folders=(model/)
least=()
[ $# -gt 0 ] || least=(--fail-under-line 95)

cmake --preset coverage >/dev/null
cmake --build --preset coverage -j"$(nproc)" | tail -1
find build/coverage -name '*.gcda' -delete
ctest --test-dir build/coverage -L unit -j"$(nproc)" --output-on-failure |
    tail -25
gcovr --root . "${folders[@]/#/--filter=}" "${least[@]}" build/coverage
