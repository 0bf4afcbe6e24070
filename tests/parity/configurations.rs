//! The hand-written configurations of `jwt_authn`.

use portcullis::jose::Algorithm::{
    self, EdDsa, Es256, Es384, Es512, Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512,
};
use serde_json::{Value, json};

use crate::{
    provider::{Keys, Naming, Provider, Source},
    routes,
};

/// The issuer of most tokens.
pub(crate) const ISSUER: &str = "https://login.example.com";
/// The issuer of the other tokens.
pub(crate) const PARTNER: &str = "https://partner.example.com";

/// The name of the filter state entry that rules read. The tests set the entry with a request
/// header of the same name.
pub(crate) const FILTER_STATE: &str = "x-tier";

/// A configuration of `jwt_authn`, and the paths and headers to test it with. Its rules treat these
/// paths and headers differently.
#[derive(Clone)]
pub(crate) struct Configuration {
    pub(crate) name: String,
    pub(crate) providers: Vec<Provider>,
    /// All fields of the configuration except `providers`.
    pub(crate) rest: Value,
    /// The paths to request, some with a query. Most requests use the first path.
    pub(crate) targets: Vec<String>,
    /// The headers that the rules have conditions on, with the values to send.
    pub(crate) headers: Vec<(String, String)>,
}

impl Configuration {
    /// Creates a configuration in which every path requires a token from the first provider.
    pub(crate) fn new(name: &str, providers: Vec<Provider>) -> Self {
        let requires = json!({ "provider_name": providers[0].name });
        let configuration = Self {
            name: name.to_owned(),
            providers,
            rest: json!({}),
            targets: vec!["/orders?a=%41&b".to_owned(), "/".to_owned()],
            headers: Vec::new(),
        };
        configuration.requiring(&requires)
    }

    /// Replaces the rules with a single rule that applies this requirement to every path.
    pub(crate) fn requiring(self, requires: &Value) -> Self {
        self.ruled(&json!([{ "match": { "prefix": "/" }, "requires": requires }]))
    }

    /// Replaces the rules.
    pub(crate) fn ruled(mut self, rules: &Value) -> Self {
        self.rest["rules"] = rules.clone();
        self
    }

    /// Adds a top-level field.
    pub(crate) fn with(mut self, field: &str, value: &Value) -> Self {
        self.rest[field] = value.clone();
        self
    }

    /// Replaces the paths to request.
    pub(crate) fn at(mut self, targets: &[&str]) -> Self {
        self.targets = targets.iter().map(|target| (*target).to_owned()).collect();
        self
    }

    /// Replaces the headers to send.
    pub(crate) fn headed(mut self, headers: &[(&str, &str)]) -> Self {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.headers = headers.iter().map(pair).collect();
        self
    }

    /// The path that most requests use.
    pub(crate) fn target(&self) -> &str {
        &self.targets[0]
    }

    /// The configuration of `jwt_authn`. `number` becomes part of the paths of the key sets, so
    /// that no two configurations use the same path.
    pub(crate) fn jwt_authn(&self, number: usize) -> Value {
        let mut whole = self.rest.clone();
        whole["providers"] = json!({});
        for provider in &self.providers {
            whole["providers"][&provider.name] = provider.whole(number);
        }
        whole
    }

    /// The names of the headers that the providers set.
    pub(crate) fn owned_headers(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut owned = Vec::new();
        for provider in &self.providers {
            owned.extend(text(&provider.json["forward_payload_header"]));
            let claims = provider.json["claim_to_headers"].as_array();
            owned.extend(
                claims
                    .into_iter()
                    .flatten()
                    .filter_map(|claim| text(&claim["header_name"])),
            );
        }
        owned.sort();
        owned.dedup();
        owned
    }
}

/// A provider `login` with the usual issuer and audience. `more` adds or replaces fields. A field
/// that is `null` in `more` is removed.
pub(crate) fn login(more: &Value, keys: Keys) -> Provider {
    named("login", ISSUER, more, keys)
}

fn named(name: &str, issuer: &str, more: &Value, keys: Keys) -> Provider {
    let mut json = json!({ "issuer": issuer, "audiences": ["orders"] });
    for (field, value) in more.as_object().unwrap() {
        if value.is_null() {
            json.as_object_mut().unwrap().remove(field);
        } else {
            json[field] = value.clone();
        }
    }
    Provider::new(name, json, keys)
}

/// A configuration with one provider and local keys.
pub(crate) fn one(name: &str, more: &Value) -> Configuration {
    Configuration::new(name, vec![login(more, Keys::local(&[Es256]))])
}

/// A configuration with two providers. `partner` contains additional fields for the second
/// provider, such as the places where that provider looks for tokens.
fn pair(name: &str, partner: &Value) -> Configuration {
    let login = login(&json!({}), Keys::local(&[Es256]));
    let partner = named("partner", PARTNER, partner, Keys::local(&[EdDsa]));
    Configuration::new(name, vec![login, partner])
}

