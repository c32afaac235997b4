#!/usr/bin/env bash
# install-packages.sh - Debian packages, by what they are for.
#
#   deploy/install-packages.sh [GROUP...]    default: build test
#
#   build     compiler and libraries
#   test      what the tests need, and scdoc for the manual page
#   analysis  clang, its sanitizers and checkers, shellcheck
#   browser   Chromium and Python, for the test of the replay's page
#   broker    Java 17 and Maven, for deploy/kafka
#
# Installs nothing where all is there. Needs root or sudo otherwise.
set -euo pipefail

declare -A groups=(
    [build]="gcc libc6-dev make cmake ninja-build pkg-config librdkafka-dev
             libmsgpack-dev libopenblas-dev liblapacke-dev libmicrohttpd-dev
             libjansson-dev libzstd-dev libsodium-dev zlib1g-dev"
    [test]="check git scdoc"
    [analysis]="clang clang-format clang-tidy libclang-rt-14-dev llvm
                shellcheck"
    [browser]="chromium python3 fonts-dejavu-core"
    [broker]="openjdk-17-jre-headless maven openssl"
)

die() { echo "install-packages.sh: $*" >&2; exit 1; }

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@"
    else
        die "missing packages, and neither root nor sudo to install them:" \
            "${missing[*]}"
    fi
}

[ $# -gt 0 ] || set -- build test
missing=()
for group in "$@"; do
    [ -n "${groups[$group]:-}" ] || die "no such group: '$group'"
    for package in ${groups[$group]}; do
        is_installed "$package" || missing+=("$package")
    done
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
    die "no apt-get here: install what these Debian packages hold:" \
        "${missing[*]}"
echo "installing: ${missing[*]}"
as_root apt-get -qq update
as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
