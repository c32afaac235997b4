#!/usr/bin/env bash
# package.sh - the Debian package, of the last commit.
#
#   deploy/package.sh           builds it into build/package, and lints it
#   deploy/package.sh --check   also installs, tries, removes and purges it;
#                               for a root that may be thrown away (fresh.sh)
#
# deploy/install-packages.sh build test package installs what it takes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$PWD
out=$top/build/package
version=$(sed -n 's/^project(pctr VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)

die() { echo "deploy/package.sh: $*" >&2; exit 1; }

# The source as it is committed, with debian/ where dpkg looks for it.
prepare() {
    rm -rf "$out"
    mkdir -p "$out/source"
    git archive HEAD | tar -x -C "$out/source"
    cd "$out/source"
    cp -r deploy/debian debian
    cp 'deploy/systemd/pctr-scorer@.service' 'debian/pctr.pctr-scorer@.service'
    cp deploy/systemd/pctr-trainer.service debian/pctr.pctr-trainer.service
    cat >debian/changelog <<END
pctr ($version) unstable; urgency=medium

  * See CHANGELOG.md.

 -- pctr maintainers <maintainers@pctr.invalid>  $(git -C "$top" log -1 --format=%cD)
END
}

build() {
    SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct) \
        dpkg-buildpackage -us -uc -b -j"$(nproc)" >"$out/build.log" 2>&1 || {
        tail -n 40 "$out/build.log"
        die "the build failed"
    }
}

lint() {
    lintian --fail-on error,warning,info,pedantic --allow-root "$out"/pctr_*.changes
}

check() {
    local package
    package=$(echo "$out/pctr_${version}"_*.deb)
    apt-get -qq install -y --no-install-recommends "$package" >/dev/null
    [ "$(pctr --version | head -n 1)" = "pctr $version" ] || die "another version"
    pctr score -F /etc/pctr/pctr.conf --check-config
    pctr train -F /etc/pctr/pctr.conf --check-config
    pctr demo --rows=2000 | tail -n 1
    for file in /usr/share/man/man1/pctr.1.gz /etc/pctr/pctr.conf \
        /usr/share/bash-completion/completions/pctr; do
        [ -f "$file" ] || die "no $file"
    done
    [[ $(dpkg -L pctr) == *systemd/system/pctr-scorer@.service* ]] || die "no unit"
    apt-get -qq purge -y pctr >/dev/null
    for file in /usr/bin/pctr /etc/pctr /usr/share/doc/pctr; do
        [ ! -e "$file" ] || die "$file is left behind"
    done
    echo "installed, tried, removed: ${package##*/}"
}

case ${1:-} in
'' | --check) ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
   [ "$1" = --help ] && exit 0 || exit 2 ;;
esac
(prepare && build)
lint
[ -z "${1:-}" ] || check
