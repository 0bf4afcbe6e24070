//! The worked examples of several RFCs.

use portcullis::jose::{CompactJws, KeyOrigin, TokenError};
use serde_json::Value;

use crate::{key, key_set, list, ran, string, verifies};

fn examples() -> Value {
    serde_json::from_str(include_str!("rfc_examples.json")).unwrap()
}

#[test]
fn rfc_7515_and_8037() {
    let examples = &examples()["signatures"];
    for example in list(examples) {
        let jws = string(&example["jws"]);
        let expected = match string(&example["name"]) {
            // Neither example has a signature. The parser notices this before it reads the header.
            "RFC 7515 A.5 unsecured" | "RFC 7515 E negative crit" => Err(TokenError::SegmentEmpty),
            _ => Ok(()),
        };
        assert_eq!(
            expected.is_ok(),
            example["result"] == "verifies",
            "{example}"
        );
        assert_eq!(CompactJws::parse(jws).map(drop), expected, "{example}");
        if expected.is_ok() {
            assert!(
                verifies(jws, &key_set(&example["key"], KeyOrigin::Local)),
                "{example}"
            );
        }
    }
    ran("RFC 7515 and 8037", list(examples).len(), 7);
}

#[test]
fn thumbprints_of_rfc_7638() {
    let examples = &examples()["thumbprints"];
    for example in list(examples) {
        let thumbprint = key(&example["key"]).thumbprint().to_string();
        assert_eq!(thumbprint, string(&example["thumbprint"]), "{example}");
    }
    ran("RFC 7638 thumbprints", list(examples).len(), 3);
}

/// The header of a `DPoP` proof contains the proof's key, but the parser ignores that key. The
/// proof verifies only if the same key comes from another source.
#[test]
fn proofs_of_rfc_9449() {
    let examples = &examples()["proofs"];
    let keys = key_set(&examples["key"], KeyOrigin::Remote);
    let proofs = list(&examples["proofs"]);
    for proof in proofs {
        assert!(verifies(string(&proof["jws"]), &keys), "{proof}");
    }
    ran("RFC 9449 proofs", proofs.len(), 3);
}
