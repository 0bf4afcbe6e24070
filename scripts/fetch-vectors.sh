#!/usr/bin/env bash
# Puts test vectors from PyPI packages into the given folder. The packages are downloaded, checked
# against the hashes in vectors-requirements.txt and unpacked, but not installed.
set -euo pipefail

target=$(realpath -m "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "Downloading test vectors"
# For joserfc, only the source distribution contains the test vectors.
python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary joserfc \
    --require-hashes -r "$(dirname "$0")/vectors-requirements.txt" -d "$scratch"
python3 -m zipfile -e "$scratch"/cryptography_vectors-*.whl "$scratch"
python3 -m tarfile -e "$scratch"/joserfc-*.tar.gz "$scratch"
rm -rf "$target"
mkdir -p "$target/cryptography" "$target/joserfc"
cp -r "$scratch"/joserfc-*/tests/{fixtures,keys} "$target/joserfc"
cd "$scratch/cryptography_vectors"
cp --parents -t "$target/cryptography" \
    asymmetric/ECDSA/FIPS_186-3/{PKV,SigVer}.rsp \
    asymmetric/Ed25519/sign.input \
    asymmetric/RSA/FIPS_186-2/SigVer{15,PSS}_186-3.rsp \
    HMAC/rfc-4231-sha{256,384,512}.txt
