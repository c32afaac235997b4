#!/usr/bin/env bash
# files.sh PCTR - commands that work on files agree with each other, and refuse
# what makes no sense with the right exit status.
set -euo pipefail

pctr=$(realpath "$1")
golden=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../golden")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
clicks=$golden/click.csv

# Is the pattern in what comes? All of it is read: who writes to a reader that
# has gone fails.
has() { grep "$@" >has.txt; }
fail() {
    printf 'files.sh: %s\n' "$*" >&2
    exit 1
}

refused() { # status, words of the message, command...
    local status=0
    "$pctr" "${@:3}" >out.txt 2>err.txt || status=$?
    [ $status = "$1" ] || fail "exit status $status, not $1: ${*:3}"
    grep -qF -- "$2" err.txt || fail "no '$2' in: $(cat err.txt)"
}

"$pctr" fit "$clicks" --model=svd --params="factors=4" --output=c.snap >fit.txt

# --- top says what predict says, for every user, in falling order ------------
"$pctr" top --snapshot=c.snap --n=100 >top.csv
[ "$(wc -l <top.csv)" = $((1 + 12 * 9)) ] || fail "top: not 12 users x 9 ads"
awk -F, 'NR > 1 {print $1 "," $3 "," $4}' top.csv >expected.csv
{ echo user,ad; cut -d, -f1,2 expected.csv; } >pairs.csv
"$pctr" predict --snapshot=c.snap pairs.csv | tail -n +2 >answers.csv
cmp expected.csv answers.csv || fail "top and predict differ"
awk -F, 'NR > 1 {if ($2 > 1 && $4 > p) exit 1; p = $4}' top.csv ||
    fail "top: not in order"

# --- One user's are the same as everybody's -----------------------------------
"$pctr" top --snapshot=c.snap --n=3 --user=u5 | tail -n +2 >one.csv
grep '^u5,[123],' top.csv | cmp - one.csv || fail "top: one user differs"

# --- What was seen is left out, for people nobody has learned of too ----------
printf 'user,ad\nu5,%s\nnew,%s\nu5,never\n' "$(cut -d, -f3 one.csv | head -1)" \
    "$("$pctr" top --snapshot=c.snap --n=1 --user=new | tail -1 | cut -d, -f3)" \
    >seen.csv
"$pctr" top --snapshot=c.snap --user=u5 --n=2 --exclude=seen.csv | tail -n +2 |
    cut -d, -f3 | cmp - <(tail -n +2 one.csv | cut -d, -f3) ||
    fail "top: the seen ad is not left out"
[ "$("$pctr" top --snapshot=c.snap --user=new --n=100 --exclude=seen.csv |
    wc -l)" = 9 ] || fail "top: a stranger's seen ad is not left out"
"$pctr" top --snapshot=c.snap --n=100 --exclude="$clicks" |
    awk -F, 'NR == FNR {seen[$1 "," $2]; next}
             FNR > 1 && ($1 "," $3) in seen {exit 1}' "$clicks" - ||
    fail "top: something seen is there"

# --- JSON ---------------------------------------------------------------------
"$pctr" top --snapshot=c.snap --n=1 --user=u5 --output=json |
    grep -qE '^\{"user":"u5","ads":\[\{"ad":"a[0-9]","p":0\.[0-9]+,"basis":"learned"\}\]\}$' ||
    fail "top: JSON"
"$pctr" cv "$clicks" --models=baseline --json=true --train=true --ranking.k=3 \
    >cv.json
[ "$(wc -l <cv.json)" = 5 ] || fail "cv: not a line per fold"
for name in rmse mae mse fcp precision recall ndcg train_rmse train_fcp; do
    [ "$(grep -c "\"$name\":[0-9]" cv.json)" = 5 ] || fail "cv: no $name"
done

# --- The reference's grid search ----------------------------------------------
"$pctr" tune "$golden/star.csv" --model=svd --params="factors=4" \
    --space="epochs=5|10 lr_all=0.005|0.05" --split.folds=3 >tune.txt
