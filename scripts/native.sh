#!/usr/bin/env bash
# Builds the dynamic module with a profile, which tells the compiler which code runs often. The
# compiler inlines this code and places it close together, so that a request touches fewer cache
# lines.
#
#   scripts/native.sh build      builds target/native/libportcullis.so
#   scripts/native.sh profile    records a new profile: sends load through an Envoy whose module counts
#                                how often each block of its code runs
#
# A profile works only with the compiler version that made it. Code that has changed since is compiled
# as if there were no profile.
set -euo pipefail

cd "$(dirname "$0")/.."
root=$PWD
version=$(rustc --version | cut -d ' ' -f 2)
profile=$root/envoy/native/profiles/rustc-$version.profdata

compile() { # FLAG TARGET
    FLAG=$1 scripts/without-paths.sh build --locked --profile native --package portcullis-native --target-dir "$2"
    cp "$2/native/libportcullis_native.so" "$2/native/libportcullis.so"
}

case $1 in
build)
    flag=-Cprofile-use=$profile
    if [ ! -f "$profile" ]; then
        echo "note: there is no profile for rustc $version, so the module will be slightly slower (make profile)" >&2
        flag=
    fi
    compile "$flag" target
    ;;
profile)
    # Programs that cargo runs during the build also contain counters. Their counts go to the folder `ignored`.
    counts=$root/target/profile
    rm -rf "$counts/counted"
    compile "-Cprofile-generate=$counts/ignored" "$counts"
    PORTCULLIS_NATIVE=$counts/native/libportcullis.so BENCH_TRAIN=1 LLVM_PROFILE_FILE=$counts/counted/%m.profraw \
        cargo bench --locked --workspace --profile dev --bench edge
    mkdir -p "$(dirname "$profile")"
    "$(rustc --print target-libdir)/../bin/llvm-profdata" merge --sparse --output "$profile" "$counts"/counted/*.profraw
    ls -l "$profile"
    ;;
esac
