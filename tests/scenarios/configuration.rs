//! Configurations that the module rejects, and configurations that arrive as a protobuf `Struct`.

use serde_json::{Value, json};

use crate::world::{configuration, get, local_provider, signer, start, token};
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

/// In a protobuf `Struct`, every number is a double. Hundreds of neighbouring account numbers
/// become the same double as `ACCOUNT`. A rule with that double would let all of these accounts in.
fn refuses_a_double_that_equals_its_neighbours<D: Driver>() {
    const ACCOUNT: f64 = 1_234_567_890_123_456_789_f64;
    let account = json!([{ "claim": "account", "any_of": [ACCOUNT] }]);
    let mut authorized = configuration(&local_provider(&signer()));
    let mut required = authorized.clone();
    authorized["rules"][0]["authorize"] = json!({ "claims": account });
    required["providers"]["login"]["require_claims"] = account;
    for (config, place) in [
        (authorized, "rules[0].authorize.claims[0].any_of[0]"),
        (required, "providers.login.require_claims[0].any_of[0]"),
    ] {
        let mut setup = Setup::new(config);
        setup.wrapping = Wrapping::Struct;
        let Err(refused) = D::start(&setup) else {
            panic!("accepted: {place}")
        };
        let expected = format!("{place}: a large number was given as a double");
        assert!(refused.0.contains(&expected), "{}", refused.0);
    }
}
