#!/usr/bin/env bash
# sanitize-broker.sh - runs the broker tests, and the program in them, with
# sanitizers: much longer than the tests, and so not part of every change.
#
#   deploy/sanitize-broker.sh asan [TEST...]   addresses, leaks, undefined
#                                              behaviour
#   deploy/sanitize-broker.sh tsan [TEST...]   data races; mock tests as well
#   deploy/sanitize-broker.sh --help
#
# A TEST is a name as in broker.poison or poison; without one all are run. Builds
# the preset of that name, starts an Apache Kafka of its own (deploy/kafka), and
# says a line for each test. What a sanitizer reports fails its test, whatever
# the test itself says. Status 0: nothing failed.
#
# Environment: PCTR_KAFKA=HOST:PORT uses that broker instead of an own one;
# PCTR_TEST_PATIENCE (default 6) multiplies the time limits of the tests;
# PCTR_TEST_MEMORY (default 8) their limits of memory; PCTR_TEST_RUN is a command
# that runs each test (for example "flock FILE").
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }

case ${1:-} in
asan | tsan) preset=$1 ;;
--help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
shift

build=build/$preset
logs=build/logs/sanitize-$preset
support=$PWD/tests/support/sanitize
instance=
failures=0

end_kafka() {
    [ -z "$instance" ] || deploy/kafka wipe --instance "$instance"
    instance=
}
trap end_kafka EXIT

own_kafka() {
    instance=sanitize-$$
    deploy/kafka install && deploy/kafka start --instance "$instance" || return 1
    PCTR_KAFKA=$(deploy/kafka address --instance "$instance")
    export PCTR_KAFKA
}

export PCTR_TEST_PATIENCE=${PCTR_TEST_PATIENCE:-6}
export PCTR_TEST_MEMORY=${PCTR_TEST_MEMORY:-8}
export CK_TIMEOUT_MULTIPLIER=$PCTR_TEST_PATIENCE
export OPENBLAS_NUM_THREADS=1

# Each process writes a file of its own, also one that a test kills. What is
# freed waits in 16 MB and not in 256, which tests of memory would count as the
# program's.
arm() { # LOG
    rm -f "$1".report.*
    export ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=16:log_path=$1.report
    export UBSAN_OPTIONS=print_stacktrace=1:log_path=$1.report
    export TSAN_OPTIONS=suppressions=$support/tsan.supp:log_path=$1.report:exitcode=66:ignore_noninstrumented_modules=1
}

run_test() { # LABEL.NAME
    local test=$1 label=${1%%.*} name=${1#*.} start=$SECONDS status
    local log=$PWD/$logs/$test run=()
    local program=$build/tests/$label/check_$name

    [ -z "${PCTR_TEST_RUN:-}" ] || read -ra run <<<"$PCTR_TEST_RUN"
    [ "$preset" = asan ] || run+=(env "LD_PRELOAD=$PWD/$build/tests/support/libtsan_threads.so")
    arm "$log"
    "${run[@]}" "$program" >"$log.log" 2>&1
    status=$?
    local reports=("$log".report.*)
    if [ "$status" -eq 77 ]; then
        echo "$test: skipped"
    elif [ "$status" -eq 0 ] && [ ! -e "${reports[0]}" ]; then
        echo "$test: ok, $((SECONDS - start)) s"
    else
        failures=$((failures + 1))
        echo "$test: FAILED with status $status after $((SECONDS - start)) s: $log.log"
        grep -hE "^[^ ]*:F:|^[^ ]*:E:" "$log.log" | cut -c1-400
        grep -hE "^SUMMARY|runtime error" "${reports[@]}" 2>/dev/null | sort | uniq -c
    fi
}

tests() {
    local labels=broker label
    [ "$preset" = asan ] || labels="mock broker"
    for label in $labels; do
        sed -n "s/^add_check_test($label \([a-z_]*\).*/$label.\1/p" \
            "tests/$label/CMakeLists.txt"
    done
}

# Those that are asked for, or all.
chosen=()
while read -r test; do
    [ "$#" -eq 0 ] || [[ " $* " == *" $test "* || " $* " == *" ${test#*.} "* ]] ||
        continue
    chosen+=("$test")
done < <(tests)
[ "${#chosen[@]}" -gt 0 ] || { echo "no test is named $*" >&2; exit 2; }

build_chosen() {
    local targets=(pctr "${chosen[@]/#*./check_}")
    [ "$preset" = asan ] || targets+=(tsan_threads)
    cmake --preset "$preset" &&
        cmake --build --preset "$preset" -j "$(nproc)" --target "${targets[@]}"
}

mkdir -p "$logs"
if ! build_chosen >"$logs/build.log" 2>&1; then
    tail -n 40 "$logs/build.log"
    exit 1
fi
[ -n "${PCTR_KAFKA:-}" ] || own_kafka || exit 1

for test in "${chosen[@]}"; do
    run_test "$test" </dev/null
done
echo "$preset: $failures of ${#chosen[@]} failed"
[ "$failures" -eq 0 ]
