//! Revoked tokens, clients and subjects, and when a revocation takes effect.

use serde_json::{Value, json};

use crate::world::{configuration, forwarded_user, get, local_provider, signer, start, token_with};
use support::{
    driver::{Driver, Request, Setup, Wrapping},
    objects::with,
    on_every_driver,
    signer::Signer,
};

on_every_driver!(
    reads_a_cut_off_that_arrives_as_a_double,
    a_revocation_takes_effect_with_its_configuration,
    a_configuration_can_revoke_ten_thousand_tokens,
);

/// A configuration that revokes these values.
fn revoking(signer: &Signer, revoked: &Value) -> Value {
    configuration(&with(
        local_provider(signer),
        &json!({ "revoked": revoked }),
    ))
}

/// In a protobuf `Struct`, every number is a double, so the module must read the times in
/// `issued_before` from doubles.
fn reads_a_cut_off_that_arrives_as_a_double<D: Driver>() {
    let signer = signer();
    let revoked = json!({ "issued_before": { "mallory": 1_000_000_000 } });
    let gate: D = start(&Setup {
        wrapping: Wrapping::Struct,
        ..Setup::new(revoking(&signer, &revoked))
    });
    for (claims, expected) in [
        (
            json!({ "sub": "mallory", "iat": 999_999_999 }),
            (401, "revoked"),
        ),
        (json!({ "sub": "mallory", "iat": 1_000_000_000 }), (200, "")),
        // A token without `iat` may have been issued before the time in `issued_before`.
        (json!({ "sub": "mallory" }), (401, "revoked")),
        (json!({ "iat": 999_999_999 }), (200, "")),
    ] {
        let token = token_with(&gate, &signer, &claims);
        // The second request finds the token in the cache.
        for _ in 0..2 {
            assert_eq!(get(&gate, "/", &token).outcome(), expected, "{claims}");
        }
    }
}

/// The update must also apply to a token that is in the cache.
fn a_revocation_takes_effect_with_its_configuration<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(revoking(&signer, &json!({}))));
    let one = token_with(&gate, &signer, &json!({ "jti": "t-1", "client_id": "c-1" }));
    let other = token_with(&gate, &signer, &json!({ "jti": "t-2", "client_id": "c-2" }));
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
        // Without the revocation, the token is good again.
        gate.reconfigure(&revoking(&signer, &json!({}))).unwrap();
        gate.wait_until("the end of the revocation", || {
            get(&gate, "/", &one).status == 200
        });
    }
    // A rule may let requests with invalid tokens pass. A revoked token then gives the request no
    // identity.
    let mut lenient = revoking(&signer, &json!({ "jti": ["t-1"] }));
    lenient["rules"][0]["requires"] = json!({ "allow_missing_or_failed": {} });
    gate.reconfigure(&lenient).unwrap();
    gate.wait_until("the lenient rule", || {
        gate.send(&Request::get("/")).status == 200
    });
    let passed = get(&gate, "/", &one);
    assert_eq!((passed.status, forwarded_user(&passed)), (200, None));
    assert_eq!(
        forwarded_user(&get(&gate, "/", &other)).as_deref(),
        Some("alice")
    );
}

fn a_configuration_can_revoke_ten_thousand_tokens<D: Driver>() {
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
        let token = token_with(&gate, &signer, &json!({ "jti": id }));
        assert_eq!(get(&gate, "/", &token).status, status, "{id}");
    }
}
