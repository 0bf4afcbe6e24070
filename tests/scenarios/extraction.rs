//! Claims that Portcullis forwards although it has not verified the token.

use serde_json::json;

use crate::world::{claims, configuration, forwarded_user, get, local_provider, signer, start};
use support::{
    driver::{Driver, Request, Setup},
    on_every_driver,
};

on_every_driver!(passes_unverified_claims_on_and_marks_them);

const MARKER: &str = "x-jwt-signature-verified";

fn passes_unverified_claims_on_and_marks_them<D: Driver>() {
    if !D::takes_nested_metadata() {
        return;
    }
    let signer = signer();
    let mut provider = local_provider(&signer);
    provider["payload_in_metadata"] = json!("jwt");
    let mut configuration = configuration(&provider);
    configuration["rules"][0]["requires"] = json!({ "extract_only_without_validation": {} });
    let gate: D = start(&Setup {
        filter_state: vec!["portcullis.jwt".to_owned()],
        ..Setup::new(configuration)
    });
    let mut claims = claims(&gate, "alice");
    claims["exp"] = json!(1);
    let signed = signer.sign_claims(&claims);
    let forged = format!("{}.AAAA", signed.rsplit_once('.').unwrap().0);
    let exchange = get(&gate, "/", &forged);
    assert_eq!(exchange.status, 200);
    assert_eq!(forwarded_user(&exchange).as_deref(), Some("alice"));
    assert!(exchange.filter_state.is_empty());
    let seen = exchange.upstream.unwrap().headers;
    assert_eq!(seen.values(MARKER), ["false"]);
    assert_eq!(seen.values("authorization"), [format!("Bearer {forged}")]);
    // If a request has no token, the gate removes both headers that the client sent, and sets
    // neither.
    let bare = gate.send(
        &Request::get("/")
            .header(MARKER, "true")
            .header("x-user", "root"),
    );
    let seen = bare.upstream.unwrap().headers;
    assert!(seen.values(MARKER).is_empty() && seen.values("x-user").is_empty());
}
