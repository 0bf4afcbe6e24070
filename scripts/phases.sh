#!/usr/bin/env bash
# Runs make targets in order, each under a heading. Stops at the first failure. At the end, prints
# how long each target took.
set -euo pipefail

report=()
print_report() {
    printf '\n%8s  phase\n' seconds
    printf '%s\n' "${report[@]}"
}
trap print_report EXIT

for target in "$@"; do
    heading=$(sed -n "s/^$target:.*## //p" Makefile)
    printf '\n=== %s: %s\n\n' "$target" "$heading"
    started=$SECONDS
    if ! make --no-print-directory "$target"; then
        report+=("$(printf '%8d  %s FAILED' $((SECONDS - started)) "$target")")
        exit 1
    fi
    report+=("$(printf '%8d  %s' $((SECONDS - started)) "$target")")
done