grep -q '^best rmse     1.438164  epochs=5 lr_all=0.005$' tune.txt ||
    fail "tune: $(cat tune.txt)"
grep -q '^best fcp ' tune.txt || fail "tune: no FCP"
! grep -qi 'nan\|logloss' tune.txt || fail "tune: stars have no log-loss"

# --- Folds out of files -------------------------------------------------------
head -81 "$clicks" >train.csv
{ head -1 "$clicks"; tail -n +82 "$clicks"; } >test.csv
strip() { sed 's/"[a-z]*_seconds":[^,}]*//g'; }
"$pctr" cv train.csv test.csv --split=predefined --models=svd --json=true |
    strip >files.json
"$pctr" cv "$clicks" --split=shuffle --split.shuffle=false --split.folds=1 \
    --split.test_size=40 --models=svd --json=true | strip >shuffle.json
cmp files.json shuffle.json || fail "cv: files and row order differ"

# --- The manual names every command ----------------------------------------
"$pctr" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' >commands.txt
[ -s commands.txt ] || fail "pctr --help names no command"
while read -r command; do
    grep -qF "*pctr $command*" "$golden/../../docs/pctr.1.scd" ||
        fail "docs/pctr.1.scd: no $command"
done <commands.txt

# --- Fields: of the event, and of nothing but the pair ------------------------
awk 'BEGIN {print "user,ad,click,position,query"
    for (i = 0; i < 900; i++) {
        position = 1 + i % 3
        query = i % 5 ? "q" i % 7 : ""
        printf "u%d,a%d,%d,%d,%s\n", i * i % 31, i % 11,
            i * 7 % 10 < 4 - position, position, query}}' >events.csv
with=('--models=baseline,fields' '--fields=user,ad,position,query,ad*position')
"$pctr" cv events.csv "${with[@]}" --json=true >cv.json
mean_ne() {
    grep "\"model\":\"$1\"" cv.json | sed 's/.*"normalised_entropy":\([^,}]*\).*/\1/' |
        awk '{sum += $1} END {print sum / NR}'
}
awk -v a="$(mean_ne fields)" -v b="$(mean_ne baseline)" 'BEGIN {exit !(a < b - 0.05)}' ||
    fail "fields: $(mean_ne fields), baseline: $(mean_ne baseline)"
"$pctr" fit events.csv --model=fields "${with[1]}" --output=f.snap >fit.txt
grep -q 'fields=user+ad+position+query+ad\*position' fit.txt || fail "fit: $(cat fit.txt)"
"$pctr" predict --snapshot=f.snap --details=true events.csv >answers.csv
[ "$(head -1 answers.csv)" = user,ad,p,basis,impossible,neighbours,support ] ||
    fail "predict: $(head -1 answers.csv)"
awk -F, 'NR > 1 && ($4 != "learned" || $7 < 5) {exit 1}' answers.csv ||
    fail "predict: not all of them learned"
paste -d, <(cut -d, -f3,4 events.csv) <(cut -d, -f3 answers.csv) |
    awk -F, 'NR > 1 {n[$2]++; clicks[$2] += $1; said[$2] += $3}
        END {for (at in n) {gap = (clicks[at] - said[at]) / n[at]
            if (gap > 0.05 || gap < -0.05) exit 1}}' ||
    fail "predict: not right by position"
printf 'user,ad,position,query\nu1,new,,q1\n' >one.csv
"$pctr" predict --snapshot=f.snap --details=true one.csv | tail -1 |
    grep -q '^u1,new,0\.[0-9]*,partial,0,0,0$' || fail "predict: a new ad"
"$pctr" top --snapshot=f.snap --user=u1 --n=11 >top.csv
[ "$(wc -l <top.csv)" = 12 ] || fail "top: not 11 ads"

