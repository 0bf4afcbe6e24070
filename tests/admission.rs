//! No request passes, and nobody sees the status, without a credential that verifies for what is asked.
//!
//! Random credentials, good and bad, in all places, against rules of each kind. What each credential is
//! worth is known from how it was made, not from reading it: the engine is compared with that.

use std::cell::Cell;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::{Decision, HeaderEdit, PermitReason},
    engine::{Engine, Patience},
    http::Request,
    jose::Algorithm,
    time::UnixMillis,
    verification::SecretHash,
};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config as Runs, TestRunner},
};
use serde_json::{Value, json};

use support::signer::{Pair, Signer};

const START: i64 = 1_800_000_000;
const ISSUED: i64 = START - 50;
const SECRET: &str = "c2VjcmV0-of-256-bits_0123456789abcdef";

/// What a credential was made to be. Fields that a kind does not have are as in a good one.
#[derive(Clone, Debug)]
struct Made {
    provider: &'static str,
    forged: bool,
    /// From `START`.
    expires: i64,
    jti: &'static str,
    client: &'static str,
    subject: &'static str,
    issued: i64,
    scope: &'static str,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Authorization,
    Header,
    Query,
}

#[derive(Clone, Debug)]
struct Asked {
    credentials: Vec<(Made, Place)>,
    path: &'static str,
    method: &'static str,
    pass: i64,
    spoof: Option<&'static str>,
}

const SCOPES: [&str; 8] = [
    "net::7::admin",
    "net::7::reader",
    "net::8::admin net::7::reader",
    "net::7::admin::net::7::admin x::net::7::admin NET::7::admin",
    "net::7:: net::7:::admin",
    "read",
    "read net::7::reader net::7::admin",
    "",
];

fn made() -> impl Strategy<Value = Made> {
    // Mostly good: each fault alone is to be found out.
    let rarely = || prop::bool::weighted(0.12);
    let of = |good: &'static str, bad: &'static str| {
        rarely().prop_map(move |is_bad| if is_bad { bad } else { good })
    };
    (
        select(vec!["people", "jobs"]),
        rarely(),
        prop_oneof![4 => Just(300_i64), 1 => -200_i64..200],
        of("t1", "gone"),
        prop_oneof![6 => Just("batch"), 1 => select(vec!["off", "ended", "nobody", "dead"])],
        of("ann", "bob"),
        prop_oneof![3 => Just(ISSUED), 1 => Just(START - 200)],
        prop_oneof![
            Just("read net::7::reader net::7::admin"),
            select(SCOPES.to_vec()),
        ],
    )
        .prop_map(
            |(provider, forged, expires, jti, client, subject, issued, scope)| Made {
                provider,
                forged,
                expires,
                jti,
                client,
                subject,
                issued,
                scope,
            },
        )
}

fn asked() -> impl Strategy<Value = Asked> {
    let place = prop_oneof![
        5 => Just(Place::Authorization),
        2 => Just(Place::Header),
        1 => Just(Place::Query),
    ];
    let rules = vec![
        "/admin",
        "/read",
        "/jobs",
        "/either",
        "/both",
        "/both_or_none",
        "/lenient",
        "/revocable",
        "/status",
    ];
    let variants = vec![
        "/status/",
        "/Status",
        "/%73tatus",
        "/status;a",
        "//status",
        "/status%2f",
        "/x/../status",
        "/nothing",
        "/admin/../jobs",
        "/jobs%2f..%2fadmin",
    ];
    let path = prop_oneof![5 => select(rules), 1 => select(variants)];
    let credentials = prop_oneof![
        4 => prop::collection::vec((made(), Just(Place::Authorization)), 1),
        3 => prop::collection::vec((made(), place), 0..3),
    ];
    (
        credentials,
        path,
        prop_oneof![8 => Just("GET"), 1 => select(vec!["HEAD", "POST", "get", "OPTIONS", "CONNECT"])],
        prop_oneof![Just(0_i64), -20_i64..60],
        prop::option::weighted(
            0.3,
            select(vec!["x-caller", "x_caller", "X-CALLER", "x-client", "x_client"]),
        ),
    )
        .prop_map(|(credentials, path, method, pass, spoof)| Asked {
            credentials,
            path,
            method,
            pass,
            spoof,
        })
}

