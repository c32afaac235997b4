#!/usr/bin/env bash
# score.sh - `pctr score` beside a bare loop over the same bytes, in one run.
#
#   tests/bench/score.sh [PART...]     default: rates latency start
#
#   rates    events/s of each contender in each mode, in turns; ratios
#   formats  predictions as msgpack, as JSON and, with PCTR_REGISTRY (the URL
#            that deploy/registry prints), as Avro, in turns; their ratios
#   inputs   the same impressions as msgpack, as JSON and, likewise, as Avro,
#            each beside the bare loop over those bytes
#   streams  Kafka Streams copying the same bytes (needs javac and Maven)
#   latency  impression to prediction at 1,000/s
#   start    process to first prediction, snapshot published to active
#   freshness  a click on Kafka to the first prediction that knows it, with
#              a delta every 1, 10 and 60 s (PUBLISH)
#   deltas   events/s while deltas apply, beside the same without, in turns
#   questions  GET and POST /score over the loopback, 1 and 4 connections
#
# Environment: BUILD (build/release), ROWS (2000000), TURNS (3), MODEL (svd),
# PARAMS ("factors=100 epochs=5"), INSTANCE (bench; of deploy/kafka),
# OPTIONS (of pctr score), HUGE=0 (no huge pages for anybody).
# What counts are ratios of one run; the machine should do nothing else.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=common.sh
. "$root/tests/bench/common.sh"
build=${BUILD:-$root/build/release}
rows=${ROWS:-2000000} turns=${TURNS:-3} model=${MODEL:-svd} format=msgpack
params=${PARAMS-factors=100 epochs=5}
instance=${INSTANCE:-bench}
users=20000 ads=2000
pctr=$build/cli/pctr
bare=$build/tests/bench/bench_bare_loop
meter=$build/tests/bench/bench_meter
work=$(mktemp -d)
declare -A rates=() costs=()
TIMEFORMAT='%U %S'

say() { echo "# $*"; }

trap 'stop_all; rm -rf "$work"' EXIT

# --- Events and a model, once per instance -----------------------------------

prepare() {
    broker=$("$root/deploy/kafka" start --instance "$instance")
    seen=bench-seen-$model
    [ -x "$meter" ] || die "no $meter: configure with -DBUILD_TESTING=ON"
    prepare_input
    if ! "$pctr" snapshot list -b "$broker" --model.name "$model" \
        2>/dev/null | grep -q "$model"; then
        publish
    fi
}

# Impressions in `format`, in a topic of their own.
prepare_input() {
    local written=(--format.impressions "$format")
    input=bench-in-$rows-$format
    [ "$format" != avro ] ||
        written+=(--registry.register --registry.url "$PCTR_REGISTRY")
    if ! "$meter" span "$broker" "$input" >"$work/span" 2>/dev/null ||
        [ "$(cut -d' ' -f1 "$work/span")" -ne "$rows" ]; then
        drop "$input" 2>/dev/null || true
        say "feeding $rows impressions into $input"
        "$pctr" topics -b "$broker" --partitions 8 --history \
            --topic.impressions "$input" --topic.labels "$seen" \
            >"$work/topics.log" 2>&1
        feed "$rows" --topic.labels= --topic.impressions "$input" --seed 2 \
            "${written[@]}"
    fi
}

feed() { # ROWS OPTION...
    local n=$1
    shift
    "$pctr" feed -b "$broker" --world --world.rows "$n" \
        --world.users "$users" --world.ads "$ads" --clock.step_ms 1 "$@" \
        >>"$work/feed.log" 2>&1 || die "feed: $(tail -1 "$work/feed.log")"
}

# Learns from labels that carry user and ad; all ids of the input are known.
publish() {
    say "learning $model $params"
    "$pctr" topics -b "$broker" --partitions 8 --history \
        --topic.labels "$seen" --topic.impressions "$seen-in" \
        >"$work/topics.log" 2>&1
    feed 300000 --labels all --label.pairs --topic.labels "$seen" \
        --topic.impressions "$seen-in" --seed 2
    "$pctr" train -b "$broker" --exit.at_end --join labels --topic.labels "$seen" \
        --topic.impressions "$seen-in" --http.port 0 --model.name "$model" \
        --model.algorithm "$model" --model.params "$params" \
        >"$work/train.log" 2>&1 || die "train: $(tail -1 "$work/train.log")"
}

# --- Contenders: NAME TOPIC COMMIT_MS ROWS, where 0 is at-least-once or for ever

