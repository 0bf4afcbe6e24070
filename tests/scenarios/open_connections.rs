//! Connections that stay open while their configuration is replaced, with and without `policy_id`.

use serde_json::{Value, json};

use crate::{
    client_secrets::{hash, with_secret},
    world::{ISSUER, configuration, local_provider, signer, start},
};
use support::{
    driver::{Driver, Request, Setup},
    on_every_driver,
};

on_every_driver!(
    refuses_on_old_connections_what_the_newest_configuration_refuses,
    leaves_old_connections_alone_without_policy_id,
    leaves_the_connections_of_another_policy_alone,
    an_update_that_is_refused_for_another_filter_does_not_count,
    obeys_a_rollback_to_the_same_text,
    obeys_a_stricter_rollback,
    workers_without_new_connections_learn_of_the_update,
);

/// A policy, a request whose token [`Self::revoking`] revokes, and a request whose token stays
/// good.
pub(crate) struct Policy {
    pub(crate) config: Value,
    pub(crate) revoked: Request,
    good: Request,
}

impl Policy {
    /// Creates a policy that accepts tokens at `/` and client secrets at `/jobs`.
    pub(crate) fn new(now: u64, id: Option<&str>) -> Self {
        let signer = signer();
        let mut config = configuration(&local_provider(&signer));
        let clients = json!({
            "batch": { "secret_hashes": [hash("old"), hash("new")] },
            "report": { "secret_hashes": [hash("own")] },
        });
        config["providers"]["jobs"] = json!({ "client_secrets": { "clients": clients } });
        let jobs =
            json!({ "match": { "prefix": "/jobs" }, "requires": { "provider_name": "jobs" } });
        config["rules"].as_array_mut().unwrap().insert(0, jobs);
        if let Some(id) = id {
            config["policy_id"] = json!(id);
        }
        let token = |jti| {
            let claims = json!({
                "iss": ISSUER, "aud": "orders", "exp": now + 600, "jti": jti,
            });
            Request::get("/").bearer(signer.sign_claims(&claims))
        };
        Self {
            config,
            revoked: token("stolen"),
            good: token("good"),
        }
    }

    fn gate<D: Driver>(&self) -> D {
        start(&keeping(self.config.clone()))
    }

    fn with(&self, pointer: &str, value: &Value) -> Value {
        let mut config = self.config.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        config.pointer_mut(parent).unwrap()[name] = value.clone();
        config
    }

    pub(crate) fn revoking(&self) -> Value {
        self.with("/providers/login/revoked", &json!({ "jti": ["stolen"] }))
    }
}

pub(crate) fn keeping(config: Value) -> Setup {
    Setup {
        keeps_connections: true,
        ..Setup::new(config)
    }
}

/// A time far in the future, for tests that sign tokens before the gate starts and so cannot read
/// the gate's clock. A token that expires after this time is still valid during the test.
pub(crate) const NOW: u64 = 4_000_000_000;

/// Waits until the request gets this status on new connections.
pub(crate) fn await_status(gate: &impl Driver, request: &Request, status: u16) {
    gate.wait_until("the new configuration", || {
        gate.send(request).status == status
    });
}

fn refuses_on_old_connections_what_the_newest_configuration_refuses<D: Driver>() {
    let policy = Policy::new(NOW, Some("orders"));
    let gate: D = policy.gate();
    let secret = |pair| with_secret("/jobs", pair);
    let cases = [
        (
            "/providers/login/revoked",
            json!({ "jti": ["stolen"] }),
            policy.revoked.clone(),
            "revoked",
            policy.good.clone(),
        ),
        (
            "/providers/login/enabled",
            json!(false),
            policy.good.clone(),
            "provider_disabled",
            secret("batch:new"),
        ),
        (
            "/providers/jobs/client_secrets/clients/batch/secret_hashes",
            json!([hash("new")]),
            secret("batch:old"),
            "bad_client_secret",
            secret("batch:new"),
        ),
        (
            "/providers/jobs/client_secrets/clients/batch/enabled",
            json!(false),
            secret("batch:old"),
            "client_disabled",
            secret("report:own"),
        ),
        (
            "/providers/jobs/client_secrets/clients/batch/expires_at",
            json!(1_000_000_000),
            secret("batch:old"),
            "client_expired",
            secret("report:own"),
        ),
        (
            "/providers/jobs/client_secrets/clients",
            json!({ "report": { "secret_hashes": [hash("own")] } }),
            secret("batch:old"),
            "bad_client_secret",
            secret("report:own"),
        ),
        (
            "/providers/jobs/enabled",
            json!(false),
            secret("batch:old"),
            "provider_disabled",
            policy.good.clone(),
        ),
    ];
    for (index, (pointer, value, refused, reason, still_good)) in cases.into_iter().enumerate() {
        // Each round starts with a configuration text that Envoy has not seen before. Otherwise
        // Envoy would treat the text as a rollback.
        let mut before = policy.config.clone();
        let realm = format!("before {index}");
        before["realm"] = json!(realm);
        gate.reconfigure(&before).unwrap();
        gate.wait_until("the configuration of this round", || {
            let challenge = gate
                .send(&Request::get("/"))
                .headers
                .value("www-authenticate");
            challenge.is_some_and(|challenge| challenge.contains(&realm))
        });

        let mut old = gate.connect();
        for _ in 0..2 {
            assert_eq!(gate.send_on(&mut old, &refused).status, 200, "{pointer}");
        }
        gate.reconfigure(&policy.with(pointer, &value)).unwrap();
        await_status(&gate, &refused, 401);
        let on_new = gate.send(&refused);
        for _ in 0..2 {
            let on_old = gate.send_on(&mut old, &refused);
            assert_eq!(on_old.outcome(), (401, reason), "{pointer}");
            assert_eq!(on_old.upstream, None, "{pointer}");
            assert_eq!(on_old.body, on_new.body, "{pointer}");
        }
        assert_eq!(gate.send_on(&mut old, &still_good).status, 200, "{pointer}");
    }
}