fn configuration() -> Value {
    let hash = |secret: &str| SecretHash::new([5; 16], secret.as_bytes()).to_string();
    let client = |rest: Value| {
        let mut client =
            json!({"secret_hashes": [hash("other"), hash(SECRET)], "scopes": ["read"]});
        let members = rest.as_object().unwrap().clone();
        client.as_object_mut().unwrap().extend(members);
        client
    };
    let (people, jobs) = (
        json!({"provider_name": "people"}),
        json!({"provider_name": "jobs"}),
    );
    let rule = |path: &str, requires: Value, authorize: Value| json!({"match": {"path": path}, "requires": requires, "authorize": authorize});
    let admin = json!({"roles": {"any_of": ["admin"]}});
    let read = json!({"scopes": {"all_of": ["read"]}});
    let of_both = json!({"requirements": [people, jobs]});
    json!({
        "providers": {
            "people": {
                "issuer": "https://people.example", "audiences": ["api"], "clock_skew_seconds": 0,
                "shared_secrets": [
                    {"kid": "HS256-1", "secret": Signer::new(Algorithm::Hs256).jwk()["k"]},
                ],
                "from_headers": [
                    {"name": "Authorization", "value_prefix": "Bearer "}, {"name": "x-token"},
                ],
                "from_params": ["access_token"],
                "structured_scopes": {"template": "{cloud}::{org}::{role}",
                    "where": {"cloud": "net", "org": "7"}},
                "identity_header": {"header_name": "x-caller", "template": "{role}@{sub}"},
                "revoked": {"jti": ["gone"], "client_ids": ["dead"],
                    "issued_before": {"bob": START - 100}},
                "jwt_cache_config": {"jwt_cache_size": 4},
            },
            "jobs": {
                "client_secrets": {"clients": {
                    "batch": client(json!({})),
                    "off": client(json!({"enabled": false})),
                    "ended": client(json!({"expires_at": START})),
                }},
                "claim_to_headers": [{"header_name": "x-client", "claim_name": "client_id"}],
            },
        },
        "rules": [
            rule("/admin", people.clone(), admin.clone()),
            rule("/read", people.clone(), read.clone()),
            rule("/jobs", jobs, read.clone()),
            rule("/either", json!({"requires_any": of_both}), read.clone()),
            rule("/both", json!({"requires_all": of_both}), read.clone()),
            rule("/both_or_none", json!({"requires_any": {"requirements": [
                {"requires_all": of_both}, {"allow_missing": {}},
            ]}}), read),
            rule("/lenient", json!({"allow_missing_or_failed": {}}), admin.clone()),
            {"match": {"path": "/revocable"}, "requires": people},
        ],
        "status": {"path": "/status", "requires": people, "authorize": admin},
    })
}

impl Made {
    fn token(&self) -> String {
        let pair = if self.forged { Pair::Other } else { Pair::Own };
        Signer::with_pair(Algorithm::Hs256, pair)
            .named(Some("HS256-1"))
            .sign_claims(&json!({
                "iss": "https://people.example", "aud": "api", "sub": self.subject,
                "exp": START + self.expires, "iat": self.issued, "jti": self.jti,
                "client_id": self.client, "scope": self.scope,
            }))
    }

    fn basic(&self) -> String {
        let secret = if self.forged { "wrong" } else { SECRET };
        STANDARD.encode(format!("{}:{secret}", self.client))
    }

    /// The text, and whether it is one that `people` could take.
    fn text(&self) -> (String, bool) {
        match self.provider {
            "people" => (self.token(), true),
            _ => (self.basic(), false),
        }
    }

    fn is_good(&self, now: i64) -> bool {
        match self.provider {
            "people" => {
                !self.forged
                    && START + self.expires > now
                    && self.issued <= now
                    && self.jti != "gone"
                    && self.client != "dead"
                    && !(self.subject == "bob" && self.issued < START - 100)
            }
            _ => {
                let is_live = self.client == "batch" || self.client == "ended" && now < START;
                !self.forged && is_live
            }
        }
    }

    fn roles(&self) -> Vec<&'static str> {
        match (self.provider, self.scope) {
            ("people", "net::7::admin") => vec!["admin"],
            ("people", "net::7::reader" | "net::8::admin net::7::reader") => vec!["reader"],
            ("people", "read net::7::reader net::7::admin") => vec!["reader", "admin"],
            _ => vec![],
        }
    }

    fn reads(&self) -> bool {
        self.provider == "jobs" || self.scope.split(' ').any(|scope| scope == "read")
    }
}

/// Whether the request may pass to such a path with those credentials, whatever else it holds.
fn may(path: &str, method: &str, good: &[&Made]) -> bool {
    let any = |holds: &dyn Fn(&Made) -> bool| good.iter().any(|made| holds(made));
    let people = |made: &Made| made.provider == "people";
    let admin = |made: &Made| people(made) && made.roles().contains(&"admin");
    let jobs = |made: &Made| made.provider == "jobs";
    match path {
        _ if method == "get" => false, // a standard method in other case
        "/admin" | "/lenient" => any(&admin),
        "/read" => any(&|made| people(made) && made.reads()),
        "/jobs" => any(&jobs),
        "/either" => any(&|made| made.reads()),
        "/both" | "/both_or_none" => any(&people) && any(&jobs),
        "/revocable" => any(&people),
        "/status" => any(&admin) && ["GET", "HEAD"].contains(&method),
        _ => false,
    }
}

