#!/usr/bin/env bash
# check.sh - holds what is deployed against the program and against the tools
# that will read it: units, manifests, compose file, settings, monitoring,
# list of parts, document of events.
#
#   deploy/check.sh
#
# PCTR names the program (default build/dev/cli/pctr). Validators come from
# PyPI, npm and the Go module proxy into ~/.cache/pctr/validators; what cannot be
# had is said, and its check is skipped. Status 1: something is wrong.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
pctr=$(realpath "${PCTR:-build/dev/cli/pctr}")
tools=${XDG_CACHE_HOME:-${HOME:?HOME names no folder to keep validators in}/.cache}/pctr/validators
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
bad=0

python_tools=(kubernetes-validate==1.37.0 check-jsonschema==0.39.0
              spdx-tools==0.8.5 setuptools msgpack==1.1.2)
asyncapi=@asyncapi/specs@6.11.1
kustomize=sigs.k8s.io/kustomize/kustomize/v5@v5.6.0
exposure_max=1.5

check() { # NAME COMMAND...
    local name=$1
    shift
    if words=$("$@" 2>&1); then
        echo "$name: ok"
    else
        printf '%s\n%s: FAILED\n' "$words" "$name"
        bad=1
    fi
}

skip() { echo "$1: SKIPPED: $2"; }

have_python_tools() {
    [ -f "$tools/have-${python_tools[*]}" ] && return
    python3 -m venv "$tools/python" &&
        "$tools/python/bin/pip" -q install "${python_tools[@]}" &&
        touch "$tools/have-${python_tools[*]}"
}

have_kustomize() {
    [ -x "$tools/kustomize" ] && return
    command -v go >/dev/null && GOBIN=$tools go install "$kustomize"
}

have_asyncapi() {
    [ -f "$tools/asyncapi-3.0.0.json" ] && return
    command -v npm >/dev/null &&
        npm pack --silent --pack-destination "$fresh" "$asyncapi" &&
        tar -xOf "$fresh"/asyncapi-specs-*.tgz package/schemas/3.0.0.json \
            >"$fresh/asyncapi.json" &&
        mv "$fresh/asyncapi.json" "$tools/asyncapi-3.0.0.json"
}

# --- Units -----------------------------------------------------------------------

# systemd reads them with a program that is there.
units() {
    local unit score
    for unit in 'pctr-scorer@.service' pctr-trainer.service; do
        sed 's,/usr/bin/pctr,/bin/true,; /^Documentation=man/d' \
            "deploy/systemd/$unit" >"$fresh/${unit/@./@0.}"
        systemd-analyze verify "$fresh/${unit/@./@0.}" || return 1
        score=$(systemd-analyze security --offline=yes "deploy/systemd/$unit" |
            sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
        echo "$unit: exposure $score"
        awk -v score="${score:-10}" -v max="$exposure_max" 'BEGIN { exit score > max }' ||
            return 1
    done
}

# --- Settings --------------------------------------------------------------------

# A secret that an example names is there. SCRAM is checked where librdkafka
# has it right: an older one is refused, in words that name the version.
examples() {
    local file command words scram=SCRAM-SHA-512
    (umask 077; echo word >"$fresh/secret")
    words=$("$pctr" score -b localhost:1 -X sasl.mechanism=$scram --check-config 2>&1)
    [[ $words != *'use librdkafka 2.6.1 or newer'* ]] || scram=PLAIN
    for file in deploy/examples/*.conf deploy/kubernetes/base/pctr.conf; do
        sed "s,file:/run/secrets.*,file:$fresh/secret,; /ssl.ca.location/d;
            s/SCRAM-SHA-512/$scram/" "$file" \
            >"$fresh/settings.conf"
        chmod 600 "$fresh/settings.conf"
        for command in score train topics replay; do
            "$pctr" "$command" -F "$fresh/settings.conf" --check-config ||
                { echo "$file: pctr $command"; return 1; }
        done
    done
}

# Every PCTR_... of a unit or manifest is a setting.
variables() {
    local known
    # shellcheck disable=SC2016 # these are Markdown's
    known=$(sed -n 's/^| `\([a-z_.]*\)` | .*/PCTR_\1/p' docs/configuration.md |
        tr 'a-z.' 'A-Z_')
    ! grep -rhoE '\bPCTR_[A-Z_]+' deploy/systemd deploy/kubernetes deploy/compose \
        deploy/image | grep -v '^PCTR_KAFKA_' | sort -u | grep -vxF "$known"
}

# --- Kubernetes, compose, list of parts ------------------------------------------

# From the oldest version that gives pods their ordinal to the newest known.
# Definitions of KEDA and the operator of Prometheus come with those: here it
# is looked at whether they name what is there.
manifests() {
    local overlay version
    for overlay in base keda monitoring; do
        "$tools/kustomize" build "deploy/kubernetes/$overlay" \
            >"$fresh/$overlay.yaml" || return 1
    done
    for version in 1.28 1.32 1.37; do
        "$tools/python/bin/kubernetes-validate" --strict -k "$version" \
            "$fresh/base.yaml" || return 1
    done
    "$tools/python/bin/python" - "$fresh/keda.yaml" "$fresh/monitoring.yaml" <<'END'
import sys, yaml
for path in sys.argv[1:]:
    things = [t for t in yaml.safe_load_all(open(path)) if t]
    named = {(t["kind"], t["metadata"]["name"]): t for t in things}
    labels = [t["spec"]["template"] for t in things if t["kind"] == "StatefulSet"]
    for thing in things:
        spec = thing.get("spec", {})
        if thing["kind"] == "ScaledObject":
            target = spec["scaleTargetRef"]
            assert (target["kind"], target["name"]) in named, target
        if thing["kind"] == "PodMonitor":
            wanted = spec["selector"]["matchLabels"].items()
            ports = {p["name"] for t in labels for c in t["spec"]["containers"]
                     for p in c["ports"]}
            assert all(wanted <= t["metadata"]["labels"].items() for t in labels)
            assert {e["port"] for e in spec["podMetricsEndpoints"]} <= ports
END
}

compose() {
    "$tools/python/bin/check-jsonschema" --builtin-schema vendor.compose-spec \
        deploy/compose/compose.yaml &&
        cp deploy/compose/prometheus.yaml deploy/monitoring/pctr-alerts.yaml "$fresh/" &&
        promtool check config "$fresh/prometheus.yaml"
}

parts() {
    deploy/sbom.sh "$pctr" >"$fresh/sbom.spdx.json" &&
        "$tools/python/bin/pyspdxtools" -i "$fresh/sbom.spdx.json"
}

events() {
    "$tools/python/bin/python" -B deploy/check-events.py "$tools/asyncapi-3.0.0.json"
}

mkdir -p "$tools"
check examples examples
check variables variables
if command -v systemd-analyze >/dev/null; then
    check units units
else
    skip units "no systemd-analyze"
fi
if command -v promtool >/dev/null; then
    check monitoring deploy/monitoring/check
else
    skip monitoring "no promtool"
fi
if have_python_tools >"$fresh/tools.log" 2>&1; then
    check compose compose
    check parts parts
    if have_kustomize >>"$fresh/tools.log" 2>&1; then
        check manifests manifests
    else
        skip manifests "no kustomize"
    fi
    if have_asyncapi >>"$fresh/tools.log" 2>&1; then
        check events events
    else
        skip events "no schema of AsyncAPI"
    fi
else
    tail -n 3 "$fresh/tools.log"
    skip "compose, parts, manifests, events" "no validators"
fi
[ $bad = 0 ]
