//! What the scenario suite rests on: the fake host's rules and the scripted servers.
#![cfg(all(not(target_arch = "wasm32"), feature = "filter"))]

use portcullis as _;
use proxy_wasm::types::Status;
use serde_json::json;

mod support;

use support::{
    authorization_server::{Answer, AuthorizationServer},
    fake_host::{protobuf_struct, shared_data::SharedData},
    http::{self, Headers},
    upstream::Upstream,
};

/// A CAS number that the counter will not reach: with it, a write only ever creates.
const ABSENT: u32 = u32::MAX;

#[test]
fn shared_data_counts_writes_of_all_keys_from_one() {
    let mut data = SharedData::default();
    assert_eq!(data.write(b"a", b"1", 0), Status::Ok);
    assert_eq!(data.write(b"b", b"2", 0), Status::Ok);
    assert_eq!(data.read(b"a"), Some((b"1".as_slice(), 1)));
    assert_eq!(data.read(b"b"), Some((b"2".as_slice(), 2)));
    assert_eq!(data.read(b"c"), None);
}

#[test]
fn shared_data_without_cas_overwrites() {
    let mut data = SharedData::default();
    data.write(b"a", b"1", 0);
    assert_eq!(data.write(b"a", b"2", 0), Status::Ok);
    assert_eq!(data.read(b"a"), Some((b"2".as_slice(), 2)));
}

#[test]
fn shared_data_refuses_a_stale_cas() {
    let mut data = SharedData::default();
    data.write(b"a", b"1", 0);
    assert_eq!(data.write(b"a", b"2", 1), Status::Ok);
    assert_eq!(data.write(b"a", b"3", 1), Status::CasMismatch);
    assert_eq!(data.read(b"a"), Some((b"2".as_slice(), 2)));
}

#[test]
fn shared_data_creates_a_missing_key_whatever_the_cas() {
    let mut data = SharedData::default();
    assert_eq!(data.write(b"a", b"1", ABSENT), Status::Ok);
    assert_eq!(data.write(b"a", b"2", ABSENT), Status::CasMismatch);
}

#[test]
fn header_maps_survive_the_abi_byte_by_byte() {
    let mut headers = Headers::default();
    assert_eq!(Headers::deserialized(&headers.serialized()), headers);
    headers.add("a", b"\xff\0");
    headers.add("a", "");
    assert_eq!(
        headers.serialized()[..12],
        [2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]
    );
    assert_eq!(Headers::deserialized(&headers.serialized()), headers);
}

/// The expected bytes are what a module in Envoy 1.40 read from its configuration.
#[test]
fn struct_configuration_is_in_the_wire_format() {
    let bytes = protobuf_struct::encoded(&json!({"n": 60, "tag": "a"}));
    assert_eq!(
        bytes,
        b"\n\x0e\n\x01n\x12\t\x11\0\0\0\0\0\0N@\n\n\n\x03tag\x12\x03\x1a\x01a"
    );
}

#[test]
fn scripted_server_answers_by_path_and_counts() {
    let script = AuthorizationServer::new();
    let server = script.listen().unwrap();
    script.answer("/jwks", Answer::json("{}"));
    assert_eq!(
        http::get(server.address(), "/jwks").unwrap(),
        (200, b"{}".to_vec())
    );
    assert_eq!(http::get(server.address(), "/other").unwrap().0, 404);
    script.answer("/jwks", Answer::status(500));
    assert_eq!(http::get(server.address(), "/jwks").unwrap().0, 500);
    assert_eq!((script.fetches("/jwks"), script.requests().len()), (2, 3));
}

#[test]
fn scripted_server_fails_as_told() {
    let script = AuthorizationServer::new();
    let server = script.listen().unwrap();
    for fault in [Answer::reset(), Answer::json("{}").truncated()] {
        script.answer("/jwks", fault);
        assert!(http::get(server.address(), "/jwks").is_err());
    }
}

#[test]
fn scripted_server_holds_answers_back_until_released() {
    let script = AuthorizationServer::new();
    let server = script.listen().unwrap();
    script.answer("/jwks", Answer::status(500));
    script.hold();
    let address = server.address();
    let fetch = std::thread::spawn(move || http::get(address, "/jwks").unwrap().0);
    while script.fetches("/jwks") == 0 {
        std::thread::yield_now();
    }
    assert!(script.answer_now("/jwks").is_none());
    script.answer("/jwks", Answer::json("{}"));
    script.release();
    assert_eq!(fetch.join().unwrap(), 200);
}

#[test]
fn upstream_records_what_it_saw() {
    let upstream = Upstream::start().unwrap();
    assert_eq!(http::get(upstream.address(), "/a?b").unwrap().0, 200);
    let mut answer = Headers::default();
    answer.add(support::upstream::ECHO_ID, "0");
    let seen = upstream.seen(&answer).unwrap();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/a?b"));
    assert_eq!(seen.headers.value("connection").as_deref(), Some("close"));
}
