//! Configurations that are refused, and ones that arrive as a `Struct`.

use serde_json::{Value, json};

use crate::world::{claims, configuration, get, local_provider, signer, start, token};
use support::{
    driver::{Driver, Request, Setup, Wrapping},
    objects::with,
    on_every_driver,
};

on_every_driver!(
    refuses_a_wrong_configuration_with_path_and_remedy,
    bounds_a_provider_s_name_and_description,
    keeps_the_old_configuration_when_the_new_one_is_wrong,
    reads_numbers_that_arrive_as_doubles,
    refuses_a_double_that_equals_its_neighbours,
    distinguishes_neighbouring_integers,
    switches_to_a_new_configuration,
);

fn refuses_a_wrong_configuration_with_path_and_remedy<D: Driver>() {
    let good = configuration(&local_provider(&signer()));
    let wrong = |path: &str, value: Value| {
        let mut config = good.clone();
        *config.pointer_mut(path).unwrap() = value;
        config
    };
    let mut without_audience = good.clone();
    without_audience["providers"]["login"]["audiences"] = json!([]);
    for (config, expected) in [
        (
            wrong("/rules/0/requires", json!({ "provder_name": "login" })),
            r#"rules[0].requires: unknown field "provder_name", did you mean "provider_name"?"#,
        ),
        (
            wrong("/rules/0/requires", json!({ "provider_name": "logn" })),
            "rules[0].requires",
        ),
        (without_audience, "providers.login"),
        (json!([]), "configuration refused"),
    ] {
        let Err(refused) = D::start(&Setup::new(config)) else {
            panic!("accepted: {expected}")
        };
        assert!(refused.0.contains(expected), "{expected}: {}", refused.0);
    }
}

fn bounds_a_provider_s_name_and_description<D: Driver>() {
    let signer = signer();
    let described = |length: usize| {
        let description = json!({ "description": "d".repeat(length) });
        with(local_provider(&signer), &description)
    };
    let named = |name: &str, provider: &Value| {
        let mut config = configuration(provider);
        config["providers"] = json!({ name: provider });
        config["rules"][0]["requires"] = json!({ "provider_name": name });
        Setup::new(config)
    };
    let longest = "n".repeat(64);
    let gate: D = start(&named(&longest, &described(256)));
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    for (name, provider, place) in [
        ("a b", described(256), "providers[\"a b\"]: "),
        (
            &format!("n{longest}"),
            described(256),
            &format!("providers.n{longest}: "),
        ),
        ("login", described(257), "providers.login.description: "),
    ] {
        let Err(refused) = D::start(&named(name, &provider)) else {
            panic!("accepted {name}")
        };
        assert!(refused.0.contains(place), "{place}: {}", refused.0);
    }
}

fn keeps_the_old_configuration_when_the_new_one_is_wrong<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(configuration(&local_provider(&signer))));
    assert!(gate.reconfigure(&json!({ "rules": 7 })).is_err());
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    assert_eq!(gate.send(&Request::get("/")).status, 401);
}

fn switches_to_a_new_configuration<D: Driver>() {
    let signer = signer();
    let config = configuration(&local_provider(&signer));
    let gate: D = start(&Setup::new(config.clone()));
    let token = token(&gate, &signer, "alice");
    assert_eq!(get(&gate, "/", &token).status, 200);
    let mut stricter = config;
    stricter["rules"][0]["authorize"] = json!({ "scopes": { "any_of": ["admin"] } });
    gate.reconfigure(&stricter).unwrap();
    gate.wait_until("the new rule", || get(&gate, "/", &token).status == 403);
}

fn reads_numbers_that_arrive_as_doubles<D: Driver>() {
    let signer = signer();
    let mut config = configuration(&local_provider(&signer));
    config["providers"]["login"]["clock_skew_seconds"] = json!(0);
    config["limits"] = json!({ "token_bytes": 4096, "parked_requests": 10 });
    let mut setup = Setup::new(config);
    setup.wrapping = Wrapping::Struct;
    let gate: D = start(&setup);
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
}

/// An account number of 19 digits.
const ACCOUNT: i64 = 1_234_567_890_123_456_789;

fn for_account(config: &Value, account: &Value) -> Value {
    let mut config = config.clone();
    config["rules"][0]["authorize"] =
        json!({ "claims": [{ "claim": "account", "any_of": [account] }] });
    config
}

/// A control plane's `Struct` has only doubles. As a double, this number would let hundreds of accounts in.
fn refuses_a_double_that_equals_its_neighbours<D: Driver>() {
    let config = configuration(&local_provider(&signer()));
    let mut required = config.clone();
    required["providers"]["login"]["require_claims"] =
        json!([{ "claim": "account", "any_of": [ACCOUNT as f64] }]);
    for (config, place) in [
        (
            for_account(&config, &json!(ACCOUNT as f64)),
            "rules[0].authorize.claims[0].any_of[0]",
        ),
        (required, "providers.login.require_claims[0].any_of[0]"),
    ] {
        let mut setup = Setup::new(config);
        setup.wrapping = Wrapping::Struct;
        let Err(refused) = D::start(&setup) else {
            panic!("accepted: {place}")
        };
        let expected = format!("{place}: a large number came as a double");
        assert!(refused.0.contains(&expected), "{}", refused.0);
    }
}

fn distinguishes_neighbouring_integers<D: Driver>() {
    let signer = signer();
    let config = configuration(&local_provider(&signer));
    let gate: D = start(&Setup::new(for_account(&config, &json!(ACCOUNT))));
    for (account, status) in [
        (json!(ACCOUNT), 200),
        (json!(ACCOUNT - 1), 403),
        (json!(ACCOUNT + 1), 403),
        (json!(ACCOUNT as f64), 403),
        (json!(ACCOUNT.to_string()), 403),
    ] {
        let mut claims = claims(&gate, "alice");
        claims["account"] = account.clone();
        let token = signer.sign_claims(&claims);
        assert_eq!(get(&gate, "/", &token).status, status, "{account}");
    }
}
