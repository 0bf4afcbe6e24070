//! Refused gRPC requests. Envoy answers with HTTP status 200 and an error in `grpc-status`.

use serde_json::json;

use crate::world::{
    configuration, local_provider, publishing, remote_provider, signer, start, token,
};
use support::{
    authorization_server::Answer,
    driver::{Driver, Exchange, Request, Setup},
    on_both_builds,
};

on_both_builds!(a_refused_grpc_request_gets_the_status_of_its_refusal);

/// If the dynamic module did not set `grpc-status`, Envoy would send the value 0, which means
/// success.
fn a_refused_grpc_request_gets_the_status_of_its_refusal<D: Driver>() {
    let signer = signer();
    let server = publishing(&signer);
    server.answer(crate::world::JWKS_PATH, Answer::status(500));
    let mut configuration = configuration(&local_provider(&signer));
    configuration["providers"]["far"] = remote_provider();
    configuration["providers"]["far"]["issuer"] = json!("https://far.example.com");
    configuration["rules"] = json!([
        { "match": { "prefix": "/far" }, "requires": { "provider_name": "far" } },
        {
            "match": { "prefix": "/scope" },
            "requires": { "provider_name": "login" },
            "authorize": { "scopes": { "all_of": ["no.token.has.it"] } },
        },
        { "match": { "prefix": "/" }, "requires": { "provider_name": "login" } },
    ]);
    configuration["limits"] = json!({ "park_timeout": "0.1s" });
    let gate: D = start(&Setup::new(configuration).cluster("login", &server));
    let good = token(&gate, &signer, "alice");
    let far = signer.sign_claims(&json!({
        "iss": "https://far.example.com", "aud": remote_provider()["audiences"][0],
        "sub": "alice", "exp": gate.now() + 60,
    }));
    let call = |path: &str, token: Option<&str>| {
        let request = Request::new("POST", path).header("content-type", "application/grpc");
        gate.send(&match token {
            Some(token) => request.bearer(token),
            None => request,
        })
    };
    let status = |exchange: &Exchange| (exchange.status, exchange.headers.value("grpc-status"));
    for (path, token, reason, grpc) in [
        ("/", None, "missing_credential", "16"),
        ("/scope", Some(&good[..]), "insufficient_scope", "7"),
        ("/far", Some(&far[..]), "keys_unavailable", "14"),
        ("/a%2fb", Some(&good[..]), "ambiguous_path", "13"),
    ] {
        let exchange = call(path, token);
        assert_eq!(exchange.details, format!("portcullis_denied{{{reason}}}"));
        assert_eq!(status(&exchange), (200, Some(grpc.to_owned())), "{reason}");
        assert_eq!(exchange.upstream, None);
    }
    assert!(call("/", Some(&good)).upstream.is_some());
}
