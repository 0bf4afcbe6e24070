//! Attacks on records in shared memory. For each policy, a record says which of the policy's
//! configurations is the newest.

use std::time::Duration;

use portcullis::{config::Config, shared_memory::SealedRecord};

use super::{SECRET, Shared, TAG, intruder, with_secret};
use crate::{
    open_connections::{NOW, Policy, await_status, keeping},
    world::start,
};
use support::{driver::Driver, on_every_driver};

on_every_driver!(
    in_envoy super::intruder();
    no_record_makes_an_older_configuration_the_newest,
    a_record_makes_an_older_configuration_the_newest_without_the_secret,
);

fn no_record_makes_an_older_configuration_the_newest<D: Shared>() {
    let mut updated = Updated::<D>::new(Some(SECRET));
    let (older, newer) = (updated.older.clone(), updated.record());
    let forged = later(&older[TAG..]);
    for (what, value) in [
        ("an older record", older.clone()),
        ("without a tag", forged.clone()),
        ("with the older tag", [&older[..TAG], &forged].concat()),
        ("with the newer tag", [&newer[..TAG], &forged].concat()),
    ] {
        updated.gate.overwrite(&updated.name, &value);
        let mut ticks = 0;
        let Updated {
            gate, old, policy, ..
        } = &mut updated;
        gate.wait_until("enough ticks", || {
            ticks += 1;
            let answer = gate.send_on(old, &policy.revoked);
            assert_eq!((answer.status, answer.upstream), (401, None), "{what}");
            gate.pass(TICK);
            ticks > 5
        });
    }
}

fn a_record_makes_an_older_configuration_the_newest_without_the_secret<D: Shared>() {
    let mut updated = Updated::<D>::new(None);
    let forged = later(&updated.older);
    updated.gate.overwrite(&updated.name, &forged);
    let Updated {
        gate, old, policy, ..
    } = &mut updated;
    gate.wait_until("the old configuration", || {
        gate.send_on(old, &policy.revoked).status == 200
    });
}

/// A time in which even an idle gate ticks at least once.
const TICK: Duration = Duration::from_millis(100);

/// A gate after an update that revokes a token, and a connection that was opened before the update.
struct Updated<D: Driver> {
    gate: D,
    old: D::Connection,
    policy: Policy,
    /// The record's name in shared memory.
    name: String,
    /// The record's content before the update.
    older: Vec<u8>,
}

impl<D: Shared> Updated<D> {
    fn new(secret: Option<&str>) -> Self {
        let mut policy = Policy::new(NOW, Some("orders"));
        policy.config = with_secret(policy.config, secret);
        let gate: D = start(&D::with_intruder(keeping(policy.config.clone())));
        let mut old = gate.connect();
        assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 200);
        let config = Config::parse(policy.config.to_string().as_bytes()).unwrap();
        let key = config.shared_memory_key.as_ref();
        let name = SealedRecord::about("policy/1", "orders", key)
            .name()
            .to_owned();
        let older = gate.read(&name).unwrap();
        gate.reconfigure(&policy.revoking()).unwrap();
        await_status(&gate, &policy.revoked, 401);
        assert_eq!(gate.send_on(&mut old, &policy.revoked).status, 401);
        Self {
            gate,
            old,
            policy,
            name,
            older,
        }
    }

    fn record(&self) -> Vec<u8> {
        self.gate.read(&self.name).unwrap()
    }
}

/// Returns a forged record for the same configuration. The record's time is later than the opening
/// of any connection.
fn later(record: &[u8]) -> Vec<u8> {
    let (digest, _) = record.split_at(32);
    [digest, &u64::MAX.to_le_bytes()].concat()
}