/// One request, and what must not be in any answer.
fn ask(engine: &Engine, asked: &Asked, now: i64) -> Result<bool, TestCaseError> {
    let mut path = asked.path.to_owned();
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut texts = Vec::new();
    for (made, place) in &asked.credentials {
        let (text, is_token) = made.text();
        match place {
            Place::Query => {
                path.push(if path.contains('?') { '&' } else { '?' });
                path.push_str(&format!("access_token={text}"));
            }
            Place::Header => headers.push((b"x-token".into(), text.clone().into_bytes())),
            Place::Authorization => {
                let scheme = if is_token { "Bearer" } else { "Basic" };
                headers.push((
                    b"authorization".into(),
                    format!("{scheme} {text}").into_bytes(),
                ));
            }
        }
        texts.push(text);
    }
    if let Some(name) = asked.spoof {
        headers.push((name.to_ascii_lowercase().into_bytes(), b"root@ann".into()));
    }
    headers.push((b":method".into(), asked.method.into()));
    headers.push((b":path".into(), path.into_bytes()));
    let request = headers.iter().map(|(name, value)| (&**name, &**value));
    let request = Request::new(request.collect());
    let time = UnixMillis::new(u64::try_from(now).unwrap() * 1000);
    let decision = engine.decide(&request, None, time, Patience::Exhausted, &NoConnection);

    // A credential of one provider in a place of the other is none.
    let good: Vec<&Made> = asked
        .credentials
        .iter()
        .filter(|(made, place)| {
            made.is_good(now) && (made.provider == "people" || *place == Place::Authorization)
        })
        .map(|(made, _)| made)
        .collect();
    let passes = match &decision {
        Decision::Deny(denial) => {
            let response = engine.response(denial);
            let answer = format!("{response:?} {denial:?}");
            prop_assert!(texts.iter().all(|text| !answer.contains(text.as_str())));
            prop_assert!(!answer.contains(SECRET));
            false
        }
        Decision::Report(_) => {
            prop_assert_eq!(asked.path, "/status");
            true
        }
        Decision::Permit(permit) => {
            prop_assert_ne!(asked.path, "/status");
            prop_assert_eq!(&permit.reason, &PermitReason::Verified);
            check_headers(&permit.edits, asked, &good)?;
            true
        }
        Decision::AwaitKeys { .. } => return Err(TestCaseError::fail("no keys are fetched")),
    };
    if passes {
        prop_assert!(
            may(asked.path, asked.method, &good),
            "{asked:?} at {}",
            now - START
        );
    } else if let [(made, Place::Authorization)] = &asked.credentials[..] {
        // What is refused is refused for a reason, too.
        let expected = made.is_good(now) && may(asked.path, asked.method, &good);
        prop_assert!(!expected, "{decision:?} {asked:?} at {}", now - START);
    }
    Ok(passes)
}

/// An identity is a good credential's, by a role of this rule's; what the client made up is gone.
fn check_headers(edits: &[HeaderEdit], asked: &Asked, good: &[&Made]) -> Result<(), TestCaseError> {
    if let Some(name) = asked.spoof {
        let removed = HeaderEdit::Remove(name.to_ascii_lowercase().into());
        prop_assert_eq!(edits.first(), Some(&removed));
    }
    for edit in edits {
        let HeaderEdit::Set(name, value) = edit else {
            continue;
        };
        let (name, value): (&str, &str) = (name, value);
        let is_own = match name {
            "x-caller" => good.iter().any(|made| {
                let roles = made.roles();
                let by = match asked.path {
                    "/admin" | "/lenient" => roles.contains(&"admin").then_some("admin"),
                    _ => roles.first().copied(),
                };
                by.is_some_and(|role| value == format!("{role}@{}", made.subject))
            }),
            "x-client" => good
                .iter()
                .any(|made| made.provider == "jobs" && value == made.client),
            name => name == ":path",
        };
        prop_assert!(is_own, "{name}: {value} of {asked:?}");
    }
    Ok(())
}

#[test]
fn nothing_passes_without_a_credential_that_verifies_for_its_rule() {
    let text = configuration().to_string();
    let (passed, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Runs {
        cases: support::times::times(400),
        failure_persistence: None,
        ..Runs::default()
    });
    // Few credentials and few paths, again and again as the time passes: the second time they are
    // known, though by another rule.
    let histories = (
        prop::collection::vec(asked(), 1..6),
        prop::collection::vec(any::<[prop::sample::Index; 2]>(), 1..25),
    );
    let outcome = runner.run(&histories, |(questions, order)| {
        let engine = Engine::new(Config::parse(text.as_bytes()).unwrap());
        let mut now = START;
        for [credentials, other] in order {
            let asked = &Asked {
                credentials: credentials.get::<Asked>(&questions).credentials.clone(),
                ..other.get::<Asked>(&questions).clone()
            };
            now += asked.pass;
            let count = if ask(&engine, asked, now)? {
                &passed
            } else {
                &refused
            };
            count.set(count.get() + 1);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // Otherwise nothing was tried.
    let (passed, refused) = (passed.get(), refused.get());
    assert!(
        passed > 500 && refused > 1000,
        "{passed} passed, {refused} did not"
    );
}
