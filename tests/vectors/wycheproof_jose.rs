//! Wycheproof's `json_web_signature`, `json_web_key` and `json_web_crypto`.
//!
//! The cases on which this crate disagrees with the vectors are listed with a reason. The list must
//! be exact: a disagreement that disappears fails the test, like a new one.

use std::collections::BTreeMap;

use portcullis::jose::{CompactJws, KeyOrigin, TokenError};
use serde_json::Value;

use crate::{
    json, key_set, list, ran,
    sources::{self, Additional},
    string, verifies,
};

/// Every case of a file with its outcome; `true` means that the token was accepted.
fn outcomes(file: &Additional) -> Option<BTreeMap<u64, (bool, Value)>> {
    let document = json(&file.find()?);
    let mut outcomes = BTreeMap::new();
    for group in list(&document["testGroups"]) {
        // An issuer publishes public keys. The other keys are secrets, so they come from the
        // configuration.
        let (keys, origin) = match group.get("public") {
            Some(public) => (public, KeyOrigin::Remote),
            None => (&group["private"], KeyOrigin::Local),
        };
        let keys = key_set(keys, origin);
        for case in list(&group["tests"]) {
            let token = match case.get("jws").or(case.get("jwe")) {
                Some(Value::String(token)) => token.clone(),
                // JSON serializations are passed on unchanged.
                Some(token) => token.to_string(),
                None => panic!("no token in {case}"),
            };
            outcomes.insert(
                case["tcId"].as_u64().unwrap(),
                (verifies(&token, &keys), case.clone()),
            );
        }
    }
    Some(outcomes)
}

/// The cases whose outcome differs from the marked result.
fn disagreements(outcomes: &BTreeMap<u64, (bool, Value)>) -> Vec<u64> {
    let disagrees = |(accepted, case): &(bool, Value)| *accepted != (case["result"] == "valid");
    outcomes
        .iter()
        .filter(|(_, outcome)| disagrees(outcome))
        .map(|(id, _)| *id)
        .collect()
}

#[test]
fn json_web_signature() {
    let Some(outcomes) = outcomes(&sources::JSON_WEB_SIGNATURE) else {
        return;
    };
    let disagreements = disagreements(&outcomes);
    // 346, 350: the key is for PS256, the token uses PS384 (RFC 8725 section 3.1). 347, 351: the
    // key says "ES521". 372, 373: the base64url contains "?". All six are marked valid, but refused
    // here.
    // 367, 370: marked invalid, but octet by octet identical to the valid case 357.
    assert_eq!(disagreements, [346, 347, 350, 351, 367, 370, 372, 373]);
    let jws = |id| &outcomes[&id].1["jws"];
    assert!(
        jws(367) == jws(357) && jws(370) == jws(357),
        "the defect is still there"
    );
    for id in [372, 373] {
        let refused = CompactJws::parse(string(jws(id))).unwrap_err();
        assert_eq!(refused, TokenError::NotBase64url, "{id}");
    }
    ran(
        "Wycheproof json_web_signature",
        outcomes.len(),
        sources::JSON_WEB_SIGNATURE.cases,
    );
    ran(
        "Wycheproof json_web_signature as marked",
        outcomes.len() - disagreements.len(),
        393,
    );
}

#[test]
fn json_web_signature_exceptions_verify_if_the_key_names_the_algorithm() {
    let Some(file) = sources::JSON_WEB_SIGNATURE.find() else {
        return;
    };
    let document = json(&file);
    let mut cases = 0;
    for group in list(&document["testGroups"]) {
        for case in list(&group["tests"]) {
            let alg = match case["tcId"].as_u64() {
                Some(346 | 350) => "PS384",
                Some(347 | 351) => "ES512",
                _ => continue,
            };
            let mut corrected = group["public"].clone();
            corrected["alg"] = alg.into();
            let keys = key_set(&corrected, KeyOrigin::Remote);
            assert!(verifies(string(&case["jws"]), &keys), "{case}");
            cases += 1;
        }
    }
    ran(
        "Wycheproof json_web_signature with corrected keys",
        cases,
        4,
    );
}

#[test]
fn json_web_key() {
    let Some(outcomes) = outcomes(&sources::JSON_WEB_KEY) else {
        return;
    };
    // 1: a secret next to a public key, both from the configuration, where an operator may have
    // both (a fetched set would refuse the secret). 4: several keys share a `kid`, and all of them
    // are tried. 7: a modulus with the ROCA weakness, which only the issuer can replace.
    assert_eq!(disagreements(&outcomes), [1, 4, 7]);
    ran(
        "Wycheproof json_web_key",
        outcomes.len(),
        sources::JSON_WEB_KEY.cases,
    );
}

#[test]
fn json_web_crypto() {
    let Some(outcomes) = outcomes(&sources::JSON_WEB_CRYPTO) else {
        return;
    };
    // 46, 47: the same as 7 and 1 above. 50, 67: valid encrypted tokens, which are always refused.
    assert_eq!(disagreements(&outcomes), [46, 47, 50, 67]);
    ran(
        "Wycheproof json_web_crypto",
        outcomes.len(),
        sources::JSON_WEB_CRYPTO.cases,
    );
}

#[test]
fn fetched_key_set_refuses_the_secret_of_a_mixed_set() {
    let Some(file) = sources::JSON_WEB_KEY.find() else {
        return;
    };
    let document = json(&file);
    let group = &list(&document["testGroups"])[0];
    let keys = key_set(&group["private"], KeyOrigin::Remote);
    assert_eq!(keys.as_ref().unwrap().skipped().len(), 1);
    assert!(!verifies(string(&list(&group["tests"])[0]["jws"]), &keys));
}
