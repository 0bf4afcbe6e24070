//! Makes the dynamic module panic in the real Envoy, and tests what happens to requests, keys and
//! configurations.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use abi_host::built_for_tests;
use portcullis::jose::Algorithm;
use serde_json::{Value, json};
use support::{
    authorization_server::{Answer, AuthorizationServer},
    driver::{Driver as _, Request, Setup},
    envoy::{NativeEnvoy, is_installed, library, process},
    signer::Signer,
};

const ISSUER: &str = "https://login.example.com";
const JWKS_PATH: &str = "/jwks";
/// The status and the response code details of the module's own answer after a panic.
const DEFECT: (u16, &str) = (500, "portcullis_denied{panic}");

/// What these tests need besides Envoy: a token signer, an authorization server, and the folder
/// `defects`. A file in this folder makes the library panic.
struct World {
    signer: Signer,
    server: AuthorizationServer,
    defects: PathBuf,
}

fn configuration() -> Value {
    json!({
        "providers": { "login": {
            "issuer": ISSUER,
            "audiences": ["orders"],
            "remote_jwks": {
                "http_uri": { "uri": format!("{ISSUER}{JWKS_PATH}"), "cluster": "login", "timeout": "60s" },
                "unknown_kid_cooldown": "1s",
                "async_fetch": { "failed_refetch_duration": "0.2s" },
            },
        } },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "login" } }],
        "limits": { "park_timeout": "60s" },
    })
}

impl World {
    fn new() -> Self {
        let signer = Signer::new(Algorithm::Es256);
        let server = AuthorizationServer::new();
        server.answer(JWKS_PATH, Answer::json(signer.jwks().to_string()));
        let defects = process::new_folder();
        Self {
            signer,
            server,
            defects,
        }
    }

    fn start(&self) -> NativeEnvoy {
        let setup = Setup {
            module: Some(built_for_tests()),
            defects: Some(self.defects.clone()),
            ..Setup::new(configuration()).cluster("login", &self.server)
        };
        NativeEnvoy::start(&setup).unwrap_or_else(|refused| panic!("{}", refused.0))
    }

    fn request(&self, gate: &NativeEnvoy, signer: &Signer) -> Request {
        let claims = json!({
            "iss": ISSUER, "aud": "orders", "sub": "alice", "exp": gate.now() + 600,
        });
        Request::get("/").bearer(signer.sign_claims(&claims))
    }

    /// Makes the authorization server hold back its answers.
    fn hold(&self) {
        self.server.hold();
    }

    /// Makes the module panic the next time its code reaches the place named `place`.
    fn cause(&self, place: &str) {
        fs::write(self.defects.join(place), "").unwrap();
    }

    /// Returns whether the module has panicked at `place`. The module removes the file before it
    /// panics.
    fn is_caused(&self, place: &str) -> bool {
        !self.defects.join(place).exists()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.defects);
    }
}

/// Creates a [`World`], calls `prepare` with it, and then starts Envoy. The returned request has a
/// valid token and has not been sent. Returns `None` if Envoy or the library is not installed.
fn start(prepare: impl FnOnce(&World)) -> Option<(World, NativeEnvoy, Request)> {
    if !is_installed(&built_for_tests()) {
        return None;
    }
    let world = World::new();
    prepare(&world);
    let gate = world.start();
    let good = world.request(&gate, &world.signer);
    Some((world, gate, good))
}

fn sent(gate: &NativeEnvoy, request: &Request) -> (u16, String) {
    let exchange = gate.send(request);
    (exchange.status, exchange.details)
}

/// Waits until this many requests are pending. Then sends one more request. The answer to this
/// request shows that the worker has already handled all earlier requests, which now wait for keys.
fn wait_until_held(gate: &NativeEnvoy, requests: u64) {
    gate.wait_until("all in flight", || gate.in_flight() == requests);
    assert_eq!(gate.send(&Request::get("/")).status, 401);
}