/// Every hand-written configuration.
pub(crate) fn table() -> Vec<Configuration> {
    let mut table = Vec::new();
    for part in [
        parties,
        places,
        passed_on,
        times,
        keys,
        requirements,
        routes::routes,
    ] {
        table.extend(part());
    }
    table
}

fn parties() -> Vec<Configuration> {
    vec![
        one("plain", &json!({})),
        one("any-issuer", &json!({ "issuer": null })),
        one("any-audience", &json!({ "audiences": null })),
        one("anyone", &json!({ "issuer": null, "audiences": null })),
        one(
            "audiences",
            &json!({ "audiences": ["https://orders.example.com/", "orders"] }),
        ),
        one("subject", &json!({ "subjects": { "prefix": "alice" } })),
        one(
            "subject-regex",
            &json!({ "subjects": { "safe_regex": { "regex": "[a-z]+@example\\.com" } } }),
        ),
        one(
            "subject-case",
            &json!({ "subjects": { "suffix": "@EXAMPLE.COM", "ignore_case": true } }),
        ),
    ]
}

fn places() -> Vec<Configuration> {
    let header = |name: &str, prefix: &str| json!({ "name": name, "value_prefix": prefix });
    let from = |headers: &[Value]| json!({ "from_headers": headers });
    vec![
        one("header", &from(&[json!({ "name": "x-jwt" })])),
        one("header-prefix", &from(&[header("X-Jwt", "jwt=")])),
        one("header-word", &from(&[header("x-jwt", "Token ")])),
        one(
            "authorization-token",
            &from(&[header("Authorization", "Token ")]),
        ),
        one(
            "authorization-bare",
            &from(&[json!({ "name": "authorization" })]),
        ),
        one(
            "headers",
            &from(&[header("authorization", "Bearer "), header("x-jwt", "v=")]),
        ),
        one("param", &json!({ "from_params": ["jwt", "token"] })),
        one("cookie", &json!({ "from_cookies": ["session"] })),
        one(
            "everywhere",
            &json!({
                "from_headers": [header("x-jwt", "")],
                "from_params": ["jwt"],
                "from_cookies": ["session", "other"],
            }),
        ),
        one(
            "everywhere-forwarded",
            &json!({
                "forward": true,
                "from_headers": [header("x-jwt", "jwt ")],
                "from_params": ["jwt"],
                "from_cookies": ["session"],
            }),
        ),
    ]
}

fn passed_on() -> Vec<Configuration> {
    let claim = |header: &str, claim: &str| json!({ "header_name": header, "claim_name": claim });
    let claims: Vec<Value> = [
        "sub",
        "user",
        "admin",
        "level",
        "debt",
        "ratio",
        "groups",
        "address",
        "address.city",
        "address.geo.lat",
        "scope",
        "empty",
        "nothing",
        "absent",
        "user.name",
        "large",
        "exp",
    ]
    .iter()
    .map(|name| claim(&format!("x-claim-{}", name.replace('.', "-")), name))
    .collect();
    vec![
        one("forward", &json!({ "forward": true })),
        one("payload", &json!({ "forward_payload_header": "x-payload" })),
        one(
            "payload-padded",
            &json!({ "forward_payload_header": "X-Payload", "pad_forward_payload_header": true }),
        ),
        one("claims", &json!({ "claim_to_headers": claims })),
        one(
            "claim-fraction",
            &json!({ "claim_to_headers": [claim("x-third", "third")] }),
        ),
        one(
            "claims-and-payload",
            &json!({
                "forward": true,
                "forward_payload_header": "x-payload",
                "claim_to_headers": [claim("x-user", "user"), claim("x-city", "address.city")],
            }),
        ),
        one(
            "claims-of-anyone",
            &json!({ "claim_to_headers": [claim("x-user", "user")] }),
        )
        .requiring(&json!({ "allow_missing_or_failed": {} })),
        one(
            "claims-with-preflight",
            &json!({ "claim_to_headers": [claim("x-user", "user")] }),
        )
        .with("bypass_cors_preflight", &json!(true)),
    ]
}

fn times() -> Vec<Configuration> {
    vec![
        one("skew", &json!({ "clock_skew_seconds": 30 })),
        one("skew-zero", &json!({ "clock_skew_seconds": 0 })),
        one("skew-long", &json!({ "clock_skew_seconds": 3600 })),
        one("expiration", &json!({ "require_expiration": true })),
        one("lifetime", &json!({ "max_lifetime": "3600s" })),
        one(
            "lifetime-and-expiration",
            &json!({ "max_lifetime": "1800.5s", "require_expiration": true, "clock_skew_seconds": 90 }),
        ),
    ]
}