# What is not known when a score is asked for is assumed, and that is said.
default=--field.default=position:2+query:q3
"$pctr" top --snapshot=f.snap --user=u1 --n=11 $default >top.csv
sed 's/^\(u1\),[0-9]*,\(a[0-9]*\),.*/\1,\2/; s/^user.*/user,ad/' top.csv >asked.csv
"$pctr" predict --snapshot=f.snap --details=true $default asked.csv >assumed.csv
[ "$(grep -c ,assumed, assumed.csv)" = 11 ] || fail "predict: $(cat assumed.csv)"
cmp -s <(cut -d, -f3,4 top.csv | tail -11) <(cut -d, -f2,3 assumed.csv | tail -11) ||
    fail "top and predict differ: $(cat top.csv assumed.csv)"
sed 's/$/,2,q3/; 1s/.*/user,ad,position,query/' asked.csv >full.csv
cmp -s <(cut -d, -f1-3 assumed.csv) \
    <("$pctr" predict --snapshot=f.snap full.csv) ||
    fail "predict: what is assumed is not what is said"
refused 78 "no column 'query'" predict --snapshot=f.snap --field.default=position:2 asked.csv
refused 78 "as position:1" predict --snapshot=f.snap --field.default=position asked.csv
"$pctr" tune events.csv --model=fields "${with[1]}" --measure=logloss \
    --space='lambda=2|10|10+user:40 fields=user+ad|user+ad+position' >tune.txt
grep -q '^best logloss .*fields=user+ad+position$' tune.txt || fail "tune: $(cat tune.txt)"
"$pctr" cv events.csv --models=fields "${with[1]}" --progressive=true --split=shuffle \
    --split.shuffle=false --split.folds=1 --split.test_size=0.8 --json=true >cv.json
[ "$(grep -c '"rows":720' cv.json)" = 1 ] || fail "cv: $(cat cv.json)"
refused 78 "no column 'queri'" fit events.csv --model=fields --fields=user,queri
refused 78 "no field 'query'" fit events.csv --model=fields --fields=user --params=fields=query
refused 78 "'click' is the label" fit events.csv --model=fields --fields=user,click
refused 78 "no column 'position'" predict --snapshot=f.snap pairs.csv
refused 78 "svd does not go on learning" cv events.csv --models=svd --progressive=true

# --- A field that is too long is cut, and its column is named once ---------------
{
    echo user,ad,click,page
    for i in 1 2 3 4; do printf 'u%d,a1,%d,%0300d\n' $i $((i % 2)) $i; done
    echo u1,a1,1,short
} >long.csv
"$pctr" fit long.csv --model=fields --fields=user,page >/dev/null 2>long.txt
[ "$(grep -c 'column="page" values=4 max_bytes=255' long.txt)" = 1 ] ||
    fail "fit: no word of values that were cut: $(cat long.txt)"

# --- Labels that a model cannot learn from --------------------------------------
printf 'user,ad,rating\nu1,a1,-10\nu1,a2,3\nu2,a1,0\n' >below.csv
refused 78 "nmf does not learn from labels below 0, such as -10" fit below.csv --model=nmf

# --- A measure without a value ranks nothing -----------------------------------
{ echo user,ad,click; for i in 1 2 3 4 5 6 7 8; do echo "u$i,a$((i % 3)),0"; done; } >rare.csv
"$pctr" tune rare.csv --model=baseline --measure=auc --space="bsl_epochs=2|3" \
    --split.folds=2 >rare.txt 2>rare-err.txt
grep -qE '^ +-  bsl_epochs=2' rare.txt || fail "tune: a rank without a value"
grep -q 'no value of the measure.*measure=auc combinations=2' rare-err.txt ||
    fail "tune: no word about a measure without a value"
"$pctr" tune rare.csv --model=baseline --measure=auc --space="bsl_epochs=2|3" \
    --split.folds=2 --output=json 2>rare-err.txt |
    grep -q '"auc":{"mean":null,"std":null,"rank":null' ||
    fail "tune: JSON ranks without a value"

