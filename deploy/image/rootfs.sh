#!/usr/bin/env bash
# rootfs.sh - the files of an image: the program, the libraries that it loads,
# certificate authorities, and nothing that could be a shell.
#
#   deploy/image/rootfs.sh PROGRAM FOLDER
set -euo pipefail

[ $# = 2 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$1 root=$2

mkdir -p "$root"/{usr/bin,usr/share/doc/pctr,etc/ssl/certs,etc/pctr,tmp,run,var/lib/pctr}
install -m 755 "$program" "$root/usr/bin/pctr"
install -m 644 "$here/LICENSE" "$root/usr/share/doc/pctr/"
install -m 644 "$here/deploy/examples/pctr.conf" "$root/etc/pctr/"

# Each where the loader looks for it; what an alternative points to becomes a
# file. /lib and /lib64 are below /usr, as in the distribution.
mkdir -p "$root"/usr/{lib,lib64}
ln -sfn usr/lib "$root/lib"
ln -sfn usr/lib64 "$root/lib64"
ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' |
    while read -r library; do
        to=$root/usr/${library#/}
        to=${to/\/usr\/usr\//\/usr\/}
        install -D -m 644 "$(realpath "$library")" "$to"
    done
chmod 755 "$root"/usr/lib64/ld-*

for file in /etc/ssl/certs/ca-certificates.crt /etc/ssl/openssl.cnf; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$root$file"
done
mkdir -p "$root/usr/lib/ssl"
ln -sfn /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -sfn /etc/ssl/openssl.cnf "$root/usr/lib/ssl/openssl.cnf"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'pctr:x:65532:65532::/var/lib/pctr:/nonexistent' >"$root/etc/passwd"
echo 'pctr:x:65532:' >"$root/etc/group"
chmod 1777 "$root/tmp"
[ "$(id -u)" != 0 ] || chown 65532:65532 "$root/var/lib/pctr"
"$here/deploy/sbom.sh" "$program" >"$root/usr/share/doc/pctr/sbom.spdx.json"
