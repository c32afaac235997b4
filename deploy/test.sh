#!/usr/bin/env bash
# test.sh - installs what is needed, builds, and runs every test.
#
#   deploy/test.sh            all: unit, mock, broker (an Apache Kafka of its
#                             own), sanitizers, fuzzers for a few seconds
#   deploy/test.sh --quick    unit and mock tests only
#   deploy/test.sh --no-install   with the packages that are there
#
# Environment: PCTR_KAFKA=HOST:PORT uses that broker instead of an own one, and
# PCTR_REGISTRY=URL that schema registry;
# PCTR_DATA=FOLDER has the real data sets, for the tests that read them;
# FUZZ_SECONDS (default 5) is for each fuzzer.
# Ends with ctest's own summaries and one line of ours; status 0 means that
# nothing failed.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
logs=build/logs
jobs=$(nproc)
fuzz_seconds=${FUZZ_SECONDS:-5}
quick=false install=true
failures=() skips=()
instance='' registry=''
promises="exactly-once, transactions and fencing, replay by time, durability"

# Whoever has the real data sets may keep them in a folder beside the checkout.
for file in ../*/data/Click_prediction_small.csv.gz; do
    if [ -z "${PCTR_DATA:-}" ] && [ -f "$file" ]; then
        PCTR_DATA=$(cd "$(dirname "$file")" && pwd)
        export PCTR_DATA
    fi
done

for option in "$@"; do
    case $option in
    --quick) quick=true ;;
    --no-install) install=false ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
       [ "$option" = --help ] && exit 0 || exit 2 ;;
    esac
done

step() { # NAME COMMAND...: runs it, keeps its words, tells how long it took
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    if "$@" >"$logs/$name.log" 2>&1; then
        echo "   ok, $((SECONDS - start)) s"
        return 0
    fi
    tail -n 60 "$logs/$name.log"
    echo "   FAILED after $((SECONDS - start)) s: $logs/$name.log"
    failures+=("$name")
    return 1
}

skip() { # WHAT PROMISES
    echo
    echo "SKIPPED: $1: promises not tested: $2"
    echo
    skips+=("$1")
}

build() { # PRESET
    cmake --preset "$1" && cmake --build --preset "$1" -j "$jobs"
}

end_kafka() {
    [ -z "$instance" ] || deploy/kafka wipe --instance "$instance"
    instance=
    [ -z "$registry" ] || deploy/registry stop --instance "$registry"
    registry=
}
trap end_kafka EXIT

# ctest has no word of the tests that pass, and some of them skip a part.
run_ctest() { # PRESET JOBS
    local folder=build/$1 status
    [ "$1" != broker ] || folder=build/dev
    ctest --preset "$1" -j "$2"
    status=$?
    grep -a '^SKIPPED: ' "$folder/Testing/Temporary/LastTest.log"
    return $status
}

own_kafka() {
    if $install; then
        step packages-broker deploy/install-packages.sh broker || return 1
    fi
    step kafka-install deploy/kafka install || return 1
    instance=test-$$
    step kafka-start deploy/kafka start --instance "$instance" || return 1
    PCTR_KAFKA=$(deploy/kafka address --instance "$instance")
}

# Without a registry those tests say that they are skipped.
own_registry() {
    registry=test-$$
    PCTR_REGISTRY=$(deploy/registry start --instance "$registry" \
        2>"$logs/registry.log") && return
    unset PCTR_REGISTRY
    skip "no schema registry could be had" "Avro by the schemas of a real registry"
}

broker_tests() {
    if [ -z "${PCTR_KAFKA:-}" ] && ! own_kafka; then
        # No broker is a fact about this machine, not about the program.
        local -a kept=()
        for name in "${failures[@]}"; do
            case $name in
            packages-broker | kafka-*) ;;
            *) kept+=("$name") ;;
            esac
        done
        failures=(${kept[@]+"${kept[@]}"})
        skip "no Kafka could be had" "$promises"
        return
    fi
    [ -n "${PCTR_REGISTRY:-}" ] || own_registry
    # Two at a time: they wait for each other's broker and for time-outs. Those
    # that measure or kill run alone.
    PCTR_KAFKA=$PCTR_KAFKA PCTR_REGISTRY=${PCTR_REGISTRY:-} \
        step ctest-broker run_ctest broker 2
    end_kafka
}

sanitizer_tests() { # PRESET
    step "build-$1" build "$1" && step "ctest-$1" run_ctest "$1" $((2 * jobs))
}

run_fuzzers() {
    local fuzzer count=0
    local -a corpus
    for fuzzer in build/asan/tests/fuzz/fuzz_*; do
        [ -x "$fuzzer" ] || continue
        corpus=("build/corpus/${fuzzer##*/}") # what is found goes to the first
        mkdir -p "${corpus[0]}"
        [ -d "tests/fuzz/corpus/${fuzzer##*/}" ] &&
            corpus+=("tests/fuzz/corpus/${fuzzer##*/}")
        echo "${fuzzer##*/}"
        "$fuzzer" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 \
            -artifact_prefix="$logs/" "${corpus[@]}" 2>&1 | tail -n 20
        [ "${PIPESTATUS[0]}" = 0 ] || return 1
        count=$((count + 1))
    done
    [ "$count" -gt 0 ] || { echo "no fuzzer was built"; return 1; }
}

summary() {
    local log
    for log in dev asan tsan broker; do
        log=$logs/ctest-$log.log
        [ -f "$log" ] || continue
        echo "-- ${log##*/}"
        grep -aE '^SKIPPED: |tests passed|tests failed|^[a-z]+ += .*sec\*proc|Total Test time|\((Failed|Skipped|Timeout|Not Run)\)' "$log"
        # What a test asserted, or a sanitizer saw: the rest is in the log.
        grep -aE ':[FE]:|Sanitizer: |runtime error: ' "$log" | head -n 20
    done
    if [ ${#failures[@]} -gt 0 ]; then
        echo "deploy/test.sh: FAILED: ${failures[*]} (${SECONDS} s)"
        return 1
    fi
    if [ ${#skips[@]} -gt 0 ]; then
        echo "deploy/test.sh: passed in ${SECONDS} s, but SKIPPED: ${skips[*]}"
    else
        echo "deploy/test.sh: passed in ${SECONDS} s"
    fi
}

mkdir -p "$logs"
rm -f "$logs"/*.log
if $install; then
    step packages deploy/install-packages.sh build test || exit 1
    $quick || step packages-analysis deploy/install-packages.sh analysis || exit 1
fi

has_browser() {
    command -v chromium >/dev/null && command -v python3 >/dev/null
}
if $install && ! $quick && ! has_browser; then
    deploy/install-packages.sh browser >"$logs/packages-browser.log" 2>&1
fi
has_browser ||
    skip "no Chromium, or no Python" "the replay's page in a browser"
step build-dev build dev || exit 1
step ctest-dev run_ctest dev $((3 * jobs)) # most of them wait
if ! $quick; then
    broker_tests
    sanitizer_tests asan
    step fuzz run_fuzzers
    sanitizer_tests tsan
fi
[ -n "${PCTR_DATA:-}" ] ||
    skip "PCTR_DATA names no folder" "figures on the real data sets"
summary
