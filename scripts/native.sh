#!/usr/bin/env bash
# Builds the dynamic module with a profile, which tells the compiler which code is run often. The
# compiler inlines this code and places it close together, so that a request needs fewer lines of the
# processor's caches.
#
#   scripts/native.sh build      builds target/native/libportcullis.so
#   scripts/native.sh profile    records a new profile: sends a load through Envoy, with a library
#                                that counts how often each block of its code is run
#
# A profile fits only the compiler version that made it, and only the code that has not changed
# since. All other code is compiled as if there were no profile.
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
    # Programs that cargo runs during the build also contain counters. They write their counts to `ignored`.
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
