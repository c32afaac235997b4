#!/usr/bin/env bash
# capacity.sh - what a scorer takes: processor time of an event and memory by
# model, memory by worker, latency by commit interval. docs/capacity.md has the
# figures.
#
#   tests/bench/capacity.sh [PART...]     default: models
#
# Environment: BUILD (build/release), ROWS (500000; impressions a run), TURNS (3),
# SECONDS_EACH (8; of a latency), INSTANCE (capacity; of deploy/kafka), WORLDS and
# MODELS (which of the tables below; all). A run reads ROWS impressions from the
# beginning and ends; its start and the reading of its model are taken off by a
# run over nothing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=common.sh
. "$root/tests/bench/common.sh"
build=${BUILD:-$root/build/release}
rows=${ROWS:-500000} turns=${TURNS:-3}
pctr=$build/cli/pctr
meter=$build/tests/bench/bench_meter
work=$(mktemp -d)

trap 'stop_all; rm -rf "$work"' EXIT

load() { cut -d' ' -f1 /proc/loadavg; }

# NAME USERS ADS ROWS-TO-LEARN-FROM
worlds() {
    cat <<'END_OF_TABLE'
small 20000 2000 300000
large 500000 20000 1500000
END_OF_TABLE
}

# WORLD ALGORITHM PARAMS
models() {
    cat <<'END_OF_TABLE'
small baseline
small svd factors=20 epochs=3
small svd factors=100 epochs=3
small fields fields=user+ad bits=20
small fields fields=user+ad bits=24
small knn user_based=false
large baseline
large svd factors=20 epochs=2
large svd factors=100 epochs=2
END_OF_TABLE
}

# --- Events ----------------------------------------------------------------------

# Impressions to be scored, and others with labels to learn from.
feed_world() { # NAME USERS ADS ROWS
    local world=(--world --world.users "$2" --world.ads "$3" --clock.step_ms 1)
    "$pctr" topics -b "$broker" --partitions 8 --history --topics.prefix "$1." \
        >"$work/topics.log" 2>&1 || die "topics: $(tail -1 "$work/topics.log")"
    "$pctr" topics -b "$broker" --partitions 8 --history --topics.prefix "$1-seen." \
        >"$work/topics.log" 2>&1
    "$pctr" feed -b "$broker" --topics.prefix "$1." "${world[@]}" \
        --world.rows "$rows" --seed 3 --topic.labels= >"$work/feed.log" 2>&1 ||
        die "feed: $(tail -1 "$work/feed.log")"
    "$pctr" feed -b "$broker" --topics.prefix "$1-seen." "${world[@]}" \
        --world.rows "$4" --seed 2 --labels all --label.pairs \
        >"$work/feed.log" 2>&1 || die "feed: $(tail -1 "$work/feed.log")"
}

# Prints the bytes of the model.
learn() { # WORLD NAME ALGORITHM PARAMS
    local join=labels
    [ "$3" != fields ] || join=impressions
    "$pctr" train -b "$broker" --exit.at_end --topics.prefix "$1-seen." --join "$join" \
        --topic.models "$1.models" --topic.chunks "$1.model-chunks" \
        --http.port 0 --model.name "$2" --model.algorithm "$3" --model.params "$4" \
        --evaluate=false >"$work/train.log" 2>&1 ||
        die "train: $(tail -1 "$work/train.log")"
    sed -n 's/.*msg="model published".* bytes=\([0-9]*\).*/\1/p' "$work/train.log" | tail -1
}

# --- A run -----------------------------------------------------------------------

# Prints CPU_SECONDS PEAK_KIB.
run() { # WORLD MODEL WORKERS OPTION...
    local out group
    group=capacity-$(date +%s%N)
    out=$1-out-$group
    "$meter" topic "$broker" "$out"
    "$meter" cost "$work/cost" "$pctr" score -b "$broker" --topics.prefix "$1." \
        --topic.predictions "$out" --group "$group" --workers "$3" --http.port 0 \
        --state.dir= --model.name "$2" --exit.at_end "${@:4}" \
        >"$work/score.log" 2>&1 || die "score: $(tail -1 "$work/score.log")"
    cat "$work/cost"
    "$meter" drop "$broker" "$out"
}

