//! Tests of how workers determine the newest configuration: from requests, and from the records
//! that other workers write.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;
use crate::shared_memory::{OneRecord, SharedData};

thread_local! {
    static POLICIES: RefCell<Policies> = const { RefCell::new(Policies::new()) };
}

/// Adds a configuration to the policy `policy_id`. The configurations of a policy differ only in
/// `realm`.
fn enter(policy_id: &str, realm: &str) -> Membership {
    let text = format!(r#"{{"policy_id":"{policy_id}","realm":"{realm}"}}"#);
    let config = Config::parse(text.as_bytes()).unwrap();
    entered(config, text.as_bytes()).unwrap()
}

fn entered(config: Config, text: &[u8]) -> Option<Membership> {
    POLICIES.with_borrow_mut(|policies| {
        Membership::enter(Arc::new(config), ConfigDigest::of(text), policies)
    })
}

fn at(seconds: u64) -> UnixMillis {
    UnixMillis::new(seconds * 1000)
}

fn request(member: &Membership, connection: u64, seconds: u64, host: &OneRecord) {
    let number = Some(ConnectionId(connection)).filter(|_| connection > 0);
    member.on_request(|| number, at(seconds), host);
}

fn is_restricted(member: &Membership) -> bool {
    member.restrictions().is_some()
}

#[test]
fn without_policy_id_there_is_no_succession() {
    let config = Config::parse(b"{}").unwrap();
    assert!(entered(config, b"{}").is_none());
}

#[test]
fn a_configuration_becomes_the_newest_with_its_first_request() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&old, 1, 0, &host);
    assert!(!is_restricted(&old));
    request(&new, 2, 1, &host);
    request(&old, 1, 2, &host);
    assert!(is_restricted(&old) && !is_restricted(&new));
}

#[test]
fn keeps_policies_apart() {
    let host = OneRecord::default();
    let (one, other) = (enter("p", "a"), enter("q", "b"));
    request(&one, 1, 0, &host);
    request(&other, 2, 0, &host);
    assert!(!is_restricted(&one) && !is_restricted(&other));
}

/// A client kept a socket in a listener filter during the update, so its connection to the earlier
/// configuration has the highest ID. The newest configuration keeps getting new connections.
#[test]
fn an_earlier_configuration_does_not_take_over_while_the_newest_gets_connections() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&old, 1, 0, &host);
    request(&new, 5, 10, &host);
    for seconds in 11..60 {
        request(&new, seconds * 2, seconds, &host);
        request(&old, seconds * 2 + 1, seconds, &host);
        assert!(is_restricted(&old) && !is_restricted(&new), "{seconds}");
    }
    // Further requests on an open connection do not count as new connections.
    for seconds in 60..64 {
        request(&new, 118, seconds, &host);
        request(&old, 200, seconds, &host);
        assert!(is_restricted(&old), "{seconds}");
    }
    request(&old, 200, 64, &host);
    assert!(!is_restricted(&old));
}

/// One client can send so many requests that all sampled requests come from this client.
#[test]
fn a_flood_over_one_connection_does_not_hide_the_new_connections_of_the_newest() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&old, 1, 0, &host);
    request(&new, 5, 10, &host);
    for seconds in 11..60 {
        request(&new, 5, seconds, &host); // the flood
        request(&new, seconds * 2, seconds, &host);
        request(&old, seconds * 2 + 1, seconds, &host);
        assert!(is_restricted(&old) && !is_restricted(&new), "{seconds}");
    }
}

#[test]
fn looks_up_every_connection_only_while_contested() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    let asked = |connection| {
        let asked = RefCell::new(false);
        let connection = || {
            *asked.borrow_mut() = true;
            Some(ConnectionId(connection))
        };
        new.on_request(connection, at(10), &host);
        asked.into_inner()
    };
    request(&new, 5, 9, &host);
    assert!(asked(5));
    for _ in 0..3 {
        assert!(!asked(5));
    }
    request(&old, 7, 10, &host);
    for connection in [5, 6, 5, 8] {
        assert!(asked(connection), "{connection}");
    }
    assert!(!asked(8) && !is_restricted(&new));
}

#[test]
fn connections_older_than_the_contender_do_not_delay_a_rollback() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&new, 5, 10, &host);
    for seconds in 11..16 {
        request(&old, 20, seconds, &host);
        request(&new, seconds, seconds, &host);
        assert!(is_restricted(&old), "{seconds}");
    }
    request(&old, 21, 16, &host);
    assert!(is_restricted(&new) && !is_restricted(&old));
}

