#!/usr/bin/env bash
# Runs cargo so that its output contains no paths of this machine. The same sources then give the
# same files in any folder and for any user. Without this, panic messages would contain paths of
# dependencies.
#
#   scripts/without-paths.sh build …
#
# The environment variable FLAG may contain another flag for the compiler.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
# Downloads missing dependencies, so that the loop below finds the folder of their registry.
cargo fetch --locked --quiet --manifest-path "$root/Cargo.toml"

flags=()
remap() {
    flags+=("'--remap-path-prefix=$1=$2'")
}
remap "$root" .
for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    remap "$registry" /deps
done
# If the source of the standard library is installed, rustc would put its path into the output.
remap "$(rustc --print sysroot)/lib/rustlib/src/rust" "/rustc/$(rustc -vV | sed -n 's/^commit-hash: //p')"

[ -z "${FLAG:-}" ] || flags+=("'$FLAG'")

# Cargo adds these flags to the flags in .cargo/config.toml. RUSTFLAGS would replace the flags in
# that file.
list=$(IFS=, && echo "[${flags[*]}]")
exec cargo --config "target.wasm32-unknown-unknown.rustflags=$list" --config "build.rustflags=$list" "$@"