fn keys() -> Vec<Configuration> {
    let of = |name: &str, keys: Keys| Configuration::new(name, vec![login(&json!({}), keys)]);
    let each: [Algorithm; 13] = [
        Rs256, Rs384, Rs512, Ps256, Ps384, Ps512, Es256, Es384, Es512, EdDsa, Hs256, Hs384, Hs512,
    ];
    let mut configurations: Vec<Configuration> = each
        .iter()
        .map(|alg| of(&format!("key-{}", alg.name()), Keys::local(&[*alg])))
        .collect();
    let mixed = [Rs256, Es256, EdDsa, Es384];
    for (name, source, naming) in [
        ("keys-local", Source::Local, Naming::Full),
        ("keys-no-alg", Source::Local, Naming::WithoutAlgorithm),
        ("keys-no-kid", Source::Local, Naming::WithoutKid),
        ("keys-bare", Source::Local, Naming::Bare),
        ("keys-remote", Source::Remote, Naming::Full),
        ("keys-ahead", Source::RemoteAhead, Naming::WithoutAlgorithm),
        ("keys-absent", Source::RemoteAbsent, Naming::Full),
    ] {
        configurations.push(of(name, Keys::new(source, naming, &mixed)));
    }
    let bare = |algorithm| Keys::new(Source::Local, Naming::Bare, &[algorithm]);
    configurations.push(of("key-rsa-bare", bare(Rs256)));
    configurations.push(of("key-oct-bare", bare(Hs256)));
    configurations.push(of("key-ec-bare", bare(Es256)));
    let encrypting = Keys::local(&[Es256]).with("use", &json!("enc"));
    let beside = Keys::local(&[EdDsa]);
    let mut both = encrypting;
    both.signers.extend(beside.signers);
    let more = beside.jwks["keys"].as_array().unwrap().clone();
    both.jwks["keys"].as_array_mut().unwrap().extend(more);
    configurations.push(of("key-for-encryption", both));
    let secret = Keys::new(Source::Remote, Naming::Full, &[EdDsa, Hs256]);
    configurations.push(of("secret-fetched", secret));
    configurations
}

fn requirements() -> Vec<Configuration> {
    let name = |name: &str| json!({ "provider_name": name });
    let any = |of: &[Value]| json!({ "requires_any": { "requirements": of } });
    let all = |of: &[Value]| json!({ "requires_all": { "requirements": of } });
    let missing = json!({ "allow_missing": {} });
    let failed = json!({ "allow_missing_or_failed": {} });
    let extract = json!({ "extract_only_without_validation": {} });
    let elsewhere = json!({ "from_headers": [{ "name": "x-partner" }] });
    let audiences =
        json!({ "provider_and_audiences": { "provider_name": "login", "audiences": ["others"] } });
    let same = json!({});
    let (login, partner) = (name("login"), name("partner"));
    vec![
        one("missing", &same).requiring(&missing),
        one("missing-or-failed", &same).requiring(&failed),
        one("one-or-missing", &same).requiring(&any(&[login.clone(), missing.clone()])),
        one("one-or-failed", &same).requiring(&any(&[login.clone(), failed.clone()])),
        one("other-audience", &same).requiring(&audiences),
        pair("either", &elsewhere).requiring(&any(&[login.clone(), partner.clone()])),
        pair("both", &elsewhere).requiring(&all(&[login.clone(), partner.clone()])),
        pair("either-in-one-place", &same).requiring(&any(&[login.clone(), partner.clone()])),
        pair("both-in-one-place", &same).requiring(&all(&[login.clone(), partner.clone()])),
        pair("either-or-missing", &elsewhere).requiring(&any(&[
            login.clone(),
            partner.clone(),
            missing.clone(),
        ])),
        pair("either-or-failed", &elsewhere).requiring(&any(&[
            login.clone(),
            partner.clone(),
            failed.clone(),
        ])),
        pair("both-or-missing", &elsewhere).requiring(&any(&[
            all(&[login.clone(), partner.clone()]),
            missing.clone(),
        ])),
        pair("one-and-either", &elsewhere).requiring(&all(&[
            login.clone(),
            any(&[partner.clone(), missing.clone()]),
        ])),
        pair("one-and-failed", &elsewhere).requiring(&all(&[login, any(&[partner, failed])])),
        pair("anyone-missing", &same).requiring(&missing),
        one("extract-only", &same).requiring(&extract),
        one(
            "extract-only-claims",
            &json!({
                "forward_payload_header": "x-payload",
                "claim_to_headers": [{ "header_name": "x-user", "claim_name": "user" }],
            }),
        )
        .requiring(&extract),
        one(
            "cached",
            &json!({ "jwt_cache_config": { "jwt_cache_size": 50 } }),
        ),
        pair("filter-state", &elsewhere)
            .ruled(&json!([{ "match": { "prefix": "/open" } }]))
            .with(
                "filter_state_rules",
                &json!({ "name": FILTER_STATE, "requires": {
                    "gold": { "provider_name": "login" },
                    "iron": { "requires_all": { "requirements": [
                        { "provider_name": "login" }, { "provider_name": "partner" },
                    ] } },
                } }),
            )
            .headed(&[
                (FILTER_STATE, "gold"),
                (FILTER_STATE, "iron"),
                (FILTER_STATE, "lead"),
            ]),
    ]
}
