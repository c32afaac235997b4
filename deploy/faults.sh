#!/usr/bin/env bash
# faults.sh - provokes the faults of a table, takes the account of each, and
# writes docs/faults.md of what was seen; then the same with builds that are
# broken on purpose, which the account has to find.
#
#   deploy/faults.sh               all: an hour at most
#   deploy/faults.sh PART...       parts of it: table, clocks, disk, cluster, rights, upgrade,
#                                  broken, soak, kdd
#   deploy/faults.sh --page        writes the page of the last outputs
#
# What is not run keeps its line of the page. Brokers are started for it and
# deleted afterwards. PCTR_SEED repeats random moments, PCTR_FAULT runs one number
# of the table, PCTR_SOAK_MINUTES is for the soak (10). The full disk needs root;
# kdd needs the real clicks in the folder PCTR_DATA, and is left out without it.
# upgrade builds the commit PCTR_OLDER_COMMIT beside this one, which shares a
# group, topics and folders with it (default: that of tests/golden/topics_1.bin).
# Status 0: nothing was lost, doubled or torn, and each broken build was found out.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
logs=build/faults
failed=()

# MISTAKE FAULT WORDS: the mistakes of common/base/broken.h, and the fault of
# the table in which each of them does harm.
mistakes() {
    cat <<'END'
1 2 positions are committed before the predictions
2 2 positions are committed after the predictions, outside their transaction
3 3 a transaction that is to be undone is committed
4 5 a member that its group has forgotten still commits
END
}

# NUMBERS TEST WHAT: faults whose tests check more than an account.
others() {
    cat <<'END'
15|broker.faults|no broker, a wrong name, a deaf port: one line and an exit status within seconds
18|unit.snapshot_store, cli.files|files that cannot be written or read
19|broker.backlog|1.5 million impressions behind, in bounded memory
21|broker.evaluation_outages, mock.scorer_letters|outputs that the broker refuses
23, 24, 28|broker.bad_publication|models with a wrong byte anywhere, lost, doubled and exchanged chunks, old manifests sent again
25, 26|broker.two_trainers, broker.version_race, broker.chaos|trainers that are killed, meet, and fence each other
29|unit.hostile_times, broker.hostile, mock.merge_reader|wrong clocks of producers: events and records that are dated ahead or behind
30, 31|broker.replay_oddities, unit.join|labels that come early, late, twice, or contradict each other
32, 33|broker.offset_choice|offsets that are lost, topics made anew, partitions added, groups forgotten
34|broker.replay|a range replayed twice, bit for bit
35|broker.rights, long.rights_taken, long.certificates|each right of each command missing at the start, and taken while it works; certificates that are expired, foreign, or renewed
36|unit.no_memory, unit.no_memory_tasks, broker.faults|memory that runs out at each allocation in turn, in models and their files; too few file descriptors
38|broker.old_predictions, unit.snapshot|records and models that an older version wrote
39|mock.publisher, mock.subscriber, mock.scorer|errors of single requests
END
}

run() { # NAME COMMAND...: into the log of its name
    local name=$1 start=$SECONDS
    shift
    echo "== $name"
    if PCTR_KAFKA=own "$@" >"$logs/$name.log" 2>&1; then
        echo "   ok, $((SECONDS - start)) s"
    else
        echo "   status $? after $((SECONDS - start)) s: $logs/$name.log"
        return 1
    fi
}

build() { # FOLDER OPTION...
    local folder=$1
    shift
    if ! cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DPCTR_TEST_HOOKS=ON "$@" >"$logs/build.log" 2>&1 ||
        ! cmake --build "$folder" -j "$(nproc)" >>"$logs/build.log" 2>&1; then
        echo "the build failed: $logs/build.log"
        exit 1
    fi
}

# The fault runs with the broken program. Its test must fail, and by the
# account: a crash would prove nothing.
try_mistake() { # MISTAKE FAULT
    build build/broken -DBUILD_TESTING=OFF -DPCTR_BROKEN="$1"
    if PCTR_FAULT=$2 PCTR_PROGRAM=$PWD/build/broken/cli/pctr \
        run "broken-$1" build/dev/tests/broker/check_fault_table; then
        echo "   NOT found out"
        return 1
    fi
    grep -qE ': impressions=.* (lost|dup|torn)=[1-9]' "$logs/broken-$1.log" ||
        { echo "   it failed, but not by its account"; return 1; }
    echo "   found out"
}

