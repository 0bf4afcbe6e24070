//! The examples of two JOSE cookbooks: one from the IETF (RFC 7520), and one from the library
//! panva/jose.

use portcullis::jose::{CompactJws, KeyError, KeyOrigin, TokenError, VerifyingKey};
use serde_json::Value;

use crate::{files, json, key_set, list, ran, sources, string, verifies};

/// Runs an example. Both cookbooks write their examples in the same format. Returns whether the
/// example has a compact serialization.
fn cookbook_example(example: &Value, expected: &Result<bool, TokenError>) -> bool {
    let Some(compact) = example["output"].get("compact").map(string) else {
        // The example has only JSON serializations. The parser for compact serializations must
        // reject these.
        for form in ["json", "json_flat"] {
            let shown = example["output"][form].to_string();
            assert!(CompactJws::parse(&shown).is_err(), "{shown}");
        }
        return false;
    };
    let keys = key_set(&example["input"]["key"], KeyOrigin::Local);
    let outcome = CompactJws::parse(compact).map(|_| verifies(compact, &keys));
    assert_eq!(outcome, *expected, "{}", example["title"]);
    true
}

#[test]
fn ietf_jose_cookbook() {
    let Some(folder) = sources::IETF_COOKBOOK.find() else {
        return;
    };
    let (mut compact, mut json_only) = (0, 0);
    let jws = files(&folder.join("jws"));
    let others = ["curve25519/jws.json"].map(|name| folder.join(name));
    for path in jws.iter().chain(&others) {
        let example = json(path);
        // In the example of section 4.5, the signed payload is not part of the token, so the token
        // alone does not verify.
        let detached = path.ends_with("4_5.signature_with_detached_content.json");
        match cookbook_example(&example, &Ok(!detached)) {
            true => compact += 1,
            false => json_only += 1,
        }
    }
    ran("IETF cookbook, compact", compact, 6);
    ran("IETF cookbook, JSON only", json_only, 3);
}

#[test]
fn unencoded_payloads_of_rfc_7797_are_refused() {
    let Some(folder) = sources::IETF_COOKBOOK.find() else {
        return;
    };
    let mut cases = 0;
    for path in files(&folder.join("rfc7797")) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let output = &json(&path)["output"];
        let flat = &output["json_flat"];
        let (header, payload) = (string(&flat["protected"]), string(&flat["payload"]));
        let compact = format!("{header}.{payload}.{}", string(&flat["signature"]));
        assert!(CompactJws::parse(&compact).is_err(), "{compact}");
        // The parser must reject the header even if the payload is base64url.
        let refused = CompactJws::parse(&format!("{header}.e30.AAAA")).unwrap_err();
        let expected = [TokenError::CriticalExtension, TokenError::UnencodedPayload];
        assert!(expected.contains(&refused), "{refused}");
        cases += 1;
    }
    ran("IETF cookbook, b64=false", cases, 2);
}

#[test]
fn ietf_jose_cookbook_keys() {
    let Some(folder) = sources::IETF_COOKBOOK.find() else {
        return;
    };
    let mut cases = 0;
    for path in files(&folder.join("jwk")) {
        let jwk = json(&path);
        let admitted = VerifyingKey::from_jwk(jwk.as_object().unwrap(), KeyOrigin::Local);
        if path.ends_with("3_6.symmetric_key_encryption.json") {
            assert_eq!(admitted.unwrap_err(), KeyError::ForEncryption);
        } else {
            let kid = jwk["kid"].as_str();
            assert_eq!(admitted.unwrap().kid(), kid, "{}", path.display());
        }
        cases += 1;
    }
    ran("IETF cookbook, keys", cases, 6);
}

#[test]
fn panva_jose_cookbook() {
    let Some(file) = sources::PANVA_COOKBOOK.find() else {
        return;
    };
    let document = json(&file);
    let (mut compact, mut json_only) = (0, 0);
    for example in list(&document) {
        let quantum = string(&example["input"]["alg"]).starts_with("ML-DSA");
        let mut expected = Ok(true);
        if quantum {
            expected = Err(TokenError::UnsupportedAlgorithm);
            let jwk = example["input"]["key"].as_object().unwrap();
            let refused = VerifyingKey::from_jwk(jwk, KeyOrigin::Local).unwrap_err();
            assert_eq!(refused, KeyError::UnsupportedAlgorithm);
        }
        match cookbook_example(example, &expected) {
            true => compact += 1,
            false => json_only += 1,
        }
    }
    ran("panva cookbook, JSON only", json_only, 3);
    ran(
        "panva cookbook",
        compact + json_only,
        sources::PANVA_COOKBOOK.cases,
    );
}
