#!/usr/bin/env bash
# Builds the release twice and compares the digests. The two builds use separate clones of the last
# commit in different folders, and separate copies of the dependencies and the compiler. If this
# script runs as root, the builds also run as different users. The script takes as long as two full
# builds.
#
#   scripts/reproduce.sh
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"

clone() {
    git clone --quiet "$root" "$1"
    # Make takes each of these files as a sign that a tool is installed. Without the files, make would
    # check or install the tools.
    mkdir -p "$1/.tools"
    touch "$1/.tools/rust" "$1/.tools/rust-target" "$1/.tools/node"
}

echo "The first build, in $scratch/first"
clone "$scratch/first"
make -C "$scratch/first" --no-print-directory dist

# The second build runs in a different folder, with a different cargo home and a different copy of the
# compiler. If this script runs as root, the second build also runs as a different user.
second="$scratch/second home/portcullis"
echo "The second build, in $second"
mkdir -p "$scratch/second home" "$scratch/toolchain"
clone "$second"
cp -a "$(rustc --print sysroot)"/{bin,lib} "$scratch/toolchain"
mkdir "$scratch/cargo"
cp -a "${CARGO_HOME:-$HOME/.cargo}/registry" "$scratch/cargo"
other=()
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody "$scratch/second home" "$scratch/cargo"
    other=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi
"${other[@]}" env -i HOME="$scratch/second home" CARGO_HOME="$scratch/cargo" CARGO="$scratch/toolchain/bin/cargo" \
    PATH="$scratch/toolchain/bin:$PATH" LANG=C TZ=Asia/Tokyo \
    make -C "$second" --no-print-directory dist

if ! diff "$scratch/first/target/dist/SHA256SUMS" "$second/target/dist/SHA256SUMS"; then
    echo "error: the two builds differ in these files" >&2
    exit 1
fi
echo "Both builds are equal:"
cat "$scratch/first/target/dist/SHA256SUMS"
