#!/usr/bin/env bash
# generate-docs.sh - writes the pages that come out of the program's own
# tables: docs/configuration.md, docs/metrics.md, docs/asyncapi.json,
# docs/schemas and the shells' completion.
#
#   deploy/generate-docs.sh           writes them
#   deploy/generate-docs.sh --check   fails where one is not up to date
#
# PCTR names the program (default build/dev/cli/pctr).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
pctr=${PCTR:-build/dev/cli/pctr}
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

"$pctr" --describe-config >"$fresh/configuration.md"
"$pctr" --describe-metrics >"$fresh/metrics.md"
"$pctr" --describe-events >"$fresh/asyncapi.json"

mkdir "$fresh/schemas"
for record in prediction evaluation impression label; do
    "$pctr" --describe-schema $record >"$fresh/schemas/$record.avsc"
done

stale=0
for page in configuration.md metrics.md asyncapi.json schemas/{prediction,evaluation,impression,label}.avsc; do
    if [ "${1:-}" = --check ]; then
        diff -u "docs/$page" "$fresh/$page" || stale=1
    else
        cp "$fresh/$page" "docs/$page"
    fi
done
if command -v python3 >/dev/null; then
    PCTR=$pctr deploy/completion/generate.py "$@" || stale=1
fi
[ $stale = 0 ] || echo "stale: run deploy/generate-docs.sh and commit" >&2
exit $stale
