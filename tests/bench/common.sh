# shellcheck shell=bash
# common.sh - what the scripts beside it share; they source it.

running=() # processes that end with the script

die() { echo "${0##*/}: $*" >&2; exit 1; }
now_ms() { date +%s%3N; }
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

stop_all() {
    local pid
    for pid in "${running[@]}"; do
        if kill "$pid" 2>/dev/null; then wait "$pid" || true; fi
    done
    running=()
}