# A mean of some folds says so, and so does a rank by it.
{
    echo user,ad,click
    for i in 1 2 3 4 5 6 7 8 9; do echo "u$i,a$((i % 3)),$((i == 2 || i == 4))"; done
} >half.csv
halves=(--split.folds=3 --split.shuffle=false)
"$pctr" cv half.csv --models=popular "${halves[@]}" --train >half.txt
grep -q '^popular  *fold 3 .* - ' half.txt || fail "cv: AUC of one class: $(cat half.txt)"
grep -q '^popular  *mean .* 0.2500 ' half.txt || fail "cv: no mean AUC: $(cat half.txt)"
[ "$(grep -c 'AUC .* 2 of 3 folds' half.txt)" = 1 ] ||
    fail "cv: no word of a mean of some folds: $(cat half.txt)"
try_half() { "$pctr" tune half.csv --model=baseline --space="bsl_epochs=2|3" "${halves[@]}" "$@"; }
try_half >half.txt 2>half-err.txt
[ "$(grep -c 'measure=auc folds=3 with_value=2' half-err.txt)" = 1 ] ||
    fail "tune: ranked by some folds, unsaid: $(cat half-err.txt)"
try_half --output=json 2>half-err.txt >half.txt
[ "$(grep -c '"auc":{"mean":[0-9.]*,"std":[0-9.]*,"rank":[12],"folds_with_value":2,' half.txt)" = 2 ] ||
    fail "tune: JSON tells no count of folds: $(cat half.txt)"

# --- The matrix shows both ends of an id that is too long -----------------------
printf 'user,ad,click\nsession-2026-11-01,a1,1\nsession-2026-11-02,a1,0\n\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274x,campaign/2026/7,1\n' >ends.csv
"$pctr" fit ends.csv --show_matrix=9x9 >ends.txt
for row in 'user \\ ad            a1 campa…26/7' 'sessio…11-01' 'sessio…11-02' 'äöüäöü…üäöüx'; do
    grep -q "^$row" ends.txt || fail "fit: no row '$row' in: $(cat ends.txt)"
done

# --- Refusals -----------------------------------------------------------------
refused 2 "give one of" similar "$clicks"
refused 2 "give one of" similar "$clicks" --user=u5 --ad=a4
refused 66 "no ad 'a99'" similar "$clicks" --ad=a99
refused 2 "pairs of files" cv "$clicks" --split=predefined
refused 2 "name the FILE" cv "$clicks" "$clicks"
refused 2 "single model" cv "$clicks" --models=svd,knn --params=factors=2
refused 78 "there twice" tune "$clicks" --model=knn --space="k=1 k=2"
refused 78 "give 2 to 120 folds" cv "$clicks" --split.folds=3000
refused 66 "no.csv" top --snapshot=c.snap --exclude=no.csv
printf 'who,what\nu5,a4\n' >names.csv
refused 78 "which column? give --column.user" top --snapshot=c.snap --exclude=names.csv
refused 78 "'names.csv': which column? give --column.user" predict --snapshot=c.snap names.csv
printf 'user,ad\nu5,a4\nu5,\n' >noad.csv
refused 65 "'noad.csv': line 3: an id of 0 bytes" predict --snapshot=c.snap noad.csv
refused 65 "'noad.csv': line 3: an id of 0 bytes" top --snapshot=c.snap --exclude=noad.csv
refused 78 "no model 'svdd'" cv "$clicks" --models=svd,svdd
[ ! -s out.txt ] || fail "cv: measured before it read the last name"
refused 78 "there are factors, epochs" fit "$clicks" --params="neighbours=2"
refused 73 "no regular file" fit "$clicks" --model=popular --output=/dev/null
if [ -c /dev/full ]; then
    status=0
    "$pctr" fit "$clicks" --model=popular >/dev/full 2>err.txt || status=$?
    [ $status = 73 ] || fail "exit status $status, not 73, on a full disk"
