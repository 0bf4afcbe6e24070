//! Clients that leave while their requests wait.

use crate::world::{forwarded_user, publishing, signer, token, with_remote_keys};
use support::{
    driver::{Driver, Request},
    fake_host::FakeHost,
    on_every_driver,
};

on_every_driver!(clients_that_leave_disturb_no_others);

/// Every waiting request must get its own answer. If a departed client's answer went to another
/// client, a bad request could pass because of another request's good token.
fn clients_that_leave_disturb_no_others<D: Driver>() {
    const CLIENTS: u64 = 240;
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let gate: D = with_remote_keys(&server);
    let stranger = signer.clone().named(Some("made-up"));
    let mut staying = Vec::new();
    let mut leaving = Vec::new();
    for n in 0..CLIENTS {
        // The requests alternate between three kinds: with a good token, with a bad token, and with
        // a good token from a client that leaves.
        let signer = if n % 3 == 1 { &stranger } else { &signer };
        let request = Request::get("/").bearer(token(&gate, signer, &format!("u{n}")));
        let pending = gate.begin(&request);
        if n % 3 == 2 {
            leaving.push(pending);
        } else {
            staying.push((n, pending));
        }
    }
    gate.wait_until("all in flight", || gate.in_flight() == CLIENTS);
    let stay = u64::try_from(staying.len()).unwrap();
    leaving
        .into_iter()
        .for_each(|pending| gate.abandon(pending));
    gate.wait_until("a third has left", || gate.in_flight() == stay);
    server.release();
    for (n, pending) in staying {
        let exchange = gate.finish(pending);
        if n % 3 == 0 {
            assert_eq!(forwarded_user(&exchange), Some(format!("u{n}")));
        } else {
            assert_eq!((exchange.status, exchange.upstream), (401, None));
        }
    }
    assert_eq!(gate.in_flight(), 0);
}

/// The host has dropped a stream without notifying the module. When the module wants to answer that
/// stream, `proxy_set_effective_context` fails, and the previous context stays in force. A module
/// that ignores this failure answers another client's request.
#[test]
fn acts_on_no_stream_that_the_host_has_dropped() {
    let signer = signer();
    let server = publishing(&signer);
    server.hold();
    let gate: FakeHost = with_remote_keys(&server);
    let stranger = signer.clone().named(Some("made-up"));
    let bad = gate.begin(&Request::get("/").bearer(token(&gate, &stranger, "mallory")));
    let good = gate.begin(&Request::get("/").bearer(token(&gate, &signer, "alice")));
    gate.wait_until("both in flight", || gate.in_flight() == 2);
    gate.forget(good);
    server.release();
    let exchange = gate.finish(bad);
    assert_eq!((exchange.status, exchange.upstream), (401, None));
}
