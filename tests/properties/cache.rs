//! The cache of verified tokens never changes a decision. The tests combine tokens, rules,
//! connections, times, keys and configurations in random order.

use std::cell::Cell;

use portcullis::{
    certificate_digest::CertificateDigest,
    config::Config,
    connection::Connection,
    engine::{CacheUse, Engine, Patience},
    http::Request,
    jose::{Algorithm, base64url},
    policy::{ProviderId, RoutePolicy},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{NOW, Pair, Signer, at, engine, for_all, with};

/// A certificate that expires one minute after `NOW`.
const CERTIFICATE: &str = include_str!("../support/keys/pem/p256_cert_ending.pem");
/// The id of the provider `fetched`. Ids follow the alphabetical order of the names: `certified`,
/// `fetched`, `secret`.
const FETCHED: ProviderId = ProviderId::new(1);

const PATHS: [&str; 15] = [
    "/secret",
    "/fetched",
    "/certified",
    "/other-audience",
    "/scopes",
    "/roles",
    "/claims",
    "/clients",
    "/recent",
    "/any",
    "/all",
    "/lenient",
    "/nothing",
    "/readers",
    "/admins",
];

fn rules() -> Value {
    let authorized = |path: &str, authorize: Value| json!({"match": {"path": path}, "requires": {"provider_name": "secret"}, "authorize": authorize});
    let own = |name: &str| json!({"match": {"path": format!("/{name}")}, "requires": {"provider_name": name}});
    json!([
        own("secret"), own("fetched"), own("certified"),
        {"match": {"path": "/other-audience"}, "requires": {"provider_and_audiences":
            {"provider_name": "secret", "audiences": ["other"]}}},
        authorized("/scopes", json!({"scopes": {"all_of": ["read", "write"]}})),
        authorized("/roles", json!({"roles": {"any_of": ["admin"]}})),
        authorized("/claims", json!({"claims": [{"claim": ["deep", "tier"], "any_of": ["gold"]}]})),
        authorized("/clients", json!({"client_ids": ["c1"]})),
        authorized("/recent", json!({
            "scopes": {"any_of": ["read"]},
            "authentication": {"acr_values": ["phr"], "max_age": "30s"},
        })),
        {"match": {"path": "/any"}, "requires": {"requires_any": {"requirements": [
            {"provider_name": "fetched"}, {"provider_name": "secret"}]}},
            "authorize": {"scopes": {"any_of": ["write"]}}},
        {"match": {"path": "/all"}, "requires": {"requires_all": {"requirements": [
            {"provider_name": "secret"}, {"provider_and_audiences":
                {"provider_name": "secret", "audiences": ["other"]}}]}}},
        authorized("/readers", json!({"roles": {"any_of": ["reader"]}})),
        authorized("/admins", json!({"roles": {"any_of": ["admin", "reader"]}})),
        {"match": {"path": "/lenient"}, "requires": {"allow_missing_or_failed": {}}},
    ])
}

/// Configurations that differ in how they treat tokens. None of them configures the cache.
fn configurations() -> Vec<Value> {
    let provider = |name: &str| {
        json!({
            "issuer": format!("https://{name}.example"), "audiences": ["orders"],
            "claim_to_headers": [{"header_name": format!("x-{name}"), "claim_name": "sub"}],
            "payload_in_metadata": name, "failed_status_in_metadata": format!("{name}-failed"),
        })
    };
    let configuration = |of_all: Value, top: Value| {
        let secret = json!({"shared_secrets": [
            {"kid": "HS256-1", "secret": Signer::new(Algorithm::Hs256).jwk()["k"]},
        ]});
        let fetched = json!({"remote_jwks": {
            "http_uri": {"uri": "https://fetched.example/jwks", "cluster": "c", "timeout": "1s"},
            "cache_duration": "100s", "max_stale": "100s",
        }});
        let certified = json!({"public_keys": {"pem": [CERTIFICATE]}});
        let provider = |name: &str, keys| with(with(provider(name), keys), &of_all);
        let base = json!({"rules": rules(), "providers": {
            "secret": provider("secret", &secret),
            "fetched": provider("fetched", &fetched),
            "certified": provider("certified", &certified),
        }});
        with(base, &top)
    };
    let mut bound = configuration(
        json!({"identity_header": {"header_name": "x-caller", "template": "{role}@{sub}"}}),
        json!({}),
    );
    bound["providers"]["fetched"]["key_issuer"] = json!("match");
    let exporting = vec![
        configuration(json!({}), json!({})),
        bound,
        configuration(json!({"clock_skew_seconds": 0, "forward": true}), json!({})),
        configuration(
            json!({"audiences": ["other"], "client_ids": ["c1"]}),
            json!({}),
        ),
        configuration(json!({"max_lifetime": "90s"}), json!({"mode": "shadow"})),
        configuration(
            json!({"require_expiration": false, "enabled": false}),
            json!({}),
        ),
        configuration(
            json!({"require_claims": [{"claim": "tenant", "any_of": ["t1"]}],
                "forward_payload_header": "x-payload"}),
            json!({"unmatched": "allow", "scope_implies": {"write": ["read"]}}),
        ),
        configuration(
            json!({
                "structured_scopes": {
                    "template": "{cloud}::{org}::{role}", "where": {"cloud": "c", "org": "7"},
                },
                "identity_header": {"header_name": "x-caller", "template": "{role}@{org}"},
                "identity_in_metadata": "caller",
            }),
            json!({}),
        ),
        configuration(
            json!({"revoked": {"jti": ["t1"], "client_ids": ["c2"],
                "issued_before": {"s": NOW - 40}}}),
            json!({}),
        ),
    ];
    let plain = exporting.iter().cloned().map(without_exports);
    plain.chain(exporting.clone()).collect()
}

/// Returns the configuration without the fields that write metadata for other filters.
fn without_exports(mut configuration: Value) -> Value {
    for (_, provider) in configuration["providers"].as_object_mut().unwrap() {
        let provider = provider.as_object_mut().unwrap();
        provider.retain(|name, _| !name.ends_with("_in_metadata"));
    }
    configuration
}

struct Token {
    /// A path whose rule requires a token of this token's provider.
    path: String,
    text: String,
}

/// Tokens of each provider. Some of them are forged. Whether the others are accepted depends on the
/// rule, the time, the keys and the configuration.
fn tokens() -> Vec<Token> {
    let digest = base64url::encode(&[1; 32]);
    let claims = [
        json!({}),
        json!({"exp": NOW + 40, "scope": "read write"}),
        json!({"auth_time": NOW, "acr": "phr", "scope": "write"}),
        json!({"auth_time": NOW - 20, "acr": "other", "scope": "read"}),
        json!({"nbf": NOW + 90, "roles": ["admin"], "azp": "c1"}),
        json!({"roles": ["reader", "admin"], "scope": "write read"}),
        json!({"aud": ["other", "orders"], "scope": "write", "tenant": "t1"}),
        json!({"aud": "other", "deep": {"tier": ["gold"]}, "azp": "c1"}),
        json!({"cnf": {"x5t#S256": digest}, "azp": "c2"}),
        json!({"sub": "a\nb"}),
        json!({"exp": null}),
        json!({"scope": "c::7::reader c::7::admin", "jti": "t1"}),
        json!({"scope": "c::7::reader write", "iat": NOW - 50}),
    ];
    let fetched = Signer::new(Algorithm::EdDsa);
    let signers = [
        ("secret", Signer::new(Algorithm::Hs256)),
        ("secret", Signer::with_pair(Algorithm::Hs256, Pair::Other)),
        ("fetched", fetched.clone()),
        ("fetched", fetched.named(None)),
        ("fetched", Signer::with_pair(Algorithm::EdDsa, Pair::Other)),
        ("certified", Signer::new(Algorithm::Es256)),
    ];
    let signed = signers.iter().flat_map(|(name, signer)| {
        claims.iter().map(move |extra| {
            let claims = json!({
                "iss": format!("https://{name}.example"), "aud": "orders", "sub": "s",
                "exp": NOW + 300,
            });
            Token {
                path: format!("/{name}"),
                text: signer.sign_claims(&with(claims, extra)),
            }
        })
    });
    signed.collect()
}

/// Key sets that the authorization server of the provider `fetched` may publish.
fn key_sets() -> Vec<String> {
    let own = Signer::new(Algorithm::EdDsa);
    let other = Signer::with_pair(Algorithm::EdDsa, Pair::Other);
    let issued = |signer: &Signer, by: &str| {
        let mut key = signer.jwk();
        key["issuer"] = json!(format!("https://{by}.example"));
        key
    };
    let sets = [
        vec![own.jwk()],
        vec![issued(&own, "fetched")],
        vec![issued(&own, "another"), issued(&other, "fetched")],
        vec![other.jwk()],
        vec![other.jwk(), own.jwk()],
        vec![own.clone().named(None).jwk()],
        vec![own.clone().named(Some("new")).jwk()],
        vec![own.jwk(), other.named(Some("new")).jwk()],
    ];
    sets.iter()
        .map(|keys| json!({ "keys": keys }).to_string())
        .collect()
}

/// Policies that a route may have.
fn route_policies(config: &Config) -> Vec<Option<RoutePolicy>> {
    let says = |metadata: Value| Some(config.route_policy(&metadata));
    vec![
        None,
        None,
        None,
        says(json!({"authorize": {"scopes": {"any_of": ["read"]}}})),
        says(json!({"authorize": {"roles": {"any_of": ["admin"]}}})),
    ]
}

#[derive(Clone, Debug)]
enum Event {
    Pass(i64),
    Fetch(prop::sample::Index),
    Configure(prop::sample::Index),
    Ask(Question),
}

#[derive(Clone, Debug)]
struct Question {
    token: prop::sample::Index,
    /// The path to request; `None` means the token's own path.
    path: Option<prop::sample::Index>,
    route: prop::sample::Index,
    certificate: Option<bool>,
    claims_identity: bool,
    patient: bool,
}

fn event() -> impl Strategy<Value = Event> {
    let index = any::<prop::sample::Index>;
    let certificate = prop::option::of(any::<bool>());
    let question = (
        index(),
        prop::option::of(index()),
        index(),
        certificate,
        any::<bool>(),
        any::<bool>(),
    );
    let question = question.prop_map(
        |(token, path, route, certificate, claims_identity, patient)| Question {
            token,
            path,
            route,
            certificate,
            claims_identity,
            patient,
        },
    );
    prop_oneof![
        3 => prop_oneof![3 => -20_i64..30, 1 => 30_i64..120].prop_map(Event::Pass),
        2 => index().prop_map(Event::Fetch),
        1 => index().prop_map(Event::Configure),
        24 => question.prop_map(Event::Ask),
    ]
}

/// A connection with or without a client certificate.
struct Presenter(Option<CertificateDigest>);

impl Connection for Presenter {
    fn client_certificate_digest(&self) -> Option<CertificateDigest> {
        self.0
    }
}

/// Two engines that get the same requests: one with a cache, and one without a cache.
struct Twins {
    now: i64,
    engines: [Engine; 2],
}

impl Twins {
    /// Creates the engines. The cache has room for only three tokens, so that tokens displace each
    /// other.
    fn new(configuration: &Value, now: i64) -> Self {
        let engines = [json!({"jwt_cache_size": 3}), json!({"disabled": true})].map(|cache| {
            let mut configuration = configuration.clone();
            for (_, provider) in configuration["providers"].as_object_mut().unwrap() {
                provider["jwt_cache_config"] = cache.clone();
            }
            engine(&configuration)
        });
        let mut twins = Self { now, engines };
        twins.fetch(&key_sets()[0]);
        twins
    }

    fn fetch(&mut self, document: &str) {
        let now = at(self.now);
        for engine in &mut self.engines {
            // A disabled provider has no key set, so loading its keys fails. The error is ignored.
            let _ = engine.keys_mut().preload(FETCHED, document.as_bytes(), now);
        }
    }

    /// Sends a request to both engines, and fails if their decisions differ. Returns how the cache
    /// was used.
    fn ask(&self, question: &Question, tokens: &[&Token]) -> Result<CacheUse, TestCaseError> {
        let token = question.token.get(tokens);
        let path = question
            .path
            .map_or(token.path.as_str(), |path| *path.get(&PATHS));
        let token = format!("Bearer {}", token.text);
        let mut headers: Vec<(&[u8], &[u8])> = vec![
            (b":method", b"GET"),
            (b":path", path.as_bytes()),
            (b"authorization", token.as_bytes()),
        ];
        if question.claims_identity {
            headers.push((b"x_secret", b"root"));
        }
        let patience = if question.patient {
            Patience::Waiting
        } else {
            Patience::Exhausted
        };
        let digest = |own| CertificateDigest::new([u8::from(own); 32]);
        let connection = Presenter(question.certificate.map(digest));
        let [cached, uncached] = self.engines.each_ref().map(|engine| {
            let policies = route_policies(engine.config());
            let route = question.route.get(&policies);
            let request = Request::new(headers.clone());
            engine.decide(
                &request,
                route.as_ref(),
                at(self.now),
                patience,
                &connection,
            )
        });
        prop_assert_eq!(
            cached.decision,
            uncached.decision,
            "{} at {}",
            path,
            self.now - NOW
        );
        prop_assert_eq!(uncached.cache_use.hits, 0);
        Ok(cached.cache_use)
    }
}

#[test]
fn every_request_is_decided_as_without_a_cache() {
    let (configurations, tokens, key_sets) = (configurations(), tokens(), key_sets());
    let (hits, misses) = (Cell::new(0), Cell::new(0));
    let few = prop::collection::vec(any::<prop::sample::Index>(), 1..7);
    let histories = (
        few,
        any::<prop::sample::Index>(),
        prop::collection::vec(event(), 1..120),
    );
    for_all(300, &histories, |(few, first, events)| {
        let tokens: Vec<&Token> = few.iter().map(|token| token.get(&tokens)).collect();
        let mut twins = Twins::new(first.get(&configurations), NOW);
        for event in events {
            match event {
                Event::Pass(seconds) => twins.now += seconds,
                Event::Fetch(document) => twins.fetch(document.get::<String>(&key_sets)),
                Event::Configure(other) => {
                    twins = Twins::new(other.get(&configurations), twins.now);
                }
                Event::Ask(question) => {
                    let uses = twins.ask(&question, &tokens)?;
                    hits.set(hits.get() + uses.hits);
                    misses.set(misses.get() + uses.misses);
                }
            }
        }
        Ok(())
    });
    // If there were only a few cache hits, the test would compare too little.
    assert!(
        hits.get() > 500,
        "{} hits, {} misses",
        hits.get(),
        misses.get()
    );
}
