#!/usr/bin/env bash
# Runs cargo so that the built files contain no paths of this machine. The same sources then give the
# same files in any folder and for any user. Without this script, panic messages would contain the
# paths of dependencies.
#
#   scripts/without-paths.sh build …
#
# The environment variable FLAG may contain an additional compiler flag.
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
# If the standard library's source is installed, rustc would write the path of this source into the
# built files.
remap "$(rustc --print sysroot)/lib/rustlib/src/rust" "/rustc/$(rustc -vV | sed -n 's/^commit-hash: //p')"

[ -z "${FLAG:-}" ] || flags+=("'$FLAG'")

# Cargo adds the flags from --config to the flags in .cargo/config.toml. The variable RUSTFLAGS would
# replace the flags in that file.
list=$(IFS=, && echo "[${flags[*]}]")
exec cargo --config "target.wasm32-unknown-unknown.rustflags=$list" --config "build.rustflags=$list" "$@"
