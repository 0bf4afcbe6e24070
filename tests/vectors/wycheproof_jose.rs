//! Wycheproof's `json_web_signature`, `json_web_key` and `json_web_crypto`.
//!
//! Each test lists the cases in which Portcullis disagrees with the vectors, and says why. The list
//! must be exact: if a disagreement appears or disappears, the test fails.

use std::collections::BTreeMap;

use portcullis::jose::{CompactJws, KeyOrigin, TokenError};
use serde_json::Value;

use crate::{
    json, key_set, list, ran,
    sources::{self, Additional},
    string, verifies,
};

/// The cases of a file by number, each with its outcome: `true` means that the token was accepted.
fn outcomes(file: &Additional) -> Option<BTreeMap<u64, (bool, Value)>> {
    let document = json(&file.find()?);
    let mut outcomes = BTreeMap::new();
    for group in list(&document["testGroups"]) {
        // An issuer publishes only public keys. Keys with a secret come from the configuration.
        let (keys, origin) = match group.get("public") {
            Some(public) => (public, KeyOrigin::Remote),
            None => (&group["private"], KeyOrigin::Local),
        };
        let keys = key_set(keys, origin);
        for case in list(&group["tests"]) {
            let token = match case.get("jws").or(case.get("jwe")) {
                Some(Value::String(token)) => token.clone(),
                // JSON serializations are passed to the parser unchanged.
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

/// The numbers of the cases whose outcome is not the result that the file expects.
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
    // The file marks these six cases as valid, but Portcullis refuses them:
    // - 346, 350: the key is for PS256, but the token uses PS384 (RFC 8725 section 3.1).
    // - 347, 351: the `alg` of the key is "ES521". There is no such algorithm.
    // - 372, 373: the base64url contains "?".
    //
    // The file marks cases 367 and 370 as invalid, but their tokens are identical to that of the
    // valid case 357.
    assert_eq!(disagreements, [346, 347, 350, 351, 367, 370, 372, 373]);
    let jws = |id| &outcomes[&id].1["jws"];
    assert!(
        jws(367) == jws(357) && jws(370) == jws(357),
        "the file no longer has this defect"
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
    // The file marks these cases as invalid, but Portcullis accepts them:
    // - 1: a key set with a secret and a public key. In the configuration, both are allowed; in a
    //   fetched key set, the secret would be refused.
    // - 4: several keys have the same `kid`. Portcullis tries all of them.
    // - 7: the modulus has the ROCA weakness. Portcullis does not check this, because only the
    //   issuer can replace the key.
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
    // Cases 46 and 47 are the same as cases 7 and 1 of `json_web_key`. Cases 50 and 67 are valid
    // encrypted tokens. Portcullis refuses every encrypted token.
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
