#!/usr/bin/env bash
# walk.sh - runs every command of docs/walk.md.
#
#   walk.sh PCTR            with the program PCTR; exit status 0 or 1
#   walk.sh PCTR --update   writes the outputs into the page
#
# Blocks marked `sh` are run, one after the other, in an empty folder with the
# test data beside; the `text` block behind one is its output. With the real
# clicks (Click_prediction_small.csv.gz in the folder PCTR_DATA) outputs must
# be those of the page, but for seconds; without them the commands run on a
# small file, and only what does not depend on it is compared.
set -euo pipefail

pctr=$(realpath "$1")
golden=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../golden")
page=$(realpath "$golden/../../docs/walk.md")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$pctr" "$work/bin/pctr"
export PATH="$work/bin:$PATH"
cp "$golden/music.csv" "$work/"
cd "$work"

real=${PCTR_DATA:+$PCTR_DATA/Click_prediction_small.csv.gz}
if [ -n "$real" ]; then
    ln -s "$real" clicks.csv.gz
    export USER_ID=2 AD_ID=20192676
else
    gzip -c "$golden/click.csv" >clicks.csv.gz
    export USER_ID=u5 AD_ID=a4
fi

# Seconds differ from run to run; so does the padding before them.
steady() {
    sed -E 's/ +[0-9]+\.[0-9]{2}( |$)/ S\1/g; s/ +[0-9]+\.[0-9]{2}( |$)/ S\1/g
            s/in [0-9.]+ s$/in S/; s/, SHA-256 .*//; s/ +$//'
}

update=no
[ "${2:-}" = --update ] && update=yes
failures=0
check() { # command, expected, output
    if [ $update = yes ] || { [ -z "$real" ] && [[ $1 != *music.csv* ]]; }; then
        return
    fi
    if ! diff -u <(printf '%s\n' "$2" | steady) <(printf '%s\n' "$3" | steady); then
        printf 'walk.md: another output: %s\n' "$1" >&2
        failures=$((failures + 1))
    fi
}

take_block() { # lines up to ``` into $block
    block=
    while IFS= read -r line && [ "$line" != '```' ]; do
        block+=${block:+$'\n'}$line
    done
}

command='' output=''
while IFS= read -r line; do
    printf '%s\n' "$line" >&4
    case $line in
    '```sh')
        take_block
        command=$block
        printf '%s\n```\n' "$block" >&4
        if ! output=$(bash -euo pipefail -c "$command" 2>&1); then
            printf 'walk.md: failed: %s\n%s\n' "$command" "$output" >&2
            exit 1
        fi
        ;;
    '```text')
        take_block
        check "$command" "$block" "$output"
        printf '%s\n```\n' "$output" >&4
        ;;
    esac
done <"$page" 4>"$work/walk.md"

if [ $update = yes ]; then
    cp "$work/walk.md" "$page"
    exit 0
fi
exit $((failures > 0))
