//! Generates configurations of `jwt_authn` from a seed.

use portcullis::jose::Algorithm::{self, EdDsa, Es256, Es384, Hs256, Ps256, Rs256};
use serde_json::{Value, json};

use crate::{
    configurations::{Configuration, ISSUER, PARTNER},
    provider::{Keys, Naming, Provider, Source},
};
use support::random::Random;

const NAMES: [&str; 3] = ["login", "partner", "batch"];
const ISSUERS: [&str; 3] = [ISSUER, PARTNER, "batch"];

/// A configuration with up to three providers.
pub(crate) fn configuration(number: usize, random: &mut Random) -> Configuration {
    let count = random.one_of(&[1, 1, 2, 2, 3]);
    let providers: Vec<Provider> = (0..count).map(|index| provider(index, random)).collect();
    let mut configuration = Configuration::new(&format!("generated-{number}"), providers);
    let mut rules = Vec::new();
    if random.once_in(2) {
        let requires = requirement(count, 2, random);
        rules.push(json!({ "match": condition(random), "requires": requires }));
    }
    if random.once_in(3) {
        rules.push(json!({ "match": { "prefix": "/open" } }));
    }
    let requires = requirement(count, 2, random);
    rules.push(json!({ "match": { "prefix": "/" }, "requires": requires }));
    configuration = configuration.ruled(&json!(rules)).at(&[
        "/api/orders?a=%41&b",
        "/api",
        "/open",
        "/v2/items?v=1",
    ]);
    for flag in ["bypass_cors_preflight", "strip_failure_response"] {
        configuration = configuration.with(flag, &json!(random.once_in(3)));
    }
    configuration.headed(&[("x-env", "prod")])
}

fn provider(index: usize, random: &mut Random) -> Provider {
    let mut json = json!({});
    if !random.once_in(4) {
        json["issuer"] = json!(ISSUERS[index]);
    }
    if !random.once_in(4) {
        json["audiences"] = json!(["orders", "items"]);
    }
    if random.once_in(4) {
        json["subjects"] = json!({ "contains": "@" });
    }
    for flag in [
        "forward",
        "require_expiration",
        "pad_forward_payload_header",
    ] {
        if random.once_in(3) {
            json[flag] = json!(true);
        }
    }
    if random.once_in(3) {
        json["max_lifetime"] = json!("7200s");
    }
    if random.once_in(3) {
        json["clock_skew_seconds"] = json!(random.one_of(&[0, 40, 300]));
    }
    if random.once_in(3) {
        json["forward_payload_header"] = json!(format!("x-payload-{index}"));
    }
    if random.once_in(2) {
        let claim = random.one_of(&["sub", "level", "admin", "address.city", "groups", "absent"]);
        let header = format!("x-claim-{index}");
        json["claim_to_headers"] = json!([{ "header_name": header, "claim_name": claim }]);
    }
    places(index, random, &mut json);
    Provider::new(NAMES[index], json, keys(random))
}

fn places(index: usize, random: &mut Random, json: &mut Value) {
    // A provider that has none of the fields below looks for tokens in the standard places. The
    // first provider is more often like this than the others.
    if random.once_in(if index == 0 { 2 } else { 4 }) {
        return;
    }
    if random.once_in(2) {
        let prefix = random.one_of(&["", "Bearer ", "jwt=", "T: "]);
        json["from_headers"] =
            json!([{ "name": format!("x-jwt-{index}"), "value_prefix": prefix }]);
    }
    if random.once_in(3) {
        json["from_params"] = json!([format!("jwt{index}")]);
    }
    if random.once_in(3) {
        json["from_cookies"] = json!([format!("session{index}")]);
    }
}

fn keys(random: &mut Random) -> Keys {
    let algorithms: &[Algorithm] = random.one_of(&[
        &[Es256][..],
        &[EdDsa],
        &[Rs256, EdDsa],
        &[Ps256],
        &[Es384, Es256],
        &[Hs256],
    ]);
    let naming = random.one_of(&[
        Naming::Full,
        Naming::Full,
        Naming::WithoutAlgorithm,
        Naming::WithoutKid,
        Naming::Bare,
    ]);
    let source = if algorithms == [Hs256] {
        Source::Local
    } else {
        random.one_of(&[Source::Local, Source::Remote, Source::RemoteAhead])
    };
    Keys::new(source, naming, algorithms)
}

fn requirement(providers: usize, depth: usize, random: &mut Random) -> Value {
    let name = NAMES[random.below(providers)];
    match random.below(if depth == 0 { 4 } else { 9 }) {
        0 if depth < 2 => json!({ "allow_missing": {} }),
        1 if depth < 2 => json!({ "allow_missing_or_failed": {} }),
        2 => json!({ "provider_and_audiences": {
            "provider_name": name, "audiences": ["orders", "others"],
        } }),
        5 | 6 => json!({ "requires_any": { "requirements": members(providers, depth, random) } }),
        7 => json!({ "requires_all": { "requirements": members(providers, depth, random) } }),
        _ => json!({ "provider_name": name }),
    }
}

fn members(providers: usize, depth: usize, random: &mut Random) -> Vec<Value> {
    let count = 2 + random.below(2);
    (0..count)
        .map(|_| requirement(providers, depth - 1, random))
        .collect()
}

fn condition(random: &mut Random) -> Value {
    let mut condition = match random.below(4) {
        0 => json!({ "prefix": "/api" }),
        1 => json!({ "path": "/api" }),
        2 => json!({ "path_separated_prefix": "/api" }),
        _ => json!({ "safe_regex": { "regex": "/v[0-9]/.*" } }),
    };
    if random.once_in(3) {
        condition["headers"] = json!([{ "name": "x-env", "string_match": { "exact": "prod" } }]);
    }
    if random.once_in(4) {
        condition["query_parameters"] = json!([{ "name": "v", "present_match": true }]);
    }
    condition
}
