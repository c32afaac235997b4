#!/usr/bin/env bash
# sbom.sh - writes what a program is made of, as SPDX 2.3 in JSON: itself and
# the packages of the libraries that it loads.
#
#   deploy/sbom.sh PROGRAM >FILE      e.g. build/release/cli/pctr
set -euo pipefail

[ $# = 1 ] || { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(realpath "$1")
version=$(sed -n 's/^project(pctr VERSION \([0-9.]*\).*/\1/p' "$top/CMakeLists.txt")
sum=$(sha256sum "$program" | cut -d' ' -f1)
made=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)
# shellcheck source=/dev/null
distribution=$(. /etc/os-release && echo "$ID")

# PACKAGE of each library; dpkg may know a file below / or below /usr.
packages() {
    ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' |
        while read -r library; do
            real=$(realpath "$library")
            dpkg -S "$real" 2>/dev/null || dpkg -S "${real#/usr}"
        done | cut -d: -f1 | sort -u
}

element() { # ID NAME VERSION LICENSE EXTRA
    printf '  {"SPDXID": "SPDXRef-%s", "name": "%s", "versionInfo": "%s",\n' "$1" "$2" "$3"
    printf '   "downloadLocation": "NOASSERTION", "filesAnalyzed": false,\n'
    printf '   "licenseConcluded": "%s", "licenseDeclared": "%s",\n' "$4" "$4"
    printf '   "copyrightText": "NOASSERTION"%s}' "$5"
}

cat <<END
{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
 "name": "pctr-$version", "documentNamespace": "urn:pctr:sbom:$version:$sum",
 "creationInfo": {"created": "$made", "creators": ["Tool: deploy/sbom.sh"]},
 "packages": [
END
element pctr pctr "$version" Apache-2.0 \
    ", \"checksums\": [{\"algorithm\": \"SHA256\", \"checksumValue\": \"$sum\"}]"
relations='{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-pctr"}'
while read -r package; do
    exact=$(dpkg-query -W -f='${Version}' "$package")
    id=${package//[^A-Za-z0-9.-]/-}
    printf ',\n'
    element "$id" "$package" "$exact" NOASSERTION \
        ", \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": \"pkg:deb/$distribution/${package//+/%2B}@${exact//+/%2B}\"}]"
    relations+=$',\n  '"{\"spdxElementId\": \"SPDXRef-pctr\", \"relationshipType\": \"DYNAMIC_LINK\", \"relatedSpdxElement\": \"SPDXRef-$id\"}"
done < <(packages)
printf '],\n "relationships": [\n  %s]}\n' "$relations"
