#!/usr/bin/env bash
# fresh.sh - the two commands of the README on a machine that has nothing yet:
# a clean root of a distribution, a clone of this checkout's last commit in it,
# deploy/demo.sh and deploy/test.sh.
#
#   deploy/fresh.sh [OPTION...] DISTRIBUTION [COMMAND ARG...]
#
#   DISTRIBUTION   debian-12, debian-13, ubuntu-22.04 or ubuntu-24.04
#   COMMAND        runs in the clone instead of the two commands
#   --quick        deploy/test.sh --quick: unit and mock tests only
#   --ccache       compiles through ccache, which then is in the root as well
#   --renew        makes the root anew though one is there from before
#   --copy FILE    puts FILE into the clone's folder build/given; may be repeated
#   --fetch FILE   copies FILE of the clone to build/fresh/DISTRIBUTION
#                  when the commands were successful; may be repeated
#
# The root takes over this machine's own certificate authorities (of
# /usr/local/share/ca-certificates), its name servers, and the proxy settings
# of the environment, apt and Maven. Packages, jars and ccache's objects are
# kept in ~/.cache/pctr/fresh for the next time. Needs root, for chroot.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?HOME names no folder to keep roots in}/.cache}/pctr/fresh
keyring=/usr/share/keyrings/ubuntu-archive-keyring.gpg
renew_days=14

die() { echo "deploy/fresh.sh: $*" >&2; exit 1; }

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }

# --- The base of a distribution ------------------------------------------------

suite_of() { # DISTRIBUTION
    case $1 in
    debian-12) echo bookworm ;;
    debian-13) echo trixie ;;
    ubuntu-22.04) echo jammy ;;
    ubuntu-24.04) echo noble ;;
    *) die "no such distribution: '$1'" ;;
    esac
}

# Debian signs the package that has Ubuntu's keys, from version 13 on. apt reads
# them as another user, to whom the home of this one is closed.
ubuntu_keyring() { # FOLDER
    if [ -f "$keyring" ]; then
        cp "$keyring" "$1/"
    else
        mmdebstrap --quiet --variant=extract --include=ubuntu-keyring trixie "$1/root" >&2
        cp "$1/root$keyring" "$1/"
    fi
}

make_base() { # DISTRIBUTION
    local suite options=() keys
    suite=$(suite_of "$1")
    keys=$(mktemp -d)
    chmod 755 "$keys"
    if [[ $1 == ubuntu-* ]]; then
        ubuntu_keyring "$keys"
        options=("--components=main,universe" "--keyring=$keys/${keyring##*/}")
    fi
    if ! mmdebstrap --variant=minbase --include=apt,ca-certificates "${options[@]}" \
        "$suite" "$cache/$1.new.tar" 2>"$keys/log"; then
        grep -E '^ *(Err|E|W)|NO_PUBKEY' "$keys/log" >&2 || tail "$keys/log" >&2
        rm -rf "$keys" "$cache/$1.new.tar"
        die "$1 cannot be had from here"
    fi
    rm -rf "$keys"
    mv "$cache/$1.new.tar" "$cache/$1.tar"
}

have_base() { # DISTRIBUTION: no older than two weeks
    [ -n "$(find "$cache" -maxdepth 1 -name "$1.tar" -mtime "-$renew_days" 2>/dev/null)" ]
}

# --- What the root takes over from this machine ----------------------------------

take_over() { # ROOT
    local proxy
    cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/"
        chroot "$1" update-ca-certificates >/dev/null 2>&1
    fi
    proxy=$(apt-config dump 2>/dev/null | grep -E '^Acquire::https?::Proxy' || true)
    [ -z "$proxy" ] || echo "$proxy" >"$1/etc/apt/apt.conf.d/90proxy"
    if [ -f "$HOME/.m2/settings.xml" ]; then
        mkdir -p "$1/root/.m2"
        cp "$HOME/.m2/settings.xml" "$1/root/.m2/"
    fi
}