#[test]
fn a_panic_costs_one_request() {
    let Some((world, gate, good)) = start(|_| ()) else {
        return;
    };
    assert_eq!(gate.send(&good).status, 200);
    for place in ["request", "decided"] {
        world.cause(place);
        let (status, details) = sent(&gate, &good);
        match place {
            // The module panics before the request has an answer, so the module answers the request
            // itself.
            "request" => assert_eq!((status, &*details), DEFECT),
            _ => assert_eq!(status, 500, "{details}"),
        }
        assert_eq!(gate.send(&good).status, 200, "{place}");
    }
    let log = gate.log().join("\n");
    assert!(
        log.contains("portcullis: defect at envoy/native/src/defects.rs"),
        "{log}"
    );
    // The message of the panic is not logged, because it could contain a token.
    assert!(!log.contains("a test asked"), "{log}");
}

/// The panic destroys the object that would answer the waiting requests. The module refuses these
/// requests, so that they do not wait forever.
#[test]
fn a_panic_refuses_the_requests_that_wait() {
    let Some((world, gate, good)) = start(World::hold) else {
        return;
    };
    let waiting: Vec<_> = (0..4).map(|_| gate.begin(&good)).collect();
    wait_until_held(&gate, 4);
    world.cause("request");
    assert_eq!(gate.send(&good).status, 500);
    for pending in waiting {
        assert_eq!(gate.finish(pending).status, 500);
    }
    world.server.release();
    assert_eq!(gate.send(&good).status, 200);
}

/// If the module panics while it resumes a waiting request, that request is refused.
#[test]
fn a_panic_refuses_the_request_that_is_resumed() {
    let Some((world, gate, good)) = start(World::hold) else {
        return;
    };
    let waiting = gate.begin(&good);
    wait_until_held(&gate, 1);
    world.cause("woken");
    world.server.release();
    assert_eq!(gate.finish(waiting).status, 500);
    assert_eq!(gate.send(&good).status, 200);
}

/// The module panics on the main thread while it handles a response with keys. The waiting request
/// still gets the keys.
#[test]
fn keys_arrive_after_a_panic_on_their_response() {
    let Some((world, gate, good)) = start(World::hold) else {
        return;
    };
    let waiting = gate.begin(&good);
    gate.wait_until("in flight", || gate.in_flight() == 1);
    world.cause("fetched");
    world.server.release();
    assert_eq!(gate.finish(waiting).status, 200);
    assert!(world.is_caused("fetched"));
    // The module stored the keys before the panic, so at most one more fetch follows.
    assert!(world.server.fetches(JWKS_PATH) <= 2);
}

/// The module still refreshes keys after a panic on the main thread.
#[test]
fn keys_rotate_after_a_panic_on_the_main_thread() {
    let Some((world, gate, good)) = start(|_| ()) else {
        return;
    };
    assert_eq!(gate.send(&good).status, 200);
    for place in ["tick", "rebuild", "tick"] {
        world.cause(place);
        if place == "tick" {
            gate.wait_until("the panic", || world.is_caused(place));
        }
    }
    let next = Signer::new(Algorithm::Es384);
    world
        .server
        .answer(JWKS_PATH, Answer::json(next.jwks().to_string()));
    gate.pass(Duration::from_secs(1)); // the cool-down after the first fetch
    let rotated = world.request(&gate, &next);
    gate.wait_until("the new key", || gate.send(&rotated).status == 200);
}

/// If the module panics while it loads a configuration, the old configuration stays active, and the
/// next update works.
#[test]
fn a_panic_while_a_configuration_is_loaded_refuses_the_update() {
    let Some((world, gate, good)) = start(|_| ()) else {
        return;
    };
    let mut open = configuration();
    open["rules"] = json!([{ "match": { "prefix": "/" } }]);
    world.cause("read");
    assert!(gate.reconfigure(&open).is_err());
    assert_eq!(gate.send(&good).status, 200);
    assert_eq!(gate.send(&Request::get("/")).status, 401);
    gate.reconfigure(&open).unwrap();
    assert_eq!(gate.send(&Request::get("/")).status, 200);
}

/// The shipped library does not contain the code that lets tests cause panics.
#[test]
fn the_shipped_library_has_no_defects() {
    let holds = |library: &Path| {
        let bytes = fs::read(library).unwrap();
        let text = process::DEFECTS.as_bytes();
        bytes.windows(text.len()).any(|window| window == text)
    };
    if is_installed(&built_for_tests()) {
        assert!(holds(&built_for_tests()));
    }
    if is_installed(&library()) {
        assert!(!holds(&library()));
    }
}