# The program of an older commit, in build/older.
build_older() {
    local commit=${PCTR_OLDER_COMMIT:-c9abb03}
    git rev-parse -q --verify "$commit^{commit}" >/dev/null ||
        { echo "there is no commit $commit here"; return 1; }
    rm -rf build/older/source
    mkdir -p build/older/source
    git archive "$commit" | tar -x -C build/older/source
    if ! cmake -S build/older/source -B build/older/build -G Ninja \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF >"$logs/build.log" 2>&1 ||
        ! cmake --build build/older/build -j "$(nproc)" >>"$logs/build.log" 2>&1; then
        echo "the older build failed: $logs/build.log"
        return 1
    fi
}

try_upgrade() {
    build_older && PCTR_OLDER=$PWD/build/older/build/cli/pctr \
        run upgrade build/dev/tests/broker/check_upgrade
}

run_part() { # PART
    local mistake fault
    case $1 in
    table) run table build/dev/tests/broker/check_fault_table || failed+=(table) ;;
    clocks) run clocks build/dev/tests/broker/check_fault_clocks || failed+=(clocks) ;;
    disk) run disk build/dev/tests/broker/check_fault_disk || failed+=(disk) ;;
    cluster) run cluster build/dev/tests/broker/check_cluster || failed+=(cluster) ;;
    rights) run rights build/dev/tests/broker/check_rights_taken || failed+=(rights) ;;
    upgrade) try_upgrade || failed+=(upgrade) ;;
    soak) PCTR_SOAK_MINUTES=${PCTR_SOAK_MINUTES:-10} \
        run soak build/dev/tests/broker/check_soak || failed+=(soak) ;;
    kdd) if [ -z "${PCTR_DATA:-}" ]; then
            echo "== kdd: SKIPPED: PCTR_DATA names no folder: real clicks were not learned"
        else
            run kdd build/dev/tests/broker/check_kdd || failed+=(kdd)
        fi ;;
    broken) while read -r mistake fault _; do
                try_mistake "$mistake" "$fault" </dev/null || failed+=("broken-$mistake")
            done < <(mistakes) ;;
    esac
}

# The accounts in a log, as rows. A line "fault N|NAME|DONE|TIMES" comes before
# the account of that name; other accounts have the number that is given.
rows() { # LOG NUMBER DONE
    awk -v number="$2" -v done="$3" -v times=1 '
    function value(name,  at) {
        at = index(line, " " name "=")
        return at ? substr(line, at + length(name) + 2) + 0 : "?"
    }
    /^fault [0-9]+\|/ {
        split(substr($0, 7), part, "|")
        number = part[1]; done = part[3]; times = part[4]
    }
    /: impressions=.* lost=/ {
        line = $0
        twice = value("repeated") - value("dup")
        if (number == 12) times = /two of three/ ? 1 : 3
        # Where clocks are wrong, no times of records say how long it took.
        gap = number == 29 ? "-" : sprintf("%.1f s", value("gap_ms") / 1000)
        printf "| %s | %s | %s | %s | %d | %d | %d | %d | %d | %s |\n", number,
               substr($0, 1, index($0, ": impressions") - 1), done, times,
               value("impressions"), value("lost"), value("dup"),
               value("torn"), (twice > 0 ? twice : 0), gap
    }' "$1"
}

# The rows that come in, and those of the page of before that are of something
# else: a fault is known by its number and name, a broken build by its words.
with_older() { # COLUMNS OF THE TABLE, COLUMNS OF THE KEY
    awk -F'|' -v columns="$1" -v key="$2" '
    function name(  words, i) {
        for (i = 2; i <= key + 1; i++) words = words "|" $i
        return words
    }
    NF != columns + 2 || / no\. \||^\|---| mistake \|/ { next }
    FILENAME == "-" { print; seen[name()] = 1; next }
    !(name() in seen)' - "$older"
}

