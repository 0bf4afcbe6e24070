#!/usr/bin/env bash
# Extracts one program from a Debian package to the given path. The package is not installed, because
# an installation would start the package's server on this machine.
#
#   scripts/unpack-debian.sh PACKAGE PROGRAM TARGET
set -euo pipefail

package=$1
program=$2
target=$(realpath -m "$3")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if ! command -v apt-get >/dev/null; then
    echo "error: $program is missing. Copy it to $target (on Debian, it is in the package $package)" >&2
    exit 1
fi
chmod 755 "$scratch"
cd "$scratch"
echo "Downloading $package"
apt-get download -qq "$package" 2>/dev/null || {
    # The download failed, so the package lists are probably missing or old.
    if [ "$(id -u)" -eq 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi
    apt-get download -qq "$package"
}
dpkg-deb -x "$package"_*.deb unpacked
install -D -m 755 "unpacked/usr/bin/$program" "$target"