fi
(ulimit -f 1 && refused 73 "File too large" fit "$clicks" --output=big.snap)
[ -z "$(ls big.snap* 2>/dev/null)" ] || fail "a draft is left"
# --- Secrets ------------------------------------------------------------------
# A process that has one leaves no core, in a file or to a program.
if [ "$(ulimit -H -c)" != 0 ]; then
    PCTR_KAFKA_SASL_PASSWORD=word "$pctr" cat -b 127.0.0.1:9 --topic=none 2>err.txt &
    pid=$! limit=
    for _ in $(seq 200); do
        limit=$(sed -n 's/^Max core file size *\([0-9]*\) .*/\1/p' /proc/$pid/limits 2>/dev/null || true)
        [ "$limit" != 1 ] || break
        sleep 0.01
    done
    kill $pid 2>/dev/null || true
    wait $pid || true
    [ "$limit" = 1 ] || fail "a core would hold the secret: limit '$limit'"
fi
# --- Files as people have them ------------------------------------------------
# Each line of a file becomes the same model, whatever its shape.
learned() {
    local file=$1
    shift
    "$pctr" fit "$file" --model=popular "$@" 2>shape.txt | sed -n 's/ in .*//p'
}
same_rows() { [ "$(learned "$@")" = "$whole" ] || fail "another model of: $*"; }
rows='u1 a1 1 2019-01-01T10:00:05Z
u1 a2 0 2019-01-01T10:00:06Z
u2 a1 1 2019-01-02T00:00:00Z'
shape() { printf '%s\n' "$rows" | sed "s/ /$2/g;1i$1"; }
shape user,ad,click,ts , >shape.csv
whole=$(learned shape.csv)
[ -n "$whole" ] || fail "fit: says nothing of what it learned"
shape 'user\tad\tclick\tts' '\t' >shape.tsv && same_rows shape.tsv
shape 'User-ID;AD_ID;Rating;ts' ';' >shape2.csv && same_rows shape2.csv
shape 'user|ad|click|ts' '|' >shape3.csv && same_rows shape3.csv
shape 'user:token\tad:token\tclick:float\tts:float' '\t' >s.inter && same_rows s.inter
shape 'user,ad,click,ts' , | sed '1s/^/\xef\xbb\xbf/;s/$/\r/' >shape4.csv && same_rows shape4.csv
numbered=(--column.user=1 --column.ad='#2' --column.click=3)
sed 1d shape.csv >nohead.csv && same_rows nohead.csv --header=no "${numbered[@]}"
sed 's/,/ ~ /g' shape.csv >odd.csv && same_rows odd.csv --separator='~'
sed 's/,/\t/g' shape.csv >tabs.csv && same_rows tabs.csv --separator=tab
gzip -c shape.tsv >packed && same_rows packed
same_rows - <shape2.csv
{
    printf '\xef\xbb\xbf%% a comment\n\n  @RELATION r\n @attribute user string\n'
    printf '@attribute %s string\n@attribute click {0,1}\n@attribute ts date\n\n' "'ad'"
    printf '  @DATA\n%% one\n\n'
    sed '1d;s/Z$//;s/^/  /' shape.csv
} >shape.arff
same_rows shape.arff
printf '1::10::5::978300760\n2::10::1::978302109\n' >ratings.any
whole=$(learned ratings.any)
sed 's/::/\t/g' ratings.any >u.any && same_rows u.any
gzip -c u.any >u.data.gz && same_rows u.data.gz
{ head -1 u.any | gzip; tail -n +2 u.any | gzip; } >members.gz && same_rows members.gz
same_rows - <members.gz
sed '1iuser,ad,rating,ts' ratings.any | sed 's/::/,/g' >stars.csv && same_rows stars.csv

