//! Attacks on the counters in shared memory. Each counter holds the number of VMs that use one
//! record of fetched keys. The last VM that stops using the record clears it.

use super::{SECRET, Shared, TAG, record_names, with_secret};
use crate::world::{configuration, publishing, remote_provider, signer, start};
use support::{
    driver::{Driver, Setup},
    envoy::{Envoy, bootstrap},
    in_envoy,
};

in_envoy!(
    no_forged_count_clears_a_record_that_is_in_use,
    a_forged_count_clears_a_record_that_is_in_use_without_the_secret,
);

fn no_forged_count_clears_a_record_that_is_in_use() {
    let (gate, name) = after_a_forged_count(Some(SECRET));
    let record = gate.read(&name).unwrap();
    assert!(record.len() > TAG, "{record:?}");
}

fn a_forged_count_clears_a_record_that_is_in_use_without_the_secret() {
    let (gate, name) = after_a_forged_count(None);
    gate.wait_until("the end of the record", || {
        gate.read(&name).unwrap_or_default().is_empty()
    });
}

/// A gate and the name of a record that it uses. An intruder has set the record's counter to 1, and
/// another VM that used the record has ended since then.
fn after_a_forged_count(secret: Option<&str>) -> (Envoy, String) {
    let server = publishing(&signer());
    let configuration = with_secret(configuration(&remote_provider()), secret);
    let name = record_names(&configuration).remove(0);
    let setup = Setup::new(configuration.clone()).cluster("login", &server);
    let alone = Envoy::with_intruder(setup);
    let mut both = alone.clone();
    let other = bootstrap::wasm_filter_of_another_vm(&alone, &configuration);
    both.filters_ahead.push(other);
    let gate: Envoy = start(&both);

    gate.wait_until("the record", || gate.read(&name).is_some());
    let users = format!("portcullis/users/1/{name}");
    let count = || gate.read(&users).unwrap_or_default();
    // Two plugins use the record. Each has a VM on the main thread and one on the worker, so there
    // are four VMs.
    gate.wait_until("all users", || count().ends_with(&4_u32.to_le_bytes()));
    let genuine = count();
    let (tag, _) = genuine.split_at(genuine.len() - 4);
    gate.overwrite(&users, &[tag, &1_u32.to_le_bytes()].concat());
    let vms = gate.vms();
    gate.replace(&alone).unwrap();
    gate.wait_until("the end of the other VM", || gate.vms() < vms);
    (gate, name)
}
