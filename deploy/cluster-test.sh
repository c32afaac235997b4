#!/usr/bin/env bash
# cluster-test.sh - the whole way on three brokers that are killed, frozen,
# restarted, moved and robbed of their quorum, and the account of each round.
#
#   deploy/cluster-test.sh                builds and runs all rounds
#   deploy/cluster-test.sh --no-install   with the packages that are there
#
# It takes about ten minutes, 2 GiB of memory and 1 GiB of disk, and a cluster
# of its own. PCTR_DATA=FOLDER has real clicks to feed. Prints what a round's
# faults did, its account, and the longest time without a prediction on a
# partition (gap_ms); status 0 means that nothing was lost or doubled.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
'') deploy/install-packages.sh build test broker ;;
--no-install) ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
   [ "$1" = --help ] && exit 0 || exit 2 ;;
esac
deploy/kafka install >/dev/null
cmake --preset dev >/dev/null
cmake --build --preset dev -j "$(nproc)" --target pctr check_cluster
# The variable only says that a broker can be had: the test starts its own.
PCTR_KAFKA=own exec build/dev/tests/broker/check_cluster
