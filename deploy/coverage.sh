#!/usr/bin/env bash
# coverage.sh - which lines the unit, mock and cli tests execute.
#
#   deploy/coverage.sh [FOLDER...]    only these folders, e.g. common/ consumer/
#
# PCTR_DATA=FOLDER has the real data sets, for the tests that read them;
# PCTR_KAFKA=HOST:PORT is a broker for the broker tests, which count with it
# only (exactly-once, replay and whole runs are tested by nothing else).
# Prints gcovr's tables, model/ last. Status 1: a test failed, or model/ is
# below 95 % of its lines.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/coverage
counts=$build/coverage.json
least=95
labels='unit|mock|cli'
[ -z "${PCTR_KAFKA:-}" ] || labels+='|broker'

report() { # OPTION... FOLDER...: a table of these folders
    local options=() folder
    for folder; do
        case $folder in
        --*) options+=("$folder") ;;
        *) options+=("--filter=$folder") ;;
        esac
    done
    gcovr --root . --add-tracefile "$counts" "${options[@]}"
}

cmake --preset coverage >/dev/null
cmake --build --preset coverage -j"$(nproc)" | tail -n 1
find $build -name '*.gcda' -delete
ctest --test-dir $build -L "$labels" -j"$(nproc)" --output-on-failure |
    tail -n 40
gcovr --root . --object-directory $build --json "$counts" $build

if [ $# -gt 0 ]; then
    report "$@"
    exit
fi
report common/ producer/ consumer/ cli/
report "--fail-under-line=$least" model/