/// Creates a worker with two configurations. All workers in these tests have the same two
/// configurations.
fn worker() -> (Membership, Membership) {
    let mut policies = Policies::new();
    let mut enter = |realm| {
        let text = format!(r#"{{"policy_id":"p","realm":"{realm}"}}"#);
        let config = Arc::new(Config::parse(text.as_bytes()).unwrap());
        Membership::enter(config, ConfigDigest::of(text.as_bytes()), &mut policies).unwrap()
    };
    (enter("a"), enter("b"))
}

/// The connections of new clients may go to workers that did not see the contest.
#[test]
fn a_contest_makes_all_workers_look_for_new_connections() {
    let host = OneRecord::default();
    let ((old, new), (_, new_elsewhere)) = (worker(), worker());
    let (mut taken, mut seconds) = (5, 10);
    request(&new, taken, seconds, &host);
    for _ in 0..9 {
        request(&old, taken + 2, seconds, &host);
        assert!(is_restricted(&old) && !is_restricted(&new), "{seconds}");
        new.on_tick(&host);
        new_elsewhere.on_tick(&host);
        request(&new_elsewhere, taken, seconds, &host); // takes the only sample of this interval
        request(&new_elsewhere, taken + 3, seconds, &host);
        (taken, seconds) = (taken + 3, seconds + 5);
    }
}

/// In the dynamic module, the newest configuration may get no request on the worker where the
/// contest begins.
#[test]
fn the_worker_where_a_contest_begins_tells_the_others() {
    let host = OneRecord::default();
    let ((old, _new), (_, new_elsewhere)) = (worker(), worker());
    request(&new_elsewhere, 5, 10, &host); // takes the only sample of this second
    old.on_tick(&host);
    request(&old, 7, 10, &host);
    new_elsewhere.on_tick(&host);
    request(&new_elsewhere, 8, 10, &host);
    request(&old, 7, 15, &host);
    assert!(is_restricted(&old) && !is_restricted(&new_elsewhere));
}

/// The first look at the connection shows that the contest has lasted long enough. Then a newer
/// notice from another worker begins another contest.
#[test]
fn a_contest_that_begins_with_a_notice_is_published() {
    let host = OneRecord::default();
    let ((old, _new), (_, new_elsewhere)) = (worker(), worker());
    request(&new_elsewhere, 5, 10, &host);
    old.on_tick(&host);
    request(&old, 7, 10, &host);
    request(&new_elsewhere, 8, 15, &host);
    request(&old, 9, 15, &host);
    assert!(is_restricted(&old));
    new_elsewhere.on_tick(&host);
    assert!(new_elsewhere.succession.borrow().is_contested());
}

#[test]
fn the_newest_contest_of_all_workers_is_published() {
    let host = OneRecord::default();
    let ((old, new), (old_elsewhere, new_elsewhere), (_, third)) = (worker(), worker(), worker());
    request(&new, 5, 10, &host);
    new_elsewhere.on_tick(&host);
    request(&old, 7, 10, &host);
    request(&old_elsewhere, 9, 10, &host);
    new_elsewhere.on_tick(&host);
    new.on_tick(&host);
    third.on_tick(&host);
    request(&third, 8, 10, &host);
    request(&third, 10, 10, &host);
    for member in [&old, &old_elsewhere] {
        request(member, 12, 15, &host);
        assert!(is_restricted(member));
    }
}

#[test]
fn an_earlier_configuration_takes_over_with_a_newer_connection_after_settling() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&old, 1, 0, &host);
    request(&new, 5, 10, &host);
    for (connection, seconds, takes_over) in [
        (1, 100, false), // the connection was open before the update
        (6, 100, false), // the connection may have begun during the switch to a new listener
        (6, 10, false),  // the clock was set back
        (6, 14, false),
        (6, 15, true),
    ] {
        request(&old, connection, seconds, &host);
        assert_eq!(is_restricted(&new), takes_over, "{connection} {seconds}");
    }
    // The configuration that arrived later takes over at once, but only if it gets a newer
    // connection.
    request(&new, 5, 16, &host);
    assert!(is_restricted(&new));
    request(&new, 7, 16, &host);
    assert!(is_restricted(&old) && !is_restricted(&new));
}

#[test]
fn without_connection_numbers_the_order_of_arrival_decides() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&new, 0, 0, &host);
    request(&old, 0, 100, &host);
    assert!(is_restricted(&old) && !is_restricted(&new));
}

/// The configurations of two listeners count as one configuration if they have the same text.
#[test]
fn a_configuration_is_not_restricted_by_its_own_text() {
    let host = OneRecord::default();
    let (one, same) = (enter("p", "a"), enter("p", "a"));
    request(&one, 1, 0, &host);
    request(&same, 2, 0, &host);
    assert!(!is_restricted(&one) && !is_restricted(&same));
    let old = enter("p", "old");
    drop(one);
    assert!(is_restricted(&old) && !is_restricted(&same));
}

#[test]
fn a_removed_configuration_restricts_nothing() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&new, 2, 0, &host);
    assert!(is_restricted(&old));
    drop(new);
    old.on_tick(&host);
    assert!(!is_restricted(&old));
}

#[test]
fn learns_from_other_workers_only_about_configurations_that_it_has() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&old, 3, 0, &host);
    let written = |digest: [u8; 32], since: u64| {
        let value = [&digest[..], &since.to_le_bytes()].concat();
        let version = 9;
        *host.entry.borrow_mut() = Some(SharedData { value, version });
        old.on_tick(&host);
    };
    written([0; 32], 9);
    written(new.own.digest.0, 3);
    assert!(!is_restricted(&old), "unknown, or no newer");
    for broken in [&b""[..], b"x", &[0; 39], &[0; 41], &[0; 47], &[0; 49]] {
        let (value, version) = (broken.to_vec(), 9);
        *host.entry.borrow_mut() = Some(SharedData { value, version });
        old.on_tick(&host);
        assert!(!is_restricted(&old));
    }
    written(new.own.digest.0, 4);
    assert!(is_restricted(&old));
}

