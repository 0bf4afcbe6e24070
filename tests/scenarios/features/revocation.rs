//! Z15: tokens, clients and subjects that are revoked.

use serde_json::{Value, json};

use crate::world::{claims, configuration, forwarded_user, get, local_provider, signer, start};
use support::{
    driver::{Driver, Request, Setup, Wrapping},
    on_both_drivers,
    signer::Signer,
};

on_both_drivers!(
    z15_what_is_revoked_is_refused_and_the_next_token_taken,
    z15_revocation_takes_effect_with_the_configuration,
    z15_a_long_list_does_its_work,
);

/// A configuration in which this is revoked.
fn revoking(signer: &Signer, revoked: &Value) -> Value {
    let mut provider = local_provider(signer);
    provider["revoked"] = revoked.clone();
    configuration(&provider)
}

/// A token of `alice` with these claims besides.
fn token(gate: &impl Driver, signer: &Signer, extra: &Value) -> String {
    let mut claims = claims(gate, "alice");
    for (name, value) in extra.as_object().unwrap() {
        claims[name] = value.clone();
    }
    signer.sign_claims(&claims)
}

fn z15_what_is_revoked_is_refused_and_the_next_token_taken<D: Driver>() {
    let signer = signer();
    // A cut-off that is known before the gate has a clock to ask.
    let gate: D = start(&Setup {
        wrapping: Wrapping::Struct, // whose numbers are doubles
        ..Setup::new(revoking(
            &signer,
            &json!({
                "jti": ["t-1"], "client_ids": ["c-9"], "issued_before": { "mallory": 1_000_000_000 },
            }),
        ))
    });
    for (extra, status) in [
        (json!({ "jti": "t-1", "client_id": "c-1" }), 401),
        // The same client's new token.
        (json!({ "jti": "t-2", "client_id": "c-1" }), 200),
        // All tokens of a client that is disabled, whatever names it.
        (json!({ "jti": "t-3", "client_id": "c-9" }), 401),
        (json!({ "jti": "t-4", "cid": "c-9" }), 401),
        (json!({ "azp": "c-9" }), 401),
        (json!({ "appid": "c-9" }), 401),
        // What a subject got before the cut-off.
        (json!({ "sub": "mallory", "iat": 999_999_999 }), 401),
        (json!({ "sub": "mallory", "iat": 1_000_000_000 }), 200),
        (json!({ "sub": "mallory" }), 401),
        (json!({ "iat": 999_999_999 }), 200),
        (json!({}), 200),
    ] {
        let token = token(&gate, &signer, &extra);
        for _ in 0..2 {
            let exchange = get(&gate, "/", &token);
            assert_eq!(exchange.status, status, "{extra}");
            if status == 401 {
                assert_eq!(exchange.details, "portcullis_denied{revoked}", "{extra}");
                let challenge = exchange.headers.value("www-authenticate").unwrap();
                assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
                assert!(!String::from_utf8_lossy(&exchange.body).contains("revoked"));
            }
        }
    }
    gate.wait_until("the counter", || {
        gate.metric("portcullis.denied.revoked") == Some(14)
    });
}

/// A token that was taken a moment ago, and lies in the cache, is refused from then on.
fn z15_revocation_takes_effect_with_the_configuration<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(revoking(&signer, &json!({}))));
    let one = token(&gate, &signer, &json!({ "jti": "t-1", "client_id": "c-1" }));
    let other = token(&gate, &signer, &json!({ "jti": "t-2", "client_id": "c-2" }));
    for _ in 0..2 {
        assert_eq!(get(&gate, "/", &one).status, 200);
        assert_eq!(get(&gate, "/", &other).status, 200);
    }
    for revoked in [
        json!({ "jti": ["t-1"] }),
        json!({ "client_ids": ["c-1"] }),
        json!({ "jti": ["t-1"], "client_ids": ["c-1"] }),
    ] {
        gate.reconfigure(&revoking(&signer, &revoked)).unwrap();
        gate.wait_until("the revocation", || get(&gate, "/", &one).status == 401);
        assert_eq!(get(&gate, "/", &one).status, 401);
        assert_eq!(get(&gate, "/", &other).status, 200);
        // Taken back, the token is what it was.
        gate.reconfigure(&revoking(&signer, &json!({}))).unwrap();
        gate.wait_until("the pardon", || get(&gate, "/", &one).status == 200);
    }
    // Where failed tokens pass, a revoked one lends no identity.
    let mut lenient = revoking(&signer, &json!({ "jti": ["t-1"] }));
    lenient["rules"][0]["requires"] = json!({ "allow_missing_or_failed": {} });
    gate.reconfigure(&lenient).unwrap();
    gate.wait_until("leniency", || gate.send(&Request::get("/")).status == 200);
    let passed = get(&gate, "/", &one);
    assert_eq!((passed.status, forwarded_user(&passed)), (200, None));
    assert_eq!(
        forwarded_user(&get(&gate, "/", &other)).as_deref(),
        Some("alice")
    );
}

fn z15_a_long_list_does_its_work<D: Driver>() {
    let signer = signer();
    let ids: Vec<String> = (0..10_000)
        .rev()
        .map(|number| format!("id-{number}"))
        .collect();
    let gate: D = start(&Setup::new(revoking(&signer, &json!({ "jti": ids }))));
    for (id, status) in [
        ("id-0", 401),
        ("id-4711", 401),
        ("id-9999", 401),
        ("id-10000", 200),
        ("id-", 200),
    ] {
        let token = token(&gate, &signer, &json!({ "jti": id }));
        assert_eq!(get(&gate, "/", &token).status, status, "{id}");
    }
}
