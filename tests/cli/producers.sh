#!/usr/bin/env bash
# producers.sh - runs the programs of docs/producers.md on the Kafka of
# PCTR_KAFKA, and scores and reads what each of them sent.
#
#   producers.sh PCTR
#
# Exit status 0, 1, or 77: none could be run. A language whose compiler or
# client is not there is skipped, and said. PYTHON names an interpreter that has
# confluent-kafka (default python3, or that of Debian, which has it from
# deploy/install-packages.sh broker); Java takes the jars of deploy/kafka; Go gets
# its client from the module proxy.
set -euo pipefail

pctr=$(realpath "$1")
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
[ -n "${PCTR_KAFKA:-}" ] || {
    echo "SKIPPED: docs/producers.md: no PCTR_KAFKA (deploy/kafka start): its producers were not run"
    exit 77
}
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/pctr
jars=${PCTR_KAFKA_HOME:-$cache/kafka}/jars
client=github.com/segmentio/kafka-go@v0.4.47
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BROKERS=$PCTR_KAFKA
cd "$work"

skip() { # LANGUAGE WHY
    printf 'SKIPPED: docs/producers.md: %s: %s: its producer was not run\n' "$1" "$2"
    return 77
}

source_of() { # LANGUAGE
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/docs/producers.md" | sed '1d;$d' |
        sed "s/\"pctr\\./\"$prefix/"
}

run_python() {
    local python
    python=$("$root/tests/cli/python_with.sh" confluent_kafka) ||
        { skip Python "no confluent_kafka (deploy/install-packages.sh broker)"; return; }
    source_of python >produce.py && "$python" produce.py
}

run_java() {
    command -v javac >/dev/null || { skip Java "no javac (deploy/install-packages.sh clients)"; return; }
    compgen -G "$jars/kafka-clients-*.jar" >/dev/null ||
        { skip Java "no kafka-clients (deploy/kafka install)"; return; }
    source_of java >Produce.java
    javac -cp "$jars/*" Produce.java || return 1
    java -Xmx128m -cp "$jars/*:." Produce >java.log 2>&1 || { cat java.log; return 1; }
}

run_go() {
    command -v go >/dev/null || { skip Go "no go (deploy/install-packages.sh clients)"; return; }
    mkdir go
    source_of go >go/main.go
    (cd go && go mod init producers) 2>go.log || { cat go.log; return 1; }
    (cd go && go get "$client") >go.log 2>&1 ||
        { skip Go "no $client: $(tail -n 1 go.log)"; return; }
    (cd go && go vet ./... && go run .)
}

check() { # LANGUAGE: every impression is scored, and every label read
    local group=$prefix$1
    "$pctr" cat labels -b "$BROKERS" --topics.prefix="$prefix" >labels.jsonl
    if [ "$(wc -l <labels.jsonl)" != 10 ] || grep '"fault"' labels.jsonl; then
        echo "$1: not 10 labels that can be read"
        exit 1
    fi
    "$pctr" score -b "$BROKERS" --topics.prefix="$prefix" --group="$group" \
        --http.port=0 --exit.at_end 2>score.log || { cat score.log; exit 1; }
    grep -q 'predictions=100 dead_letters=0' score.log || { cat score.log; exit 1; }
}

ran=0
for language in python java go; do
    prefix=$language$$-$RANDOM.
    "$pctr" topics -b "$BROKERS" --topics.prefix="$prefix" --partitions=2 \
        >topics.log 2>&1 || { cat topics.log; exit 1; }
    status=0
    "run_$language" || status=$?
    [ $status != 77 ] || continue
    [ $status = 0 ] || { echo "$language: failed"; exit 1; }
    check "$language"
    echo "$language: 100 impressions and 10 labels"
    ran=$((ran + 1))
done
[ $ran -gt 0 ] || exit 77
