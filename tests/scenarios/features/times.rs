//! Z14: how long a token may live.

use serde_json::json;

use super::{one_path_each, outcome, token_with};
use crate::world::{get, local_provider, signer, start};
use support::{
    driver::{Driver, Setup},
    on_both_drivers,
};

on_both_drivers!(z14_longest_lifetime_and_required_end);

/// From a minute to a day, and never without end.
fn z14_longest_lifetime_and_required_end<D: Driver>() {
    let signer = signer();
    let bounded = |seconds: u64| {
        let mut provider = local_provider(&signer);
        provider["max_issued_lifetime"] = json!(format!("{seconds}s"));
        provider
    };
    let gate: D = start(&Setup::new(one_path_each(&json!({
        "minute": bounded(60),
        "day": bounded(86_400),
        "plain": local_provider(&signer),
    }))));
    // A little in the past, as a token that is on its way.
    let issued = gate.now() - 5;
    let sent = |provider: &str, lifetime: u64| {
        let claims = json!({ "iat": issued, "exp": issued + lifetime });
        let token = token_with(&gate, &signer, &claims);
        outcome(&get(&gate, &format!("/{provider}"), &token)) == (200, "")
    };
    for (provider, longest) in [("minute", 60), ("day", 86_400)] {
        assert!(sent(provider, longest), "{provider}");
        assert!(!sent(provider, longest + 1), "{provider}");
        assert!(sent("plain", longest + 1), "{provider}");
    }
    for (provider, claims) in [
        ("day", json!({ "exp": issued + 60 })),
        ("day", json!({ "iat": issued, "exp": null })),
        ("plain", json!({ "exp": null })),
    ] {
        let token = token_with(&gate, &signer, &claims);
        let exchange = get(&gate, &format!("/{provider}"), &token);
        assert_eq!(outcome(&exchange), (401, "lifetime"), "{claims}");
    }
}
