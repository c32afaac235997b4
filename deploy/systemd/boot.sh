#!/usr/bin/env bash
# boot.sh - the units under a real systemd: boots a clean Debian 12 in
# systemd-nspawn with the package in it, beside a Kafka that is there.
#
#   deploy/systemd/boot.sh PACKAGE.deb HOST:PORT
#
# The topics must be there (pctr topics). Two scorers and the trainer start, say
# ready, and answer at the addresses of their slots. One that is stopped by
# SIGSTOP is ended by its watchdog and starts again. A credential reaches its
# service and nobody else. All end within seconds, with status 0.
# Needs root, mmdebstrap and systemd-container.
set -euo pipefail

[ $# = 2 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
package=$(realpath "$1") brokers=$2
root=$(mktemp -d)
container=

end() {
    [ -z "$container" ] || { kill "$container"; wait "$container" || true; }
    rm -rf --one-file-system "$root" "$root.log"
} 2>/dev/null
trap end EXIT

die() { echo "boot.sh: $*" >&2; exit 1; }

# COMMAND ARG... beside the systemd of the container.
inside() { nsenter --target "$(pgrep -P "$container")" --all "$@"; }

# UNIT PROPERTY VALUE: waits until it is so.
wait_for() {
    local value=
    for _ in $(seq 300); do
        value=$(inside systemctl show "$1" -p "$2" --value)
        [ "$value" != "$3" ] || { echo "$1: $2 is $3"; return; }
        sleep 0.2
    done
    inside journalctl --no-pager -u "$1" -n 20
    die "$1: $2 is '$value', not '$3'"
}

boot() {
    mmdebstrap --quiet --variant=minbase --include=systemd-sysv,dbus,ca-certificates \
        bookworm "$root"
    cp "$package" "$root/root/pctr.deb"
    cp -L /etc/resolv.conf "$root/etc/"
    chroot "$root" sh -ec 'apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
            --no-install-recommends /root/pctr.deb >/dev/null 2>&1'
    sed -i "s/^brokers = .*/brokers = $brokers/" "$root/etc/pctr/pctr.conf"
    mkdir -p "$root/etc/systemd/system/pctr-scorer@1.service.d"
    printf '[Service]\nWatchdogSec=6\nRestartSec=1\n' \
        >"$root/etc/systemd/system/pctr-scorer@1.service.d/soon.conf"
    cp "$root/usr/share/doc/pctr/examples/secret.conf" \
        "$root/etc/systemd/system/pctr-scorer@1.service.d/"
    (umask 077; echo word >"$root/etc/pctr/kafka-password")
    systemd-nspawn --quiet --directory="$root" --register=no --keep-unit \
        --resolv-conf=off --boot >"$root.log" 2>&1 &
    container=$!
    for _ in $(seq 100); do
        inside systemctl is-system-running 2>/dev/null |
            grep -E 'running|degraded' && return
        sleep 0.3
    done
    tail "$root.log"
    die "the container does not boot"
}

boot
inside systemctl start pctr-scorer@0 pctr-scorer@1 pctr-trainer
for unit in pctr-scorer@0 pctr-scorer@1 pctr-trainer; do
    wait_for $unit StatusText ready
done
for address in 127.0.1.0:9464 127.0.1.1:9464 127.0.0.1:9465; do
    [[ $(curl -s "http://$address/readyz") == ok* ]] || die "$address is not ready"
done
[ "$(stat -c %a "$root/run/credentials/pctr-scorer@1.service/kafka-password" 2>/dev/null ||
    inside stat -c %a /run/credentials/pctr-scorer@1.service/kafka-password)" = 400 ] ||
    die "the credential is not its service's alone"
inside systemctl kill -s STOP pctr-scorer@1
wait_for pctr-scorer@1 NRestarts 1
wait_for pctr-scorer@1 StatusText ready
inside systemctl stop pctr-scorer@0 pctr-scorer@1 pctr-trainer
for unit in pctr-scorer@0 pctr-scorer@1 pctr-trainer; do
    wait_for $unit Result success
done
echo "boot.sh: passed"