tuned() {
    [ "${HUGE:-1}" = 0 ] || export GLIBC_TUNABLES=glibc.malloc.hugetlb=1
    exec "$@"
}

run_bare() { # INPUT OUTPUT COMMIT_MS ROWS
    tuned "$bare" "$broker" "$2" "$1" "$2" "$4" "$3" "${LINGER:-5}"
}

run_score() {
    local mode=(--delivery at-least-once)
    [ "$3" = 0 ] || mode=(--delivery exactly-once --commit.interval_ms "$3")
    [ "$format" = msgpack ] || mode+=(--format.impressions "$format")
    [ "$format" != avro ] || mode+=(--registry.url "$PCTR_REGISTRY")
    [ "$4" = 0 ] || mode+=(--exit.at_end)
    [ "${HUGE:-1}" = 1 ] || mode+=(--memory.huge_pages=false)
    # shellcheck disable=SC2086 # OPTIONS is a list
    exec "$pctr" score -b "$broker" --group "$2" --http.port "${PORT:-0}" \
        --topic.impressions "$1" --topic.predictions "$2" \
        --model.name "$model" "${mode[@]}" ${OPTIONS:-}
}

run_json() {
    OPTIONS="${OPTIONS:-} --format.predictions=json" run_score "$@"
}

run_avro() {
    OPTIONS="${OPTIONS:-} --format.predictions=avro --registry.register \
        --registry.url=$PCTR_REGISTRY" run_score "$@"
}

run_streams() {
    exec java -Xmx512m -XX:+UseSerialGC \
        -cp "$streams/classes:$streams/jars/*" \
        -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
        Copy "$broker" "$2" "$1" "$2" "$4" "$3"
}

quietly() { # CONTENDER OUTPUT COMMIT_MS
    (run_"$1" "$input" "$2" "$3" "$rows") >"$work/$1.log" 2>&1 ||
        { cat "$work/$1.log"; return 1; }
}

race() { # CONTENDER COMMIT_MS
    local topic n first last cpu
    topic=bench-$1-$2-$(now_ms)
    "$meter" topic "$broker" "$topic"
    { time quietly "$1" "$topic" "$2" || exit 1; } 2>"$work/cpu"
    read -r n first last < <("$meter" span "$broker" "$topic")
    [ "$n" -ge "$rows" ] || die "$1 wrote $n of $rows records"
    local rate=$((rows * 1000 / (last - first)))
    rates[$1-$2]+="$rate "
    cpu=$(awk -v n="$rows" '{printf "%.2f", ($1 + $2) * 1e6 / n}' "$work/cpu")
    costs[$1-$2]+="$cpu "
    printf '%-8s commit %4s ms  %9d /s  %s us CPU each\n' "$1" "$2" "$rate" \
        "$cpu"
    drop "$topic"
}

drop() { # TOPIC: the next turn has its disk
    "$meter" drop "$broker" "$1"
}

rates() { # CONTENDER...
    local mode name
    say "$rows records, 8 partitions, $(nproc) cores," \
        "load $(cut -d' ' -f1 /proc/loadavg)"
    for _ in $(seq "$turns"); do
        for mode in ${MODES:-0 100 1000}; do
            for name in bare "$@"; do race "$name" "$mode"; done
        done
    done
    for mode in ${MODES:-0 100 1000}; do
        for name in "$@"; do
            ratio "$name" "$mode"
        done
    done
}

# Turn by turn, since neighbours in time share the machine's mood.
ratios() { # LIST OF LIST
    paste <(tr ' ' '\n' <<<"$1") <(tr ' ' '\n' <<<"$2") |
        awk 'NF == 2 {print $1 / $2}' | median
}

ratio() { # CONTENDER COMMIT_MS
    local mine=${rates[$1-$2]} theirs=${rates[bare-$2]}
    printf 'median %-8s commit %4s ms  %9d /s  bare %9d /s  ratio %.2f' \
        "$1" "$2" "$(tr ' ' '\n' <<<"${mine% }" | median)" \
        "$(tr ' ' '\n' <<<"${theirs% }" | median)" \
        "$(ratios "$mine" "$theirs")"
    printf '  CPU of bare to ours %.2f\n' \
        "$(ratios "${costs[bare-$2]}" "${costs[$1-$2]}")"
}

