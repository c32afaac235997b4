#!/usr/bin/env bash
# strangers_topic.sh - runs the code and the commands of
# docs/strangers-topic.md on the Kafka of PCTR_KAFKA.
#
#   strangers_topic.sh PCTR     exit status 0, 1, or 77: nothing to run it with
#
# PYTHON names an interpreter that has confluent-kafka (default python3). The
# topics get names of their own run, so that runs do not meet.
set -euo pipefail

pctr=$(realpath "$1")
page=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../docs/strangers-topic.md")
python=${PYTHON:-python3}
[ -n "${PCTR_KAFKA:-}" ] || {
    echo "no PCTR_KAFKA: skipped"
    exit 77
}
"$python" -c 'import confluent_kafka' 2>/dev/null || {
    echo "no confluent-kafka for Python: skipped"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$pctr" "$work/bin/pctr"
export PATH="$work/bin:$PATH" BROKERS=$PCTR_KAFKA
prefix=page$$-$RANDOM.
export PCTR_TOPICS_PREFIX=$prefix PCTR_GROUP=$prefix PCTR_MODEL_NAME=page$$
cd "$work"

# The topic is made first: not every Kafka makes topics by itself.
"$python" - "$BROKERS" "${prefix}events" <<'PYTHON'
import sys
from confluent_kafka.admin import AdminClient, NewTopic
admin = AdminClient({"bootstrap.servers": sys.argv[1]})
made = admin.create_topics([NewTopic(sys.argv[2], 3, 1, config={"retention.ms": "-1"})])
for future in made.values():
    future.result()
PYTHON

run_block() { # language, lines
    local code
    code=$(sed -e "s/web\\.events/${prefix}events/g" \
        -e "s/pctr\\.predictions/${prefix}predictions/g" \
        -e "s/\"look\"/\"${prefix}look\"/" <<<"$2")
    case $1 in
    sh) timeout 100 bash -euo pipefail -c "$code" ;;
    python) timeout 100 "$python" -c "$code" ;;
    esac || {
        printf 'strangers-topic.md: failed:\n%s\n' "$code" >&2
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
[ $blocks = 7 ] || {
    echo "strangers-topic.md has $blocks blocks, not 7" >&2
    exit 1
}
