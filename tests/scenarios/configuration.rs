//! Configurations that are refused, and ones that arrive as a `Struct`.

use serde_json::{Value, json};

use crate::{
    support::{
        driver::{Driver, Request, Setup, Wrapping},
        on_both_drivers,
    },
    world::{configuration, get, local_provider, signer, start, token},
};

on_both_drivers!(
    refuses_a_wrong_configuration_with_path_and_remedy,
    keeps_the_old_configuration_when_the_new_one_is_wrong,
    reads_numbers_that_arrive_as_doubles,
    takes_over_a_new_configuration,
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

fn keeps_the_old_configuration_when_the_new_one_is_wrong<D: Driver>() {
    let signer = signer();
    let gate: D = start(&Setup::new(configuration(&local_provider(&signer))));
    assert!(gate.reconfigure(&json!({ "rules": 7 })).is_err());
    assert_eq!(get(&gate, "/", &token(&gate, &signer, "alice")).status, 200);
    assert_eq!(gate.send(&Request::get("/")).status, 401);
}

fn takes_over_a_new_configuration<D: Driver>() {
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