formats() {
    local mode name names=(json)
    [ -z "${PCTR_REGISTRY:-}" ] || names+=(avro)
    rates score "${names[@]}"
    for mode in ${MODES:-0 100 1000}; do
        for name in "${names[@]}"; do
            printf 'median %s to msgpack, commit %4s ms: rate %.2f  CPU %.2f\n' \
                "$name" "$mode" \
                "$(ratios "${rates[$name-$mode]}" "${rates[score-$mode]}")" \
                "$(ratios "${costs[$name-$mode]}" "${costs[score-$mode]}")"
        done
    done
}

inputs() {
    local formats=(msgpack json)
    [ -z "${PCTR_REGISTRY:-}" ] || formats+=(avro)
    for format in "${formats[@]}"; do
        say "impressions as $format"
        prepare_input
        rates=() costs=()
        rates score
    done
    format=msgpack
    prepare_input
}

# --- Latency -----------------------------------------------------------------

trip() { # CONTENDER COMMIT_MS
    local from to
    from=bench-lat-in-$(now_ms)
    to=bench-lat-$1-$2-$(now_ms)
    "$meter" topic "$broker" "$from"
    "$meter" topic "$broker" "$to"
    (run_"$1" "$from" "$to" "$2" 0) >"$work/$1.log" 2>&1 &
    running+=($!)
    sleep 4
    printf '%-8s commit %4s ms  count, p50, p99, max ms: ' "$1" "$2"
    "$meter" latency "$broker" "$from" "$to" 1000 "${SECONDS_EACH:-5}"
    stop_all
    drop "$from"
    drop "$to"
}

latency() {
    local mode
    for _ in $(seq "$turns"); do
        for mode in 0 10 100; do
            LINGER=0 trip bare "$mode"
            trip score "$mode"
        done
    done
}

# --- Start -------------------------------------------------------------------

start() {
    local topic began first
    for _ in $(seq "$turns"); do
        topic=bench-start-$(now_ms)
        "$meter" topic "$broker" "$topic"
        began=$(now_ms)
        quietly score "$topic" 0
        read -r _ first _ < <("$meter" span "$broker" "$topic")
        printf 'start to first prediction: %d ms\n' "$((first - began))"
        drop "$topic"
    done
    activate
}

log_ms() { # PATTERN FILE: the time of its newest line that has it
    date +%s%3N -d "$(grep "$1" "$2" | tail -1 | sed 's/^ts=\([^ ]*\).*/\1/')"
}

# A scorer that runs, and a trainer that publishes to it.
activate() {
    local from to
    from=bench-swap-in-$(now_ms)
    to=bench-swap-out-$(now_ms)
    "$meter" topic "$broker" "$from"
    "$meter" topic "$broker" "$to"
    (run_score "$from" "$to" 100 0) >"$work/score.log" 2>&1 &
    running+=($!)
    sleep 4
    publish
    sleep 2
    printf 'published to active: %d ms\n' \
        "$(($(log_ms 'model active' "$work/score.log") - \
        $(log_ms 'published' "$work/train.log")))"
    stop_all
    drop "$from"
    drop "$to"
}

# --- A model that goes on learning --------------------------------------------

# A trainer of fields whose state goes on from labels on the topic $1.
learn_on() { # LABELS IMPRESSIONS NAME PUBLISH_MS OPTION...
    local labels=$1 in=$2 name=$3 publish=$4
    shift 4
    exec "$pctr" train -b "$broker" --http.port 0 --topic.labels "$labels" \
        --topic.impressions "$in" --model.name "$name" \
        --model.algorithm fields --model.params start=0.1 \
        --publish.every_ms "$publish" --retrain.every_ms 86400000 \
        --retrain.min_rows 1 "$@"
}

freshness() {
    local publish in labels out
    for publish in ${PUBLISH:-1000 10000 60000}; do
        in=bench-fresh-in-$(now_ms) labels=bench-fresh-labels-$(now_ms)
        out=bench-fresh-out-$(now_ms)
        for topic in "$in" "$labels" "$out"; do
            "$meter" topic "$broker" "$topic"
        done
        (learn_on "$labels" "$in" "$out" "$publish") >"$work/train.log" 2>&1 &
        running+=($!)
        (model=$out run_score "$in" "$out" 0 0) >"$work/score.log" 2>&1 &
        running+=($!)
        sleep 4
        printf 'a delta every %5d ms  clicks, p50, p90, max ms: ' "$publish"
        "$meter" freshness "$broker" "$in" "$labels" "$out" "${USERS:-60}" \
            "$(((publish * 2 > 20000 ? publish * 2 : 20000) / 1000))"
        stop_all
        for topic in "$in" "$labels" "$out"; do drop "$topic"; done
    done
}