# NAME=VALUE of the environment that a root gets.
environment() {
    local name
    printf '%s\n' HOME=/root LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY \
                OPENBLAS_CORETYPE OPENBLAS_L2_SIZE FUZZ_SECONDS; do
        [ -z "${!name:-}" ] || echo "$name=${!name}"
    done
    ! $ccache || printf '%s\n' CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_DIR=/root/.ccache
}

# --- One run -----------------------------------------------------------------------

# Its mounts and processes are gone when the command has ended.
enter() { # ROOT COMMAND ARG...
    local root=$1 kept=$cache/$distribution settings
    shift
    mapfile -t settings < <(environment)
    mkdir -p "$kept"/{archives/partial,maven,ccache} \
        "$root"/{var/cache/apt/archives,root/.m2/repository,root/.ccache}
    # shellcheck disable=SC2016 # the inner shell expands these
    unshare --mount --pid --fork --kill-child sh -ec '
        root=$1 kept=$2
        shift 2
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/tmp"
        mount --bind "$kept/archives" "$root/var/cache/apt/archives"
        mount --bind "$kept/maven" "$root/root/.m2/repository"
        mount --bind "$kept/ccache" "$root/root/.ccache"
        exec chroot "$root" /usr/bin/env -i "$@"' sh "$root" "$kept" \
        "${settings[@]}" "$@"
}

in_clone() { # COMMAND ARG...
    # shellcheck disable=SC2016 # the inner shell expands these
    enter "$root" sh -ec 'cd /root/pctr; exec "$@"' sh "$@"
}

run() {
    local start=$SECONDS file
    tar -C "$root" -xpf "$cache/$distribution.tar"
    take_over "$root"
    git clone -q "$here" "$root/root/pctr"
    mkdir -p "$root/root/pctr/build/given"
    for file in ${given[@]+"${given[@]}"}; do
        cp "$file" "$root/root/pctr/build/given/"
    done
    ! $ccache || enter "$root" sh -ec 'apt-get -qq update
        apt-get -qq install -y --no-install-recommends ccache >/dev/null'
    echo "== $distribution: a clean root, $((SECONDS - start)) s"
    if [ $# -gt 0 ]; then
        in_clone "$@"
    else
        in_clone deploy/demo.sh
        echo "== $distribution: deploy/demo.sh: $((SECONDS - start)) s"
        in_clone deploy/test.sh ${quick:+--quick}
    fi
    for file in ${wanted[@]+"${wanted[@]}"}; do
        mkdir -p "$here/build/fresh/$distribution"
        (cd "$root/root/pctr" && cp -r "$file" "$here/build/fresh/$distribution/")
    done
    echo "== $distribution: passed in $((SECONDS - start)) s"
}

quick='' ccache=false renew=false given=() wanted=()
while [[ ${1:-} == --* ]]; do
    case $1 in
    --quick) quick=yes ;;
    --ccache) ccache=true ;;
    --renew) renew=true ;;
    --copy) given+=("${2:?--copy needs a file}"); shift ;;
    --fetch) wanted+=("${2:?--fetch needs a file}"); shift ;;
    *) usage; [ "$1" = --help ] && exit 0 || exit 2 ;;
    esac
    shift
done
[ $# -gt 0 ] || { usage; exit 2; }
distribution=$1
shift
suite_of "$distribution" >/dev/null
[ "$(id -u)" = 0 ] || die "only root may chroot"
command -v mmdebstrap >/dev/null ||
    die "no mmdebstrap: deploy/install-packages.sh fresh installs it"

mkdir -p "$cache"
exec 9>"$cache/.lock-$distribution"
flock 9 # two at once would write the same base and packages
if $renew || ! have_base "$distribution"; then
    make_base "$distribution"
fi
root=$(mktemp -d "$cache/root-$distribution.XXXXXX")
chmod 755 "$root"
trap 'rm -rf --one-file-system "$root"' EXIT
run "$@"
