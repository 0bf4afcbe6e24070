//! Filters and routes that depend on the dynamic metadata of `jwt_authn` work the same behind the
//! dynamic module.

use std::{io::BufReader, io::Write as _, net::SocketAddr};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use super::{file, migrate, printed, refused::messages};
use support::{
    driver::Request,
    envoy::{
        bootstrap::socket,
        is_installed, library,
        process::{EnvoyProcess, new_folder},
    },
    http,
    signer::Signer,
};

/// The time at which tokens expire, far in the future.
const EXP: u64 = 4_000_000_000;
const TYPES: &str = "type.googleapis.com/envoy.extensions.filters";

/// A matcher for a claim in the metadata of `jwt_authn`.
fn claim(name: &str, value: &Value) -> Value {
    json!({
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{ "key": "jwt" }, { "key": name }],
        "value": value,
    })
}

/// A listener whose RBAC filter denies one subject, and whose first route is only for tokens with
/// the claim `beta`.
fn listener(more: &Value) -> Value {
    let signer = Signer::new(Algorithm::Es256);
    let mut provider = json!({
        "issuer": "p",
        "local_jwks": { "inline_string": signer.jwks().to_string() },
        "payload_in_metadata": "jwt",
        "clear_route_cache": true,
    });
    for (name, value) in more.as_object().unwrap() {
        provider[name] = value.clone();
    }
    let jwt_authn = json!({
        "@type": format!("{TYPES}.http.jwt_authn.v3.JwtAuthentication"),
        "providers": { "p": provider },
        "rules": [{ "match": { "prefix": "/" }, "requires": { "provider_name": "p" } }],
    });
    let mallory = claim("sub", &json!({ "string_match": { "exact": "mallory" } }));
    let rbac = json!({
        "@type": format!("{TYPES}.http.rbac.v3.RBAC"),
        "rules": { "action": "DENY", "policies": { "p": {
            "permissions": [{ "any": true }],
            "principals": [{ "metadata": mallory }],
        } } },
    });
    let beta = claim("beta", &json!({ "bool_match": true }));
    let manager = json!({
        "@type": format!("{TYPES}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "ingress",
        "http_filters": [
            { "name": "envoy.filters.http.jwt_authn", "typed_config": jwt_authn },
            { "name": "rbac", "typed_config": rbac },
            { "name": "router", "typed_config": { "@type": format!("{TYPES}.http.router.v3.Router") } },
        ],
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
            {
                "match": { "prefix": "/", "dynamic_metadata": [beta] },
                "direct_response": { "status": 202 },
            },
            { "match": { "prefix": "/" }, "direct_response": { "status": 200 } },
        ] }] },
    });
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "old",
        "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))),
        "filter_chains": [{ "filters": [{ "name": "manager", "typed_config": manager }] }],
    })
}

fn status(address: SocketAddr, claims: Option<&Value>) -> u16 {
    let request = Request::get("/");
    let request = match claims {
        Some(claims) => request.bearer(Signer::new(Algorithm::Es256).sign_claims(claims)),
        None => request,
    };
    let mut connection = BufReader::new(http::connect(address).unwrap());
    let bytes = request.on_the_wire();
    connection.get_mut().write_all(&bytes).unwrap();
    http::read_response(&mut connection, &request.method)
        .unwrap()
        .0
}

/// Behind the dynamic module, RBAC denies the same tokens as behind `jwt_authn`, and Envoy chooses
/// the same routes.
#[test]
fn readers_of_metadata_decide_as_before_in_native() {
    let library = library();
    if !is_installed(&library) {
        return;
    }
    let old = listener(&json!({}));
    let path = file("metadata.json", &json!({ "resources": [old] }).to_string());
    let output = migrate(&path, &["--rewrite", "--native", library.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("no longer written"), "{said}");
    assert!(!said.contains(": danger: "), "{said}");
    let document: Value = serde_json::from_str(&printed(&output)).unwrap();
    let mut new = document["resources"][0].clone();
    new["name"] = json!("new");
    let mut listeners = [old, new];
    for listener in &mut listeners {
        listener.as_object_mut().unwrap().remove("@type");
    }
    let bootstrap = json!({
        "admin": { "address": socket(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "static_resources": { "listeners": listeners },
    });
    let envoy = EnvoyProcess::spawn(new_folder(), &bootstrap, 1);
    let addresses = envoy.wait_for("both listeners", || {
        let addresses = envoy.listeners();
        (envoy.is_ready() && addresses.len() == 2).then_some(addresses)
    });
    let claims = |more: Value| {
        let mut claims = json!({ "iss": "p", "sub": "alice", "exp": EXP });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    };
    for (claims, expected) in [
        (None, 401),
        (Some(claims(json!({}))), 200),
        (Some(claims(json!({ "beta": true }))), 202),
        (Some(claims(json!({ "sub": "mallory" }))), 403),
        (Some(claims(json!({ "sub": "mallory", "beta": true }))), 403),
        (Some(claims(json!({ "exp": 1 }))), 401),
    ] {
        let found = ["old", "new"].map(|name| status(addresses[name], claims.as_ref()));
        assert_eq!(found, [expected; 2], "{claims:?}");
    }
}

/// The proxy-wasm module writes no metadata, and the dynamic module does not describe failures as
/// `jwt_authn` does.
#[test]
fn readers_of_metadata_that_may_differ_are_refused() {
    let write = |name: &str, more: Value| {
        let listener = listener(&more);
        file(name, &json!({ "resources": [listener] }).to_string())
    };
    let plain = write("metadata-plain.json", json!({}));
    let native = migrate(
        &plain,
        &["--rewrite", "--native", "/opt/libportcullis-1.so"],
    );
    assert!(printed(&native).contains(r#""metadata_namespace": "envoy.filters.http.jwt_authn""#));
    let said = messages(&plain, &["--rewrite", "--module", "m"], 1);
    assert!(said.contains("use --native"), "{said}");
    let failures = json!({ "failed_status_in_metadata": "failure" });
    let failures = write("metadata-failures.json", failures);
    let said = messages(
        &failures,
        &["--rewrite", "--native", "/opt/libportcullis-1.so"],
        1,
    );
    assert!(said.contains("failed_status_in_metadata"), "{said}");
}
