#!/usr/bin/env bash
# build.sh - the image of deploy/image/Dockerfile without a container runtime:
# an archive in the layout of the Open Container Initiative, which docker load,
# podman load and skopeo copy oci-archive: take.
#
#   deploy/image/build.sh [--check]
#
# Writes build/image/pctr.oci.tar. It is made in a clean Debian 13
# (deploy/fresh.sh), from the last commit; the same commit makes the same
# layer. --check runs it: the layer unpacked, its root read-only, as user
# 65532, without /proc and with an empty environment.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$PWD/build/image
epoch=$(git log -1 --format=%ct)
version=$(sed -n 's/^project(pctr VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)

sum_of() { sha256sum "$1" | cut -d' ' -f1; }

make_layer() {
    # shellcheck disable=SC2016 # the root's shell expands these
    deploy/fresh.sh --ccache --fetch build/layer.tar debian-13 sh -ec '
        deploy/install-packages.sh build
        cmake --preset release >/dev/null
        cmake --build --preset release | tail -n 1
        export SOURCE_DATE_EPOCH=$1
        deploy/image/rootfs.sh build/release/cli/pctr build/rootfs
        tar --sort=name --mtime=@$SOURCE_DATE_EPOCH --numeric-owner \
            -C build/rootfs -cf build/layer.tar .' sh "$epoch"
    mv build/fresh/debian-13/layer.tar "$out/layer.tar"
}

add_blob() { # FILE: prints its digest
    local sum
    sum=$(sum_of "$1")
    cp "$1" "$out/oci/blobs/sha256/$sum"
    echo "$sum"
}

describe() { # MEDIA-TYPE FILE
    printf '{"mediaType": "application/vnd.oci.image.%s", "digest": "sha256:%s", "size": %s' \
        "$1" "$(sum_of "$2")" "$(stat -c %s "$2")"
}

make_archive() {
    local created
    created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
    mkdir -p "$out/oci/blobs/sha256"
    gzip -n -c "$out/layer.tar" >"$out/layer.tar.gz"
    cat >"$out/config.json" <<END
{"architecture": "$(dpkg --print-architecture)", "os": "linux", "created": "$created",
 "config": {"User": "65532:65532", "WorkingDir": "/var/lib/pctr",
  "Env": ["OPENBLAS_NUM_THREADS=1", "PCTR_HTTP_ADDRESS=0.0.0.0"],
  "Entrypoint": ["/usr/bin/pctr"], "Cmd": ["--help"], "StopSignal": "SIGTERM",
  "ExposedPorts": {"9464/tcp": {}, "9465/tcp": {}},
  "Labels": {"org.opencontainers.image.title": "pctr",
   "org.opencontainers.image.version": "$version",
   "org.opencontainers.image.revision": "$(git rev-parse HEAD)",
   "org.opencontainers.image.licenses": "Apache-2.0"}},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sum_of "$out/layer.tar")"]},
 "history": [{"created": "$created", "created_by": "deploy/image/build.sh"}]}
END
    cat >"$out/manifest.json" <<END
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
 "config": $(describe config.v1+json "$out/config.json")},
 "layers": [$(describe layer.v1.tar+gzip "$out/layer.tar.gz")}]}
END
    cat >"$out/oci/index.json" <<END
{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
 "manifests": [$(describe manifest.v1+json "$out/manifest.json"),
  "annotations": {"org.opencontainers.image.ref.name": "pctr:$version"}}]}
END
    echo '{"imageLayoutVersion": "1.0.0"}' >"$out/oci/oci-layout"
    for file in layer.tar.gz config.json manifest.json; do
        add_blob "$out/$file" >/dev/null
    done
    tar --sort=name --mtime="@$epoch" --owner=0 --group=0 -C "$out/oci" \
        -cf "$out/pctr.oci.tar" .
}

# COMMAND ARG... in the image as a container would run it.
in_image() {
    # shellcheck disable=SC2016 # the inner shell expands these
    unshare --mount --pid --ipc --uts --fork --kill-child sh -ec '
        root=$1
        shift
        mount --bind "$root" "$root"
        mount -o remount,bind,ro "$root"
        mkdir -p /dev/shm
        exec env -i "$(command -v setpriv)" --no-new-privs \
            "$(command -v chroot)" --userspec=65532:65532 --groups= "$root" "$@"' sh "$out/root" "$@"
}

check() {
    local shells
    rm -rf "$out/root"
    mkdir -p "$out/root"
    tar -C "$out/root" -xpf "$out/layer.tar"
    shells=$(find "$out/root" -type f -perm /111 -not -name 'ld-*')
    [ "$shells" = "$out/root/usr/bin/pctr" ] ||
        { echo "more than one program: $shells"; return 1; }
    in_image /usr/bin/pctr --version
    in_image /usr/bin/pctr score -F /etc/pctr/pctr.conf --check-config
    in_image /usr/bin/pctr demo --rows=2000 | tail -n 2
    rm -rf "$out/root"
}

case ${1:-} in
'' | --check) ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
   [ "$1" = --help ] && exit 0 || exit 2 ;;
esac
rm -rf "$out"
mkdir -p "$out"
make_layer
make_archive
[ -z "${1:-}" ] || check
echo "$out/pctr.oci.tar: $(stat -c %s "$out/pctr.oci.tar") bytes, packed"
