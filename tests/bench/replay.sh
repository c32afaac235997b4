#!/usr/bin/env bash
# replay.sh - `pctr replay` beside plain consumption of the same range.
#
#   tests/bench/replay.sh
#
# Feeds impressions with labels once per instance, then in turns reads both
# topics with kcat to nowhere and replays them: a field of the impressions (no
# model at all), a snapshot, and the models that were live. Prints records/s
# of each, and the ratios of the same turn.
#
# Environment: BUILD (build/release), ROWS (1000000 impressions), TURNS (3),
# INSTANCE (bench; of deploy/kafka). What counts are ratios of one run; the
# machine should do nothing else.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=common.sh
. "$root/tests/bench/common.sh"
build=${BUILD:-$root/build/release}
rows=${ROWS:-1000000} turns=${TURNS:-3} instance=${INSTANCE:-bench}
pctr=$build/cli/pctr
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

impressions=replay-impressions-$rows labels=replay-labels-$rows
topics=(--topic.impressions "$impressions" --topic.labels "$labels")

quietly() { "$@" >"$work/log" 2>&1 || die "$* : $(tail -1 "$work/log")"; }

prepare() {
    broker=$("$root/deploy/kafka" start --instance "$instance")
    if [ "$(count "$impressions" 2>/dev/null)" -lt "$rows" ]; then
        echo "# feeding $rows impressions"
        quietly "$pctr" topics -b "$broker" --partitions 8 --history \
            "${topics[@]}"
        quietly "$pctr" feed -b "$broker" --world --world.rows "$rows" \
            --world.users 20000 --world.ads 2000 --clock.step_ms 20 \
            --world.truth_field truth "${topics[@]}"
    fi
    records=$(($(count "$impressions") + $(count "$labels")))
    if ! "$pctr" snapshot list -b "$broker" --model.name replay 2>/dev/null |
        grep -q svd; then
        quietly "$pctr" train -b "$broker" --exit.at_end "${topics[@]}" \
            --http.port 0 --model.name replay --model.algorithm svd \
            --model.params "factors=20 epochs=5"
    fi
    quietly "$pctr" snapshot fetch -b "$broker" --model.name replay \
        --output "$work/model.snap" 1
}

# 0 where there is no such topic.
count() {
    { kcat -C -e -q -b "$broker" -t "$1" -f '.\n' -o beginning || true; } |
        wc -l
}

run_plain() {
    kcat -C -e -q -b "$broker" -t "$impressions" -o beginning >/dev/null
    kcat -C -e -q -b "$broker" -t "$labels" -o beginning >/dev/null
}

replay() {
    quietly "$pctr" replay -b "$broker" "${topics[@]}" --bootstrap 0 \
        --model.name replay "$1"
}
run_field() { replay field:truth; }
run_snapshot() { replay "$work/model.snap"; }
run_live() { replay live; }

prepare
echo "# $records records on $(nproc) cores"
kinds=(plain field snapshot live)
for ((turn = 0; turn < turns; turn++)); do
    for kind in "${kinds[@]}"; do
        start=$(now_ms)
        "run_$kind"
        took=$(($(now_ms) - start))
        echo "$took" >>"$work/$kind"
        echo "$turn $kind $took ms"
        [ "$kind" = plain ] && plain=$took
        echo "$took $plain" | awk '{print $1 / $2}' >>"$work/$kind.ratio"
    done
done
for kind in "${kinds[@]}"; do
    took=$(median <"$work/$kind")
    printf '%-9s %9d records/s, %.2f x the time of plain consumption\n' \
        "$kind" $((records * 1000 / took)) "$(median <"$work/$kind.ratio")"
done
