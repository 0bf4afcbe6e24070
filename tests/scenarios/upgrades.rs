//! Upgrades of the dynamic module and of Envoy while clients send requests.
//!
//! Envoy loads the library at a path only once, so a new version of the library needs a new name.
//! Envoy itself is upgraded by a hot restart: a new process takes over the sockets, and the old
//! process drains.

use std::{fs, net::TcpListener, path::Path, time::Duration};

use serde_json::json;

use crate::world::{JWKS_PATH, configuration, publishing, remote_provider, signer, start, token};
use support::{
    driver::{Build, Driver as _, Request, Route, Setup, VirtualHost},
    envoy::{NativeEnvoy, bootstrap, library, process, process::EnvoyProcess, version},
    in_native,
    load::{Load, Shot},
    signer::{Pair, Signer},
    upstream::Upstream,
};

in_native!(
    a_library_under_a_new_name_takes_over_under_load,
    a_hot_restart_loses_no_request,
);

const CLIENTS: usize = 8;
const PAUSE: Duration = Duration::from_millis(10);
/// The minimum number of good requests between two changes.
const ENOUGH: u64 = 100;

fn a_library_under_a_new_name_takes_over_under_load() {
    if version() < (1, 40) {
        return; // this Envoy finds libraries by name only, not by path
    }
    let signer = signer();
    let server = publishing(&signer);
    let folder = process::new_folder();
    let versions = ["first.so", "second.so"].map(|name| folder.join(name));
    for version in &versions {
        fs::copy(library(), version).unwrap();
    }
    let gate: NativeEnvoy = start(
        &with_library(&versions[0], 0)
            .cluster("login", &server)
            .workers(2),
    );
    let good = token(&gate, &signer, "alice");
    let forged = token(&gate, &Signer::with_pair(signer.alg, Pair::Other), "alice");
    let load = Load::start(gate.address(), CLIENTS, PAUSE, mix(&good, &forged));
    for (change, version) in versions.iter().cycle().skip(1).take(4).enumerate() {
        gate.replace(&with_library(version, change + 1)).unwrap();
        let before = load.tally().of("good", 200);
        gate.wait_until("requests after the upgrade", || {
            load.tally().of("good", 200) > before + ENOUGH
        });
        load.tally().assert_right();
    }
    load.stop().assert_right();
    // Each version of the library has its own memory, so each version has fetched the keys.
    assert!(server.fetches(JWKS_PATH) >= 2);
    drop(gate);
    fs::remove_dir_all(folder).unwrap();
}

/// A gate that uses this version of the library both for its filter and for the policies of its
/// routes.
fn with_library(library: &Path, change: usize) -> Setup {
    let mut configuration = configuration(&remote_provider());
    configuration["requirement_map"] = json!({ "signed_in": { "provider_name": "login" } });
    // Each configuration must differ from all earlier ones, or Envoy would see no change.
    configuration["realm"] = json!(change.to_string());
    let open = Route::new("/open").saying(json!({ "disabled": true }));
    let closed = Route::new("/").saying(json!({ "requirement_name": "signed_in" }));
    Setup {
        module: Some(library.to_owned()),
        virtual_hosts: vec![VirtualHost::any([open, closed])],
        ..Setup::new(configuration)
    }
}

fn mix(good: &str, forged: &str) -> [Shot; 3] {
    let with = |token| Request::get("/").bearer(token);
    [
        Shot::new("good", with(good), &[200]).of_user("alice"),
        Shot::new("forged", with(forged), &[401]),
        Shot::new("open", Request::get("/open"), &[200]),
    ]
}

fn a_hot_restart_loses_no_request() {
    let signer = signer();
    let server = publishing(&signer);
    let (upstream, login) = (Upstream::start().unwrap(), server.listen().unwrap());
    let clusters = [
        bootstrap::cluster(bootstrap::UPSTREAM, upstream.address()),
        bootstrap::cluster("login", login.address()),
    ];
    // Both processes must listen on the same port.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let configuration = configuration(&remote_provider());
    let setup = Setup {
        build: Build::Native,
        ..Setup::new(configuration.clone())
    };
    let folders = [process::new_folder(), process::new_folder()];
    let spawn = |generation: usize| {
        let folder = &folders[generation];
        let mut listener = bootstrap::listener(folder, &setup, &configuration);
        listener["address"] = bootstrap::socket(port);
        let mut whole = bootstrap::bootstrap(folder, &clusters);
        whole["static_resources"]["listeners"] = json!([listener]);
        whole.as_object_mut().unwrap().remove("dynamic_resources");
        EnvoyProcess::spawn_generation(generation, &folders[0], folder.clone(), &whole, 2)
    };
    let old = spawn(0);
    old.wait_for("readiness", || old.is_ready().then_some(()));
    let claims = json!({
        "iss": crate::world::ISSUER, "aud": "orders", "sub": "alice", "exp": 4_000_000_000_u64,
    });
    let forger = Signer::with_pair(signer.alg, Pair::Other);
    let [good, forged] = [&signer, &forger].map(|signer| signer.sign_claims(&claims));
    let load = Load::start(
        port,
        CLIENTS,
        PAUSE,
        [
            Shot::new("good", Request::get("/").bearer(good), &[200]).of_user("alice"),
            Shot::new("forged", Request::get("/").bearer(forged), &[401]),
        ],
    );
    let new = spawn(1);
    old.wait_for("the end of the old process", || {
        old.has_ended().then_some(())
    });
    let before = load.tally().of("good", 200);
    new.wait_for("requests after the restart", || {
        (load.tally().of("good", 200) > before + ENOUGH).then_some(())
    });
    load.stop().assert_right();
    assert!(!old.log().contains(": defect "), "{}", old.log());
    // The new process has its own memory, so it has fetched the keys too.
    assert_eq!(server.fetches(JWKS_PATH), 2);
}
