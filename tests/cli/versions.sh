#!/usr/bin/env bash
# versions.sh PCTR - `pctr --version` names each library that the program
# loads, but for the C library and what comes with the compiler.
set -euo pipefail

pctr=$(realpath "$1")
said=$("$pctr" --version)

# What a library is called in the output, by the name of its file.
declare -A names=(
    [libcurl]=libcurl [libjansson]=jansson [libmicrohttpd]=libmicrohttpd
    [libmsgpackc]=msgpack-c [libmsgpack-c]=msgpack-c [libopenblas]=OpenBLAS
    [liblapacke]=OpenBLAS [librdkafka]=librdkafka [libsodium]=libsodium
    [libz]=zlib [libzstd]=libzstd)
declare -A plain=([libc]=1 [libm]=1 [libgcc_s]=1 [ld-linux-x86-64]=1
    [ld-linux-aarch64]=1 [libpthread]=1 [libdl]=1 [librt]=1 [libresolv]=1)

needed=$(readelf -d "$pctr" | sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p')
[ "$(wc -w <<<"$needed")" -ge 8 ] || { echo "few libraries: $needed"; exit 1; }
for library in $needed; do
    [ -z "${plain[$library]:-}" ] || continue
    name=${names[$library]:-$library}
    grep -qE "^$name [0-9]+\.[0-9]" <<<"$said" || {
        echo "pctr --version does not say the version of $library ($name)"
        exit 1
    }
done