fn leaves_old_connections_alone_without_policy_id<D: Driver>() {
    let policy = Policy::new(NOW, None);
    let gate: D = policy.gate();
    let mut old = gate.connect();
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
    gate.reconfigure(&policy.revoking()).unwrap();
    await_status(&gate, &policy.revoked, 401);
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
}

fn leaves_the_connections_of_another_policy_alone<D: Driver>() {
    let policy = Policy::new(NOW, Some("orders"));
    let gate: D = policy.gate();
    let mut old = gate.connect();
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
    let mut other = policy.revoking();
    other["policy_id"] = json!("invoices");
    gate.reconfigure(&other).unwrap();
    await_status(&gate, &policy.revoked, 401);
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
}

fn an_update_that_is_refused_for_another_filter_does_not_count<D: Driver>() {
    let policy = Policy::new(NOW, Some("orders"));
    let gate: D = policy.gate();
    let mut old = gate.connect();
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
    gate.reconfigure_in_vain(&policy.revoking());
    for _ in 0..3 {
        assert_eq!(gate.send(&policy.revoked).status, 200);
        assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
    }
}

/// After a rollback, Envoy goes back to the context that it created for the old configuration text,
/// and does not notify the module.
fn obeys_a_rollback_to_the_same_text<D: Driver>() {
    let policy = Policy::new(NOW, Some("orders"));
    let gate: D = policy.gate();
    let mut old = gate.connect();
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
    gate.reconfigure(&policy.revoking()).unwrap();
    await_status(&gate, &policy.revoked, 401);
    let mut between = gate.connect();
    assert_eq!(gate.send_on(&mut between, &policy.good).status, 200);
    assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 401);

    let configured = |gate: &D| {
        let log = gate.log();
        log.iter()
            .filter(|line| line.contains("signatures are verified"))
            .count()
    };
    let before = configured(&gate);
    gate.reconfigure(&policy.config).unwrap();
    await_status(&gate, &policy.revoked, 200);
    // The worker's VM still has a context with the old text, so Envoy does not configure this VM
    // again. In the fake host, no connection has kept the old context of the main thread's VM
    // alive, so that VM is configured again.
    assert!(
        configured(&gate) <= before + 1,
        "the worker's VM was configured"
    );
    // On a connection that was opened before the rollback, the token is still revoked.
    if D::keeps_connections_through_a_rollback() {
        assert_eq!(gate.send_on(&mut between, &policy.revoked).status, 401);
    }
}

fn obeys_a_stricter_rollback<D: Driver>() {
    let policy = Policy::new(NOW, Some("orders"));
    let gate: D = start(&keeping(policy.revoking()));
    let mut old = gate.connect();
    assert_eq!(gate.send_on(&mut old, &policy.good).status, 200);
    gate.reconfigure(&policy.config).unwrap();
    await_status(&gate, &policy.revoked, 200);
    let mut between = gate.connect();
    assert_eq!(gate.send_on(&mut between, &policy.revoked).status, 200);

    gate.reconfigure(&policy.revoking()).unwrap();
    await_status(&gate, &policy.revoked, 401);
    if !D::keeps_connections_through_a_rollback() {
        return;
    }
    gate.wait_until("the rollback", || {
        // The module may not notice the rollback until a request uses the new configuration, so the
        // test sends such a request.
        gate.send(&policy.good);
        gate.send_on(&mut between, &policy.revoked).status == 401
    });
}

fn workers_without_new_connections_learn_of_the_update<D: Driver>() {
    let policy = Policy::new(NOW, Some("orders"));
    let gate: D = start(&keeping(policy.config.clone()).balanced_workers(2));
    let mut old = [gate.connect(), gate.connect()];
    for old in &mut old {
        assert_eq!(gate.send_on(old, &policy.revoked).status, 200);
    }
    gate.reconfigure(&policy.revoking()).unwrap();
    await_status(&gate, &policy.revoked, 401);
    gate.wait_until("both workers", || {
        old.iter_mut()
            .all(|old| gate.send_on(old, &policy.revoked).status == 401)
    });
    for old in &mut old {
        assert_eq!(gate.send_on(old, &policy.good).status, 200);
    }
}
