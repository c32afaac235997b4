#!/usr/bin/env bash
# soak.sh - the whole way on three brokers for so many minutes, while processes
# and brokers are killed, frozen and restarted, the network between them fails and
# bad records come, at random; then the account, which must be exact, and the
# memory of each process, which must not have grown.
#
#   deploy/soak.sh MINUTES
#
# It takes brokers of its own, 2 GiB of memory, and the packages that are there.
# The logs and the samples of memory, one a second, stay in build/soak/. PCTR_SEED
# repeats a choice of faults, but for what the machine adds.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ! ${1:-} =~ ^[1-9][0-9]{0,2}$ ]]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
    [ "${1:-}" = --help ] && exit 0 || exit 2
fi

deploy/kafka install >/dev/null
mkdir -p build/soak
cmake --preset dev >/dev/null
cmake --build --preset dev -j "$(nproc)" --target pctr check_soak
# The variable only says that a broker can be had: the test starts its own.
PCTR_KAFKA=own PCTR_SOAK_MINUTES=$1 PCTR_SOAK_FILE=build/soak/memory.csv \
    build/dev/tests/broker/check_soak 2>&1 | tee build/soak/soak.log
