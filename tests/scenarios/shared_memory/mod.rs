//! Attacks by an intruder, which is another module with the same `vm_id`. The intruder overwrites
//! data that Portcullis keeps in shared memory: records of key sets, records of policies, and
//! counters.
//!
//! In Envoy, the intruder is a separate module ahead of the gate. In the fake host, the test itself
//! is the intruder. With `shared_memory_key`, the intruder's writes have no effect. Without the
//! key, the same writes let forged and revoked tokens in, which proves that the key makes the
//! difference.

mod configurations;
mod counts;
mod keys;

use std::path::PathBuf;

use portcullis::{
    config::Config,
    engine::Engine,
    shared_memory::{Expected, SetSharedDataError, SharedData, SharedMemory},
};
use portcullis_wasm::{SeenRecords, SharedRecords};
use serde_json::{Value, json};

use support::{
    driver::{Driver, Request, Setup},
    envoy::{Envoy, bootstrap, new_vm_id},
    fake_host::FakeHost,
    objects::with,
};

const SECRET: &str = "c2hhcmVkLW1lbW9yeS1rZXktb2YtMzItb2N0ZXRzLi4";
/// The length of a record's authentication tag in octets.
const TAG: usize = 32;

/// A driver in which another module, the intruder, can write to the gate's shared memory.
trait Shared: Driver {
    /// Adds the intruder to the proxy.
    fn with_intruder(setup: Setup) -> Setup;

    fn read(&self, name: &str) -> Option<Vec<u8>>;

    fn overwrite(&self, name: &str, value: &[u8]);
}

impl Shared for FakeHost {
    fn with_intruder(setup: Setup) -> Setup {
        setup
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let process = self.process();
        let entry = process.shared_data.read(name.as_bytes());
        entry.map(|(value, _)| value.to_vec())
    }

    fn overwrite(&self, name: &str, value: &[u8]) {
        self.process().shared_data.write(name.as_bytes(), value, 0);
    }
}

impl Shared for Envoy {
    fn with_intruder(setup: Setup) -> Setup {
        let vm_id = Some(new_vm_id());
        let probe = Setup {
            module: Some(intruder()),
            vm_id: vm_id.clone(),
            ..Setup::default()
        };
        let mut filter = bootstrap::wasm_filter(&probe, &json!({}));
        filter["name"] = json!("intruder");
        let filters_ahead = vec![filter];
        Setup {
            filters_ahead,
            vm_id,
            ..setup
        }
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let digits = play(self, &format!("hex {name}"));
        let digits = digits.as_str()?.as_bytes().chunks(2);
        let octets =
            digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
        Some(octets.collect())
    }

    fn overwrite(&self, name: &str, value: &[u8]) {
        let digits: String = value.iter().map(|octet| format!("{octet:02x}")).collect();
        let done = play(self, &format!("overwrite {name} {digits}"));
        assert_eq!(done, "Ok");
    }
}

/// The module that plays the intruder. It reads and overwrites shared memory as requests tell
/// it to. `make test-scenarios` builds it.
fn intruder() -> PathBuf {
    const BUILT: &str = "target/wasm32-unknown-unknown/release/probe.wasm";
    support::folders::project().join(BUILT)
}

fn play(gate: &Envoy, script: &str) -> Value {
    let exchange = gate.send(&Request::get("/").header("script", script));
    assert_eq!(exchange.status, 200, "{exchange:?}");
    serde_json::from_slice::<Value>(&exchange.body).unwrap()[0].take()
}

fn with_secret(configuration: Value, secret: Option<&str>) -> Value {
    with(configuration, &json!({ "shared_memory_key": secret }))
}

/// Shared memory that is always empty and refuses every write.
struct Nowhere;

impl SharedMemory for Nowhere {
    fn shared_data(&self, _: &str) -> Option<SharedData> {
        None
    }

    fn set_shared_data(&self, _: &str, _: &[u8], _: Expected) -> Result<(), SetSharedDataError> {
        Err(SetSharedDataError::Refused)
    }
}

/// The names of the records that a gate with this configuration uses.
fn record_names(configuration: &Value) -> Vec<String> {
    let config = Config::parse(configuration.to_string().as_bytes()).unwrap();
    let engine = Engine::new(config);
    let records = SharedRecords::of(&engine, Nowhere, &mut SeenRecords::new());
    records.names().map(str::to_owned).collect()
}