# WORLD ALGORITHM PARAMS BYTES: us of an event, and MiB at the peak.
cost_of() { # WORLD ALGORITHM PARAMS
    local name=$2-${3//[^a-z0-9]/} bytes us=() mib=() full none
    bytes=$(learn "$1" "$name" "$2" "$3")
    for _ in $(seq "$turns"); do
        none=$(run "$1" "$name" 1 --offset.start=latest)
        full=$(run "$1" "$name" 1)
        us+=("$(awk -v n="$rows" -v none="${none% *}" \
            '{printf "%.2f", ($1 - none) * 1e6 / n}' <<<"$full")")
        mib+=("$(awk '{printf "%d", $2 / 1024}' <<<"$full")")
    done
    awk -v what="$1 | $2 $3" -v bytes="$bytes" \
        -v us="$(printf '%s\n' "${us[@]}" | median)" \
        -v least="$(printf '%s\n' "${us[@]}" | sort -n | head -1)" \
        -v most="$(printf '%s\n' "${us[@]}" | sort -n | tail -1)" \
        -v mib="$(printf '%s\n' "${mib[@]}" | median)" -v load="$(load)" 'BEGIN {
            printf "| %s | %.1f | %.2f (%.2f to %.2f) | %d | %d | load %s\n", what,
                   bytes / 1048576, us, least, most, 1e6 / us, mib, load }'
}

# --- Parts -----------------------------------------------------------------------

prepare() {
    local name users ads seen
    [ -x "$meter" ] || die "no $meter: configure with -DBUILD_TESTING=ON"
    broker=$("$root/deploy/kafka" start --instance "${INSTANCE:-capacity}")
    while read -r name users ads seen; do
        [[ " ${WORLDS:-small large} " = *" $name "* ]] || continue
        if ! "$meter" span "$broker" "$name.impressions" 2>/dev/null | grep -q "^$rows "; then
            echo "# feeding $name: $users users, $ads ads"
            feed_world "$name" "$users" "$ads" "$seen"
        fi
    done < <(worlds)
}

models_part() {
    local world algorithm params
    echo "| world | model | MiB of the model | us of an event | events/s a core | MiB at the peak |"
    while read -r world algorithm params; do
        [[ " ${WORLDS:-small large} " = *" $world "* ]] || continue
        [[ "$algorithm" =~ ^(${MODELS:-.*})$ ]] || continue
        cost_of "$world" "$algorithm" "$params" </dev/null
    done < <(models)
}

workers_part() {
    local workers list
    learn small workers baseline '' >/dev/null
    for workers in 1 2 4 8; do
        list=()
        for _ in $(seq "$turns"); do
            list+=("$(run small workers "$workers" | awk '{printf "%d", $2 / 1024}')")
        done
        echo "workers $workers: $(printf '%s\n' "${list[@]}" | median) MiB at the peak, load $(load)"
    done
}

trip() { # COMMIT_MS
    local from to
    from=capacity-in-$(date +%s%N)
    to=capacity-out-$(date +%s%N)
    "$meter" topic "$broker" "$from"
    "$meter" topic "$broker" "$to"
    "$pctr" score -b "$broker" --group "$to" --http.port 0 --topics.prefix small. \
        --topic.impressions "$from" --topic.predictions "$to" --state.dir= \
        --commit.interval_ms "$1" >"$work/score.log" 2>&1 &
    running+=($!)
    sleep 4
    "$meter" latency "$broker" "$from" "$to" 1000 "${SECONDS_EACH:-8}"
    stop_all
    "$meter" drop "$broker" "$from"
    "$meter" drop "$broker" "$to"
}

latency_part() {
    local interval list
    for interval in 10 50 100 200 500 1000; do
        list=$(for _ in $(seq "$turns"); do trip "$interval"; done)
        echo "commit $interval ms: p50 $(cut -d' ' -f2 <<<"$list" | median)," \
            "p99 $(cut -d' ' -f3 <<<"$list" | median) ms, load $(load)"
    done
}

prepare
for part in "${@:-models}"; do
    case $part in
    models | workers | latency) "${part}_part" ;;
    *) die "no such part: $part" ;;
    esac
done