# Ids of a column of numbers are numbers; ids of text are told.
printf '@relation r\n@attribute user numeric\n@attribute ad real\n@attribute click {0,1}\n@data\n1.0,10.0,1\n1,10,0\n' >float.arff
learned float.arff | has "2 rows, 1 users, 1 ads" || fail "ARFF: 1.0 is not 1"
printf 'user,ad,click\n1.0,10.0,1\n1,10,0\n' >float.csv
learned float.csv | has "2 rows, 2 users, 2 ads" || fail "CSV: 1.0 is 1"
grep -q "1.0 is another id than 1" shape.txt || fail "CSV: 1.0 is not told"

# A time that nobody needs is not read; a split by time needs it.
sed 's/,2019.*/,soon/' shape.csv >soon.csv
learned soon.csv >soon.txt
grep -q "3 rows" soon.txt || fail "fit: a time is needed"
refused 65 "'soon' is no number and no time" cv soon.csv --split=time --split.folds=2
"$pctr" cv shape.csv --split=time --split.folds=2 --models=popular >/dev/null ||
    fail "cv: times as text"

# The scale that the help names; labels from --click.min on are clicks.
"$pctr" fit stars.csv --scale=1..5 --model=baseline >/dev/null || fail "scale 1..5"
"$pctr" fit shape.csv --scale=0..1 --model=baseline >/dev/null || fail "scale 0..1"
"$pctr" fit shape.csv --scale=0.0..1e0 --model=baseline >/dev/null || fail "scale 0.0..1e0"
for scale in 0.1 0.. ..1 1..0 0..1..2 a..b 0..nan; do
    refused 78 "write lowest..highest" fit shape.csv --scale=$scale
done
learned stars.csv --click.min=4 | has "mean 0.5," || fail "click.min: labels stay"
"$pctr" fit shape.arff --model=popular --output=shape.snap >/dev/null
"$pctr" predict --snapshot=shape.snap shape2.csv | has '^u2,a1,' ||
    fail "predict: the columns that fit found"

# Refused by name, before a row is lost.
refused 78 "give --header=no" fit nohead.csv
printf '@relation r\n@attribute user numeric\n@attribute ad numeric\n@attribute click numeric\n@data\n{0 1, 1 2}\n' >sparse.arff
refused 65 "line 6: this is sparse ARFF" fit sparse.arff
printf 'user,ad,click,click\nu1,a1,1,0\n' >twice.csv
refused 78 "as #3 or #4" fit twice.csv
printf 'user,ad,click\nu1,a1,1\n"u2,a1,0\nu3,a1,1\n' >open.csv
refused 65 "line 3: a quote is not closed" fit open.csv
gzip -c shape.csv >joined.csv.gz
cat shape.csv >>joined.csv.gz
refused 65 "'joined.csv.gz' behind line 4: bytes that are not gzip" fit joined.csv.gz
printf 'PK\003\004.....' >x.zip && refused 65 "is a zip archive" fit x.zip
printf 'BZh91AY&SY' >x.bz2 && refused 65 "is packed by bzip2" fit x.bz2
printf '\3757zXZ\000\000' >x.xz && refused 65 "is packed by xz" fit x.xz
printf '\377\376u\000s\000' >x.utf16 && refused 65 "is text in UTF-16" fit x.utf16

