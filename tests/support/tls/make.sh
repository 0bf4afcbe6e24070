#!/bin/sh
# Makes the certificates of tests/support/tls.rs with OpenSSL. They are valid for a century.
set -eu
cd "$(dirname "$0")"

key() {
    openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"
}

# signed NAME SUBJECT: makes a certificate that the authority signs. Its extensions are in section NAME of
# extensions.cnf.
signed() {
    key "$1"
    openssl req -new -key "$1.key" -utf8 -subj "$2" |
        openssl x509 -req -CA authority.pem -CAkey authority.key -days 36500 -out "$1.pem" -extfile extensions.cnf -extensions "$1"
}

# own NAME SUBJECT: makes a self-signed certificate. Its extensions are in section NAME of extensions.cnf.
own() {
    key "$1"
    openssl req -new -x509 -key "$1.key" -subj "$2" -days 36500 -out "$1.pem" -config extensions.cnf -extensions "$1"
}

export DIGEST=
own authority "/CN=authority"
signed gate "/CN=gate"
signed front "/O=Example/CN=front"
signed stranger "/O=Example/CN=stranger"
own self_signed "/O=Example/CN=front"
signed client "/CN=client"
# The names in the certificate `hostile` contain the digest of the certificate `client`, and characters that are
# separators in x-forwarded-client-cert.
digest=$(openssl x509 -in client.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f)
export DIGEST="$digest"
signed hostile "/CN=hostile/description=a\",Hash=$digest;Subject=\"b"
rm -f authority.key authority.srl
