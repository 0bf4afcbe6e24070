//! Records in shared memory: a record that is written and read back is unchanged. If
//! `shared_memory_key` is set, only a record with a valid authentication tag is accepted.

use std::cell::LazyCell;

use portcullis::{
    config::Config,
    engine::Engine,
    keys::{Order, Reading, Record, Records as _, SourceId},
    shared_memory::{OneRecord, SharedData},
};
use portcullis_wasm::{SeenRecords, SharedRecords};
use serde_json::{Value, json};

thread_local! {
    static OPEN: LazyCell<Engine> = LazyCell::new(|| engine(None));
    static SEALED: LazyCell<Engine> = LazyCell::new(|| engine(Some("A".repeat(43))));
}

fn engine(key: Option<String>) -> Engine {
    let remote = json!({ "http_uri": {
        "uri": "https://idp.example/jwks", "cluster": "idp", "timeout": "1s",
    } });
    let mut config = json!({
        "providers": { "idp": {
            "issuer": "https://idp.example", "audiences": ["orders"], "remote_jwks": remote,
        } },
    });
    if let Some(key) = key {
        config["shared_memory_key"] = json!(key);
    }
    Engine::new(Config::parse(config.to_string().as_bytes()).unwrap())
}

/// Treats the input as a shared-memory entry that another module wrote, and reads it.
pub fn check(input: &[u8]) {
    SEALED.with(|engine| {
        let reading = read(engine, &holding(input));
        assert!(
            matches!(reading, Reading::Unusable(_)),
            "is read without its tag"
        );
    });
    let memory = holding(input);
    let Reading::New(record, _) = OPEN.with(|engine| read(engine, &memory)) else {
        return;
    };
    let written: Value = serde_json::from_slice(input).expect("another reader finds no JSON");
    match &record.document {
        Some(document) => assert_eq!(written["jwks"], document.text()),
        None => assert_eq!(record.fetched_at, None, "keys that are not there are fresh"),
    }
    OPEN.with(|engine| check_round_trip(engine, &record));
    SEALED.with(|engine| {
        let memory = check_round_trip(engine, &record);
        change(&memory, input.len());
        let reading = read(engine, &memory);
        assert!(
            matches!(reading, Reading::Unusable(_)),
            "is read after a change"
        );
    });
}

/// Writes a record to empty memory, checks that it reads back unchanged, and returns the memory.
fn check_round_trip(engine: &Engine, record: &Record) -> OneRecord {
    let memory = OneRecord::default();
    let records = SharedRecords::of(engine, memory.clone(), &mut SeenRecords::new());
    let version = records
        .write(SourceId::new(0), record, None)
        .expect("is not written");
    let expected = Reading::New(record.clone(), version);
    assert_eq!(
        read(engine, &memory),
        expected,
        "another record when it is written again"
    );
    memory
}

/// Reads the record like a new worker, which has not read any record before.
fn read(engine: &Engine, memory: &OneRecord) -> Reading {
    let records = SharedRecords::of(engine, memory.clone(), &mut SeenRecords::new());
    records.read(SourceId::new(0), None, Order::default())
}

fn holding(value: &[u8]) -> OneRecord {
    let memory = OneRecord::default();
    let entry = SharedData {
        value: value.to_vec(),
        version: 1,
    };
    memory.entry.replace(Some(entry));
    memory
}

/// Flips the lowest bit of one octet. Its index is `at`, modulo the number of octets.
fn change(memory: &OneRecord, at: usize) {
    let mut entry = memory.entry.borrow_mut();
    let value = &mut entry.as_mut().expect("nothing was written").value;
    let at = at % value.len();
    value[at] ^= 1;
}
