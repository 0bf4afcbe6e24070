//! Tests the header maps and scripted servers that the scenarios use.

use portcullis_wasm as _; // linked for the fake host

use support::{
    authorization_server::{Answer, AuthorizationServer},
    http::{self, Headers},
    upstream::Upstream,
};

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
fn scripted_server_fails_as_scripted() {
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
