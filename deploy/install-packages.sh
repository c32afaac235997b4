#!/usr/bin/env bash
# install-packages.sh - Debian packages, by what they are for.
#
#   deploy/install-packages.sh [GROUP...]    default: build test
#
#   build      compiler and libraries
#   test       what the tests need, and scdoc for the manual page
#   analysis   clang, its sanitizers and checkers, shellcheck
#   browser    Chromium and Python, for the test of the replay's page
#   broker     Java (17 or newer) and Maven, for deploy/kafka and deploy/registry;
#              clients of Python, for the programs of docs/
#   clients    compilers of Java and Go, for the programs of docs/producers.md
#   fresh      mmdebstrap, for deploy/fresh.sh
#   package    debhelper and lintian, for deploy/package.sh
#   deploy     Prometheus, Python and systemd, for deploy/check.sh
#
# Installs nothing where all is there. Needs root or sudo otherwise.
set -euo pipefail

# Distributions have other names for some packages: a|b|c is one of them, the
# first that is to be had where none is there. CLANG stands for the version of
# the distribution's clang.
declare -A groups=(
    [build]="gcc libc6-dev make cmake ninja-build pkg-config librdkafka-dev
             libmsgpack-c-dev|libmsgpack-dev libopenblas-dev liblapacke-dev
             libmicrohttpd-dev libjansson-dev libzstd-dev libsodium-dev
             zlib1g-dev libcurl4-openssl-dev"
    [test]="check libavro-dev git openssl scdoc"
    [analysis]="clang clang-format clang-tidy
                libclang-rt-CLANG-dev|libclang-common-CLANG-dev llvm
                shellcheck"
    [browser]="chromium python3 fonts-dejavu-core"
    [broker]="openjdk-21-jre-headless|openjdk-25-jre-headless|openjdk-17-jre-headless
              maven openssl unzip python3-confluent-kafka python3-avro"
    [clients]="openjdk-21-jdk-headless|openjdk-25-jdk-headless|openjdk-17-jdk-headless
               golang-go"
    [package]="build-essential debhelper lintian git scdoc"
    [fresh]="mmdebstrap"
    [deploy]="prometheus python3 python3-venv systemd gnuplot-nox curl jq"
)

die() { echo "install-packages.sh: $*" >&2; exit 1; }

is_installed() { # PACKAGE
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

can_be_had() { # PACKAGE
    [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@"
    else
        die "missing packages, and neither root nor sudo to install them:" \
            "${wanted[*]}"
    fi
}

# The version of the clang that is there, or of the one that would be.
clang_version() {
    if command -v clang >/dev/null; then
        clang --version | sed -n 's/.*clang version \([0-9]*\).*/\1/p'
    else
        apt-cache depends clang 2>/dev/null |
            sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p'
    fi
}

# FIRST|SECOND... that is there, else the first that can be had, else FIRST.
choose() {
    local choice=$1 names name
    [[ $choice != *CLANG* ]] || choice=${choice//CLANG/$(clang_version)}
    IFS='|' read -ra names <<<"$choice"
    for name in "${names[@]}"; do
        is_installed "$name" && { echo "$name"; return; }
    done
    [ ${#names[@]} -gt 1 ] && for name in "${names[@]}"; do
        can_be_had "$name" && { echo "$name"; return; }
    done
    echo "${names[0]}"
}

missing() { # PACKAGE...: of the chosen ones
    local package
    for package; do
        package=$(choose "$package")
        is_installed "$package" || echo "$package"
    done
}

[ $# -gt 0 ] || set -- build test
packages=()
for group in "$@"; do
    [ -n "${groups[$group]:-}" ] || die "no such group: '$group'"
    read -r -d '' -a more <<<"${groups[$group]}" || true
    packages+=("${more[@]}")
done
mapfile -t wanted < <(missing "${packages[@]}")
[ ${#wanted[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
    die "no apt-get here: install what these Debian packages hold:" \
        "${wanted[*]}"
as_root apt-get -qq update
mapfile -t wanted < <(missing "${packages[@]}") # by the lists of today
echo "installing: ${wanted[*]}"
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "${wanted[@]}" >/dev/null