/// A configuration with `shared_memory_key`.
fn enter_with_key(realm: &str, key: char) -> Membership {
    let key = key.to_string().repeat(43);
    let text = format!(r#"{{"policy_id":"p","realm":"{realm}","shared_memory_key":"{key}"}}"#);
    let config = Config::parse(text.as_bytes()).unwrap();
    entered(config, text.as_bytes()).unwrap()
}

/// Replaces the value of the record, as another module could.
fn plant(host: &OneRecord, value: Vec<u8>) {
    *host.entry.borrow_mut() = Some(SharedData { value, version: 9 });
}

fn naming(member: &Membership, since: u64) -> Vec<u8> {
    [&member.own.digest.0[..], &since.to_le_bytes()].concat()
}

#[test]
fn with_a_key_only_records_with_its_tag_are_read() {
    let host = OneRecord::default();
    let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'A'));
    request(&old, 3, 0, &host);
    let named = naming(&new, 9);
    let of_another_key = enter_with_key("c", 'E').own.record.close(named.clone());
    let other = SealedRecord::about("policy/1", "q", new.own.config.shared_memory_key.as_ref());
    let of_another_policy = other.close(named.clone());
    for forged in [
        named.clone(),
        of_another_key,
        of_another_policy,
        vec![0; 72],
    ] {
        plant(&host, forged);
        old.on_tick(&host);
        assert!(!is_restricted(&old));
    }
    plant(&host, new.own.record.close(named));
    old.on_tick(&host);
    assert!(is_restricted(&old));
}

#[test]
fn an_older_tagged_record_does_not_make_an_older_configuration_the_newest() {
    let host = OneRecord::default();
    let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'A'));
    request(&old, 3, 0, &host);
    let older = host.entry.borrow().clone().unwrap().value;
    request(&new, 5, 1, &host);
    plant(&host, older);
    for member in [&old, &new] {
        member.on_tick(&host);
    }
    assert!(is_restricted(&old) && !is_restricted(&new));
}

#[test]
fn with_a_key_an_unauthentic_record_is_overwritten() {
    let host = OneRecord::default();
    let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'A'));
    plant(&host, naming(&old, u64::MAX));
    request(&new, 5, 0, &host);
    let value = host.entry.borrow().clone().unwrap().value;
    assert_eq!(new.own.record.open(&value), Some(&naming(&new, 5)[..]));
}

/// [`OneRecord`] returns the same record for every name. So each configuration also finds the other
/// configuration's record, and treats that record as forged.
#[test]
fn configurations_with_different_keys_each_use_their_own_record() {
    let host = OneRecord::default();
    let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'E'));
    assert_ne!(old.own.record.name(), new.own.record.name());
    request(&old, 3, 0, &host);
    plant(&host, new.own.record.close(naming(&new, 5)));
    old.on_tick(&host);
    assert!(!is_restricted(&old));
    new.on_tick(&host);
    assert!(is_restricted(&old));
}

#[test]
fn while_one_configuration_has_a_key_untagged_records_are_ignored() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter_with_key("b", 'A'));
    request(&new, 5, 0, &host);
    plant(&host, naming(&old, u64::MAX));
    old.on_tick(&host);
    assert!(is_restricted(&old) && !is_restricted(&new));
    drop(new);
    old.on_tick(&host);
    assert!(old.succession.borrow().is_newest(&old.own));
}

#[test]
fn publishes_only_newer_connections() {
    let host = OneRecord::default();
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&new, 7, 0, &host);
    let of_new = host.entry.borrow().clone();
    // Pretend that this worker has not seen a request to `new` yet.
    old.succession.borrow_mut().forget_newest();
    request(&old, 3, 0, &host);
    assert_eq!(*host.entry.borrow(), of_new);
    old.on_tick(&host);
    assert!(is_restricted(&old));
}

#[test]
fn without_shared_data_each_worker_decides_by_its_own_connections() {
    let host = OneRecord {
        is_withheld: true,
        ..OneRecord::default()
    };
    let (old, new) = (enter("p", "a"), enter("p", "b"));
    request(&new, 2, 0, &host);
    old.on_tick(&host);
    assert!(is_restricted(&old));
}

#[test]
fn keeps_nothing_of_removed_configurations() {
    let host = OneRecord::default();
    let mut current = enter("p", "0");
    for number in 1..=1000_u64 {
        let next = enter(&format!("p{}", number % 2), &number.to_string());
        request(&next, number, number, &host);
        current = next;
        assert_eq!(current.succession.borrow().count(), 1);
    }
    drop(current);
    drop(enter("last", "x"));
    POLICIES.with_borrow(|policies| assert_eq!(policies.0.count(), 1));
}
