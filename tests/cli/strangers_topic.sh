#!/usr/bin/env bash
# strangers_topic.sh - runs the code and the commands of a page on the Kafka of
# PCTR_KAFKA and, where the page needs one, the schema registry of PCTR_REGISTRY.
#
#   strangers_topic.sh PCTR strangers-topic | avro-topic
#
# Exit status 0, 1, or 77: nothing to run it with. PYTHON names an interpreter
# that has confluent-kafka and avro (default python3, or that of Debian, which has
# them from deploy/install-packages.sh broker). The topics get names of their own
# run, so that runs do not meet.
set -euo pipefail

pctr=$(realpath "$1")
name=$2
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
page=$here/../../docs/$name.md
declare -A topics=([strangers-topic]=web.events [avro-topic]=web.avro)
declare -A blocks_of=([strangers-topic]=7 [avro-topic]=6)
topic=${topics[$name]}
modules=(confluent_kafka)
[ "$name" = strangers-topic ] || modules+=(avro.io)

skip() { # WHY
    echo "SKIPPED: docs/$name.md: $1: its commands were not run"
    exit 77
}

[ -n "${PCTR_KAFKA:-}" ] || skip "no PCTR_KAFKA (deploy/kafka start)"
[ "$name" = strangers-topic ] || [ -n "${PCTR_REGISTRY:-}" ] ||
    skip "no PCTR_REGISTRY (deploy/registry start)"
python=$("$here/python_with.sh" "${modules[@]}") ||
    skip "no Python with ${modules[*]} (deploy/install-packages.sh broker)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$pctr" "$work/bin/pctr"
export PATH="$work/bin:$PATH" BROKERS=$PCTR_KAFKA REGISTRY=${PCTR_REGISTRY:-}
unset PCTR_REGISTRY
prefix=page$$-$RANDOM.
export PCTR_TOPICS_PREFIX=$prefix PCTR_GROUP=$prefix PCTR_MODEL_NAME=page$$
cd "$work"

# The topic is made first: not every Kafka makes topics by itself.
"$python" - "$BROKERS" "$prefix$topic" <<'PYTHON'
import sys
from confluent_kafka.admin import AdminClient, NewTopic
admin = AdminClient({"bootstrap.servers": sys.argv[1]})
made = admin.create_topics([NewTopic(sys.argv[2], 3, 1, config={"retention.ms": "-1"})])
for future in made.values():
    future.result()
PYTHON

run_block() { # language, lines
    local code
    code=$(sed -e "s/${topic/./\\.}/$prefix$topic/g" \
        -e "s/pctr\\.predictions/${prefix}predictions/g" \
        -e "s/\"look\"/\"${prefix}look\"/" <<<"$2")
    case $1 in
    sh) timeout 100 bash -euo pipefail -c "$code" ;;
    python) timeout 100 "$python" -c "$code" ;;
    esac || {
        printf '%s.md: failed:\n%s\n' "$name" "$code" >&2
        exit 1
    }
}

language='' block='' blocks=0
while IFS= read -r line; do
    case $line in
    '```sh' | '```python') language=${line#'```'} block='' ;;
    '```')
        if [ -n "$language" ]; then
            run_block "$language" "$block"
            blocks=$((blocks + 1))
        fi
        language=''
        ;;
    *) block+=$line$'\n' ;;
    esac
done <"$page"
[ $blocks = "${blocks_of[$name]}" ] || {
    echo "$name.md has $blocks blocks, not ${blocks_of[$name]}" >&2
    exit 1
}
if [ "$name" = avro-topic ]; then
    # What the page says of the guess: the old name reads both versions.
    grep -q '^field.user=context.user$' web.conf || { cat web.conf; exit 1; }
    for line in '# context.user  *100.0 %' '# context.viewer  *[45][0-9].[0-9] %' \
        '# tags  *[45][0-9].[0-9] %'; do
        grep -q "^$line" web.conf || { echo "not in web.conf: $line"; exit 1; }
    done
    pctr cat predictions -F web.conf >predictions.jsonl
    [ "$(wc -l <predictions.jsonl)" = 5000 ] || { echo "not 5000 predictions"; exit 1; }
    ! grep -m 1 '"user":null' predictions.jsonl || exit 1
    pctr cat dead_letters -F web.conf >letters.jsonl
    [ ! -s letters.jsonl ] || { head -n 1 letters.jsonl; exit 1; }
fi