# --- A fit that diverged is an error, and never the best ------------------------
{
    echo user,ad,rating
    for u in 1 2 3 4 5 6 7 8; do
        for a in 1 2 3 4 5 6; do echo "u$u,a$a,$((u == a ? 900 : 1))"; done
    done
} >wild.csv
refused 78 "the fit diverged" fit wild.csv --output=wild.snap
[ ! -e wild.snap ] || fail "fit: a diverged model is kept"
"$pctr" cv wild.csv --models=svd,popular --split.folds=2 >wild.txt
[ "$(grep -c 'fold .: the fit diverged' wild.txt)" = 2 ] || fail "cv: diverged"
grep -q '^svd .*mean' wild.txt && fail "cv: a mean of diverged folds"
grep -q '^popular .*mean' wild.txt || fail "cv: the model after a diverged one"
try_rates() { "$pctr" tune wild.csv --space="lr_all=0.005|0.00001" --split.folds=2 "$@"; }
try_rates >wild.txt 2>err.txt
grep -q '^ *1  lr_all=0.00001' wild.txt || fail "tune: a diverged fit is ranked"
grep -q '^ *-  lr_all=0.005 .*diverged' wild.txt || fail "tune: diverged is not said"
grep -q 'diverged=1' err.txt || fail "tune: no word of what diverged"
try_rates --output=json 2>err.txt | head -1 | has '"diverged":true,"rmse":{"mean":null,"std":null,"rank":null' ||
    fail "tune: JSON of a diverged fit"
try_rates --measure=auc >wild.txt 2>err.txt
grep -q '^ *1 ' wild.txt && fail "tune: a rank by a measure without a value"
grep -q 'no value of the measure' err.txt || fail "tune: no word of that"

# Where nothing is left to compare, that is no success.
refused 78 "every fit diverged" cv wild.csv --models=svd --split.folds=2
[ "$(grep -c 'fold .: the fit diverged' out.txt)" = 2 ] || fail "cv: folds of a diverged model"
refused 78 "every fit diverged" tune wild.csv --space="lr_all=0.005|0.004" --split.folds=2
grep -q '^ *-  lr_all=0.004 .*diverged' out.txt || fail "tune: no table of diverged fits"
printf 'user,ad,click\n' >head.csv
refused 65 "0 rows: folds take two rows at least" cv head.csv --models=baseline
printf 'user,ad,click,ts\nu1,a1,1,1700000000\nu2,a2,0,1700000001\n' >two.csv
refused 78 "give fewer slices than rows" cv two.csv --models=baseline --split=time --split.folds=2

# A threshold that fits the labels: half of stars are not all of them relevant.
"$pctr" cv stars.csv --models=popular --split.folds=2 --ranking.k=1 --json |
    grep -q '"precision"' || fail "cv: ranking"
refused 78 "ranking.threshold: 'x' is not a number" cv stars.csv --split.folds=2 --ranking.threshold=x

# Figures of many rows are made of a sample, or not at all.
"$pctr" fit "$clicks" --model=popular --figures.max_rows=100 | has '^on 100 of them' ||
    fail "fit: no sample"
"$pctr" fit "$clicks" --model=popular --figures.max_rows=0 | has '^on' &&
    fail "fit: figures that nobody wants"

# What would fail at the start is said by --check-config.
refused 78 "predictions.compression: Kafka property 'compression.codec'" \
    score -b nobody:1 --check-config --predictions.compression=brotli
"$pctr" score -b nobody:1 --check-config --predictions.compression=zstd ||
    fail "score: zstd"
settings() { refused 78 "$1" "$2" -b nobody:1 --check-config "${@:3}"; }
settings "cannot be the name of a topic" score --topic.impressions=a/b
settings "would read what it writes" score --topic.dead_letters=pctr.impressions
settings "http.address: 'localhost'" score --http.address=localhost
settings "max.poll.interval.ms" score -X max.poll.interval.ms=1000 -X session.timeout.ms=20000
settings "max.in.flight" train -X producer.max.in.flight=100
refused 66 "/no/such" cat -b nobody:1 --check-config -X security.protocol=ssl -X ssl.ca.location=/no/such impressions
settings "model.low: 1 is not below" train --model.low=1 --model.high=0
settings "nothere" train --model.algorithm=nothere
settings "lr_all: 99" train --model.params=lr_all=99
settings "topic.chunks: 'one' is topic.models too" train --topic.models=one --topic.chunks=one
refused 66 "/no/such" train -b nobody:1 --check-config --signing.key=/no/such
refused 66 "/no/such" score -b nobody:1 --check-config --trusted.keys=/no/such
"$pctr" train -b nobody:1 --check-config || fail "train: the settings that are there without any"
printf 'sep=;\nuser;ad;click\nu1;a1;1\nu1;a2;0\n' >excel.csv
"$pctr" fit excel.csv --model=popular | has '2 rows, 1 users, 2 ads' || fail "fit: sep="