# Both read the same topic while the same trainer learns and publishes; one of
# them serves the model that it publishes, the other one its snapshot alone.
deltas() {
    local name live kind rates_before costs_before applied=0
    name=bench-deltas-$(now_ms)
    live=$name-labels
    "$pctr" topics -b "$broker" --partitions 8 --history \
        --topic.labels "$live" --topic.impressions "$live-in" \
        >"$work/topics.log" 2>&1
    feed 300000 --labels all --label.pairs --topic.labels "$live" \
        --topic.impressions "$live-in" --seed 2 --label.delay_ms 0 \
        --clock.start 2025-01-01
    (learn_on "$live" "$live-in" "$name-still" 0 --join labels \
        --exit.at_end) >"$work/still.log" 2>&1 ||
        die "train: $(tail -1 "$work/still.log")"
    (learn_on "$live" "$live-in" "$name-moving" "${PUBLISH:-250}" \
        --join labels) >"$work/train.log" 2>&1 &
    running+=($!)
    (exec "$pctr" feed -b "$broker" --world --world.rows 100000000 \
        --world.users "$users" --world.ads "$ads" --clock wall --labels all \
        --label.pairs --topic.labels "$live" --topic.impressions "$live-in" \
        --seed 3 --rate "${RATE:-2000}" --id.start 1000000 \
        --label.delay_ms 0) \
        >"$work/live.log" 2>&1 &
    running+=($!)
    for _ in $(seq 150); do
        ! grep -q 'delta published' "$work/train.log" || break
        sleep 0.2
    done
    grep -q 'delta published' "$work/train.log" ||
        die "no delta: $(tail -1 "$work/train.log")"
    for _ in $(seq "$turns"); do
        for kind in moving still; do
            rates_before=${rates[score-0]-} costs_before=${costs[score-0]-}
            model=$name-$kind race score 0
            rates[$kind]+=${rates[score-0]#"$rates_before"}
            costs[$kind]+=${costs[score-0]#"$costs_before"}
            [ "$kind" = still ] ||
                applied=$((applied + $(grep -c 'delta active' "$work/score.log" || true)))
        done
    done
    stop_all
    printf 'median with deltas %d /s, without %d /s, ratio %.2f; %d deltas' \
        "$(tr ' ' '\n' <<<"${rates[moving]% }" | median)" \
        "$(tr ' ' '\n' <<<"${rates[still]% }" | median)" \
        "$(ratios "${rates[moving]}" "${rates[still]}")" "$applied"
    printf ' in %d turns; CPU of without to with %.2f\n' "$turns" \
        "$(ratios "${costs[still]}" "${costs[moving]}")"
}

# --- Questions over HTTP ------------------------------------------------------

questions() {
    local topic connections port=19464
    topic=bench-questions-$(now_ms)
    "$meter" topic "$broker" "$topic"
    "$meter" topic "$broker" "$topic-out"
    (PORT=$port run_score "$topic" "$topic-out" 100 0) \
        >"$work/score.log" 2>&1 &
    running+=($!)
    for _ in $(seq 100); do
        ! grep -q 'model active' "$work/score.log" || break
        sleep 0.2
    done
    say "$model, load $(cut -d' ' -f1 /proc/loadavg)"
    for connections in 1 4; do
        "$build/tests/bench/bench_questions" $port "$users" "$ads" \
            "${SECONDS_EACH:-6}" "$connections"
    done
    stop_all
    drop "$topic"
    drop "$topic-out"
}

# --- Kafka Streams -----------------------------------------------------------

prepare_streams() {
    streams=$build/streams
    mkdir -p "$streams/classes"
    mvn -q -B -C -f "$root/tests/bench/streams/pom.xml" \
        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
        -DoutputDirectory="$streams/jars" >&2
    javac -cp "$streams/jars/*" -d "$streams/classes" \
        "$root/tests/bench/streams/Copy.java"
}

main() {
    local part
    prepare
    for part in "${@:-rates}"; do
        case $part in
        rates) rates score ;;
        formats) formats ;;
        inputs) inputs ;;
        streams) prepare_streams && rates score streams ;;
        latency) latency ;;
        start) start ;;
        freshness) freshness ;;
        deltas) deltas ;;
        questions) questions ;;
        *) die "no such part: $part" ;;
        esac
    done
}

main "$@"
