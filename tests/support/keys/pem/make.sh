#!/usr/bin/env bash
# Makes the files in this folder (needs OpenSSL 3 and Node). Most files contain fixed keys from the
# parent folder. In each run, the last four files get new keys, and the certificates get new
# signatures. Tests depend only on the fixed keys and on the certificates' dates.
#
#   tests/support/keys/pem/make.sh
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Writes the private keys as PEM files to a temporary folder.
for name in rsa p256 ed25519; do
  node -e '
    const { createPrivateKey } = require("node:crypto");
    const jwk = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    const key = createPrivateKey({ key: jwk, format: "jwk" });
    process.stdout.write(key.export({ type: "pkcs8", format: "pem" }));
  ' "../$name.jwk.json" > "$work/$name.pem"
done

cat > "$work/ca.conf" <<CONF
[ca]
default_ca = test
[test]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[plain]
[signing]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
[no_signing]
keyUsage = critical, keyEncipherment
CONF

# certificate FILE KEY EXTENSIONS FROM TO: makes a self-signed certificate that is valid from FROM
# until TO.
certificate() {
  : > "$work/index"
  openssl req -new -config "$work/ca.conf" -subj "/CN=$1" -key "$work/$2.pem" -out "$work/request"
  openssl ca -batch -notext -selfsign -config "$work/ca.conf" -extensions "$3" -keyfile "$work/$2.pem" \
    -in "$work/request" -startdate "$4" -enddate "$5" -out "$1.pem" 2> "$work/log" || { cat "$work/log"; exit 1; }
}
certificate rsa_cert rsa signing 20200101000000Z 20991231235959Z
certificate p256_cert p256 signing 20200101000000Z 20991231235959Z
certificate p256_cert_expired p256 signing 20200101000000Z 20210101000000Z
certificate p256_cert_encipherment p256 no_signing 20200101000000Z 20991231235959Z
certificate ed25519_cert ed25519 plain 20200101000000Z 99991231235959Z
# This certificate expires one minute after the time that the fake host's clock shows at the start
# of a test.
certificate p256_cert_ending p256 signing 20200101000000Z 20270115080100Z

openssl rsa -in "$work/rsa.pem" -RSAPublicKey_out -out rsa_pkcs1.pem
openssl ec -in "$work/p256.pem" -pubout -conv_form compressed -out p256_compressed.pem
openssl ec -in "$work/p256.pem" -pubout -param_enc explicit -out p256_explicit.pem
openssl ecparam -name secp256k1 -genkey -noout | openssl ec -pubout -out secp256k1.pem
openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout -out rsa_pss.pem
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 | openssl pkey -pubout -out rsa_1024.pem
openssl genpkey -algorithm x25519 | openssl pkey -pubout -out x25519.pem