# Totals of the broken build, and where it was found out.
broken_row() { # MISTAKE FAULT WORDS
    local log=$logs/broken-$1.log
    [ -f "$log" ] || return 0
    rows "$log" "$2" '' | awk -F'|' -v words="$3" '{
        printf "| %s |%s|%s|%s|%s|%s| %s |\n", words, $2, $6, $7, $8, $9,
               ($7 + $8 + $9 > 0) ? "yes" : "**no**" }'
}

page() {
    local log mistake fault words
    cat <<'END'
<!-- Written by deploy/faults.sh: do not edit. -->
# Faults

What was done to a running pctr, and what became of the impressions that came in meanwhile. Each line is a run of its own, with
processes of the real program and brokers of Apache Kafka that are killed, frozen and restarted, on a machine of two cores. A judge
then reads all that went in and all that a reader of committed records gets out: an impression without a prediction or dead letter is
*lost*, a second one is *doubled*, and a partition whose committed position is not the one behind its last output is *torn*. The gap
is the longest time without a prediction on a partition, which includes the time that brokers take to start, half a minute and more
where the machine is busy. An impression is *fed twice* when the feed wrote it twice, and each of the two has its prediction.
Numbers are those of the catalogue that the tests follow.

END
    echo '| no. | fault | what was done | times | impressions | lost | doubled | torn | fed twice | longest gap |'
    echo '|---|---|---|---|---|---|---|---|---|---|'
    {
        for log in "$logs"/table*.log $logs/clocks.log $logs/disk.log $logs/soak.log \
            $logs/kdd.log $logs/upgrade.log; do
            [ ! -f "$log" ] || rows "$log" '' ''
        done
        [ ! -f $logs/cluster.log ] ||
            rows $logs/cluster.log 12 'two scorers, a trainer and a feed at work on three brokers'
        [ ! -f $logs/rights.log ] ||
            rows $logs/rights.log 35 'each right of a scorer taken while it works, with and without Describe'
    } | with_older 10 2 | sort -s -t'|' -k2,2n
    cat <<'END'

`deploy/faults.sh` writes this page. `deploy/faults.sh table` takes the account of the first kind, on one broker, `disk` that of a full
disk, `clocks` that of wrong clocks, `upgrade` that of two versions, `cluster` that on three brokers, `PCTR_DATA=FOLDER
deploy/faults.sh kdd` that of real clicks, and `deploy/soak.sh MINUTES` that of all kinds of fault at random, on three brokers. A
network that is cut, late, thin or reset is a proxy between scorers, trainer and broker.

## Builds that are broken on purpose

A judge that finds no fault may be blind. These builds make one mistake each; the same faults were provoked, and the same judge
looked at what came of it.

| mistake | fault no. | impressions | lost | doubled | torn | found out |
|---|---|---|---|---|---|---|
END
    while read -r mistake fault words; do
        broken_row "$mistake" "$fault" "$words"
    done < <(mistakes) | with_older 7 1
    cat <<'END'

## Faults whose tests look at more than an account

| no. | test | what it does |
|---|---|---|
END
    others | awk -F'|' '{ gsub(/, /, "`, `", $2); printf "| %s | `%s` | %s |\n", $1, $2, $3 }'
}

parts=()
for word in "$@"; do
    case $word in
    table | clocks | disk | cluster | rights | upgrade | broken | soak | kdd) parts+=("$word") ;;
    --page) parts=(none) ;;
    *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
       [ "$word" = --help ] && exit 0 || exit 2 ;;
    esac
done
[ ${#parts[@]} -gt 0 ] || parts=(table clocks disk cluster rights upgrade broken soak kdd)

mkdir -p $logs
if [ "${parts[0]}" != none ]; then
    deploy/kafka install >/dev/null || exit 1
    build build/dev -DPCTR_WERROR=ON
fi
for part in "${parts[@]}"; do run_part "$part"; done
older=$(mktemp)
trap 'rm -f "$older"' EXIT
cp docs/faults.md "$older" 2>/dev/null || true
page >docs/faults.md
[ ${#failed[@]} = 0 ] || { echo "faults.sh: FAILED: ${failed[*]}"; exit 1; }
echo "faults.sh: docs/faults.md is written"