"$pctr" score --help-all >help.txt
grep -qF "records scored together (default 10000)" help.txt || fail "help: no default"

# --- Ids of strangers: a terminal obeys none of their bytes --------------------
# ESC, BEL, DEL, C1 in UTF-8, C1 alone, latin-1, a carriage return.
printf 'user,ad,click\nu1,a1,1\nu2,a2,0\nu1,a2,0\nu2,a1,1\n' >mild.csv
printf 'user,ad,click\n' >evil.csv
for _ in 1 2 3; do
    printf '\033]0;owned\007\033[31m,\302\2331;31mad,1\n'
    printf '\23331m,del\177,0\ncaf\351,"cr\rad",1\nu1,\033c,0\n'
done >>evil.csv
"$pctr" fit evil.csv --show_matrix=6x6 >evil-fit.txt
"$pctr" fit evil.csv --model=svd --params=factors=2 --output=evil.snap >>evil-fit.txt
"$pctr" fit mild.csv --model=svd --params=factors=2 --output=mild.snap >mild.txt
{
    cat evil-fit.txt
    "$pctr" top --snapshot=evil.snap
    "$pctr" top --snapshot=evil.snap --output=json
    "$pctr" predict --snapshot=evil.snap evil.csv
    "$pctr" similar evil.csv --matrix=users --by=matrix
    "$pctr" similar evil.csv --matrix=ads --by=matrix
    "$pctr" snapshot diff mild.snap evil.snap
    "$pctr" snapshot diff mild.snap evil.snap --json
} >evil.txt
[ "$(wc -l <evil.txt)" -gt 50 ] || fail "strangers' ids: too few lines"
# The ellipsis of a column that is cut holds a byte that looks like one.
if LC_ALL=C sed $'s/\xe2\x80\xa6/.../g' evil.txt |
    LC_ALL=C grep -aP '[\x00-\x08\x0b-\x1f\x7f-\x9f]' | LC_ALL=C sed -n l |
    head -3 | grep .; then
    fail "a control character of an id came through"
fi
grep -qF '\x1b]0;owned\x07\x1b[31m' evil.txt || fail "an id is not escaped"
LC_ALL=C grep -q $'caf\xe9' evil.txt || fail "latin-1 in a CSV is not kept"
grep -qF '{"bin":' evil.txt || fail "JSON: an id that is not UTF-8"

# --- Cells that a spreadsheet would run ---------------------------------------
printf 'user,ad\n"=cmd|/c calc",@SUM(1)\n-7,+a\n-x,plain\n' >formulas.csv
"$pctr" predict --snapshot=c.snap formulas.csv | cut -d, -f1,2 | tail -n +2 |
    cmp - <(printf '=cmd|/c calc,@SUM(1)\n-7,+a\n-x,plain\n') ||
    fail "csv: ids are not as they are"
"$pctr" predict --csv.safe --snapshot=c.snap formulas.csv | cut -d, -f1,2 |
    tail -n +2 |
    cmp - <(printf "'=cmd|/c calc,'@SUM(1)\n-7,'+a\n'-x,plain\n") ||
    fail "csv.safe: a cell would run"

# --- Fields that feed cannot write, before a broker is asked ------------------
refused 78 "field.user: 'header:u' stands beside" feed -b localhost:1 --world --field.user=header:u
refused 78 "one is within the other" feed -b localhost:1 "$clicks" --field.user=a --field.ad=a.b
refused 78 "already: choose another name" feed -b localhost:1 --world --field.user=context.user \
    --world.truth_field=context
echo "ok"
