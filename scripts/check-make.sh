#!/usr/bin/env bash
# Checks that make uses the Envoy at the path in ENVOY and never overwrites it. Also checks that
# `make demo` fails before it builds anything if the system is not Linux.
set -euo pipefail

cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

printf '#!/bin/sh\necho mine\n' >"$scratch/envoy"
chmod +x "$scratch/envoy"
# This file is older than all prerequisites of the Makefile's rule for the pinned Envoy. If that rule
# applied to this file, make would install the pinned Envoy over it.
touch -d '2000-01-01' "$scratch/envoy"
make --no-print-directory envoy ENVOY="$scratch/envoy"
if [ "$("$scratch/envoy")" != mine ]; then
    echo "error: make replaced the Envoy at the path in ENVOY" >&2
    exit 1
fi
if make --no-print-directory envoy ENVOY="$scratch/missing" 2>/dev/null || [ -e "$scratch/missing" ]; then
    echo "error: ENVOY names a file that does not exist, and make accepts it or installs an Envoy there" >&2
    exit 1
fi
echo "make leaves the caller's Envoy alone"

mkdir "$scratch/bin"
printf '#!/bin/sh\necho Darwin\n' >"$scratch/bin/uname"
chmod +x "$scratch/bin/uname"
if said=$(PATH="$scratch/bin:$PATH" make --no-print-directory demo 2>&1) || [[ $said != "error: the demo needs Linux"* ]]; then
    echo "error: on another system, make demo says: $said" >&2
    exit 1
fi
echo "the demo says at once that it needs Linux"
