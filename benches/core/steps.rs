//! The steps of a decision that are measured.

use std::{cell::RefCell, collections::BTreeMap, hint::black_box};

use portcullis::{
    config::Config,
    connection::NoConnection,
    decision::Decision,
    engine::{Engine, Patience},
    http::Request,
    jose::{Algorithm, HeaderMemo, KeyOrigin, KeySet, KeySetLimits, UntrustedToken, VerifyingKey},
    time::UnixMillis,
    verification::{self, Allowance, Attempts, Circumstances},
};
use serde_json::json;

use crate::growth;
use support::signer::Signer;
use workload::{self, Backend, Cache, Forwards, Gate};

/// The time of all decisions, in seconds since 1970.
pub(crate) const NOW: u64 = 1_790_000_000;

/// A prepared step, ready to run.
pub(crate) type Step = Box<dyn Fn()>;

/// The steps in order: the name of each, and a function that prepares it.
fn all() -> Vec<(String, Box<dyn Fn() -> Step>)> {
    let mut steps: Vec<(String, Box<dyn Fn() -> Step>)> = vec![
        ("parse a token of RS256".to_owned(), Box::new(parse)),
        (
            "check claims, key unknown".to_owned(),
            Box::new(check_claims),
        ),
    ];
    // The workload does not include ES512, but this benchmark does, because the arithmetic of its
    // curve differs from that of the other curves.
    for algorithm in workload::ALGORITHMS.into_iter().chain([Algorithm::Es512]) {
        let name = format!("verify a signature of {}", algorithm.name());
        steps.push((name, Box::new(move || verify_signature(algorithm))));
    }
    for rules in [1, 10, 100] {
        let name = format!("match one of {rules} rules, near the end");
        steps.push((name, Box::new(move || match_rules(rules))));
    }
    steps.push((
        "decide: no token".to_owned(),
        Box::new(decide_without_token),
    ));
    let cached = Gate::new(Algorithm::Rs256, Cache::ON);
    let with_headers = Gate {
        forwards: Forwards::Claims,
        ..cached
    };
    for (name, gate) in [
        ("decide: cached", cached),
        ("decide: cached, claims to headers", with_headers),
    ] {
        steps.push((name.to_owned(), Box::new(move || decide(&gate))));
    }
    for algorithm in workload::ALGORITHMS {
        let gate = Gate::new(algorithm, Cache::Off);
        let name = format!("decide: {}, not cached", algorithm.name());
        steps.push((name, Box::new(move || decide(&gate))));
    }
    steps.extend(growth::all());
    steps
}

/// The names of the steps.
pub(crate) fn names() -> Vec<String> {
    all().into_iter().map(|(name, _)| name).collect()
}

/// Runs a step `times` times. The first call for a step prepares it.
pub(crate) fn repeat(step: usize, times: u32) {
    thread_local! {
        static READY: RefCell<BTreeMap<usize, Step>> = RefCell::default();
    }
    READY.with_borrow_mut(|ready| {
        let step = ready
            .entry(step)
            .or_insert_with_key(|step| all()[*step].1());
        (0..times).for_each(|_| step());
    });
}

fn token(signer: &Signer) -> String {
    signer.sign_claims(&workload::claims(1, NOW))
}

fn parse() -> Step {
    let token = token(&Signer::new(Algorithm::Rs256));
    let headers = RefCell::new(HeaderMemo::default());
    Box::new(move || {
        let mut headers = headers.borrow_mut();
        assert!(UntrustedToken::parse_with(black_box(&token), &mut headers).is_ok());
    })
}

fn check_claims() -> Step {
    let engine = engine(&Gate::new(Algorithm::Rs256, Cache::Off));
    let stranger = Signer::new(Algorithm::Rs256).named(Some("nobody's"));
    let token = token(&stranger).leak();
    let token = UntrustedToken::parse(token);
    Box::new(move || {
        let circumstances = Circumstances {
            keys: engine.keys(),
            now: now(),
            patience: Patience::Exhausted,
            certificate_digest: &|| None,
            accelerator: None,
            allowance: &Allowance::default(),
            resource: None,
            resources_elsewhere: &[],
        };
        let (id, login) = engine.config().provider_named("login").unwrap();
        let login = (id, login.trust().unwrap());
        let audiences = &login.1.audiences;
        let presented = (black_box(&token), &Attempts::default());
        assert!(verification::verify(login, audiences, presented, &circumstances).is_err());
    })
}

fn verify_signature(algorithm: Algorithm) -> Step {
    let signer = Signer::new(algorithm);
    let key = key(&signer);
    let message = token(&signer);
    let message = message.rsplit_once('.').unwrap().0.as_bytes().to_vec();
    let signature = signer.sign(&message);
    Box::new(move || assert!(key.verify(algorithm, black_box(&message), &signature)))
}

fn match_rules(count: usize) -> Step {
    let gate = Gate {
        rules: count,
        ..Gate::new(Algorithm::Rs256, Cache::Off)
    };
    let mut configuration = workload::portcullis(&gate, Backend::Module, "core");
    for rule in configuration["rules"].as_array_mut().unwrap() {
        *rule = json!({ "match": rule["match"] });
    }
    let engine = Engine::new(Config::parse(configuration.to_string().as_bytes()).unwrap());
    Box::new(move || assert!(permits(&engine, b"")))
}

fn decide_without_token() -> Step {
    let engine = engine(&Gate::new(Algorithm::Rs256, Cache::ON));
    Box::new(move || assert!(!permits(&engine, b"")))
}

/// Decides on a request with a token. If the cache is on, the preparation puts the token into the
/// cache.
pub(crate) fn decide(gate: &Gate) -> Step {
    let engine = engine(gate);
    let credential = format!("Bearer {}", token(&Signer::new(gate.algorithm)));
    assert!(permits(&engine, credential.as_bytes()));
    Box::new(move || assert!(permits(&engine, credential.as_bytes())))
}

pub(crate) fn engine(gate: &Gate) -> Engine {
    let configuration = workload::portcullis(gate, Backend::Module, "core").to_string();
    Engine::new(Config::parse(configuration.as_bytes()).unwrap())
}

/// Whether the engine permits a request that has the headers of the load generator wrk and the
/// headers that Envoy adds.
pub(crate) fn permits(engine: &Engine, credential: &[u8]) -> bool {
    let mut headers: Vec<(&[u8], &[u8])> = vec![
        (b":authority", b"127.0.0.1:10000"),
        (b":path", workload::PATH.as_bytes()),
        (b":method", b"GET"),
        (b":scheme", b"http"),
        (b"user-agent", b"wrk"),
        (b"accept", b"*/*"),
        (b"x-forwarded-proto", b"http"),
        (b"x-request-id", b"2b9c4a53-6d6c-4d0f-9a5c-0a2f3f6a1c11"),
    ];
    if !credential.is_empty() {
        headers.push((b"authorization", credential));
    }
    let request = Request::new(black_box(headers));
    let decision = engine
        .decide(&request, None, now(), Patience::Exhausted, &NoConnection)
        .decision;
    matches!(black_box(decision), Decision::Permit(_))
}

fn key(signer: &Signer) -> VerifyingKey {
    let document = signer.jwks().to_string();
    let limits = KeySetLimits {
        bytes: document.len(),
        keys: 1,
    };
    let set = KeySet::parse(document.as_bytes(), KeyOrigin::Local, limits).unwrap();
    set.keys()[0].clone()
}

fn now() -> UnixMillis {
    UnixMillis::new(NOW * 1000)
}
