//! Which configuration of a policy (`policy_id`) is the newest.
//!
//! All configurations with one `vm_id`, one code and one VM configuration live in one VM per worker
//! thread. A replaced one stays until its connections are drained, so it can learn here what the newest
//! refuses.
//!
//! The newest is the one that took the newest connection, since Envoy gives new connections to the
//! configuration in force. The order in which configurations arrive does not say it: a rolled-back
//! configuration that is still being drained becomes the newest again, and Envoy tells its module
//! nothing. Nor does arriving count: Envoy tries each configuration in a VM of its own, and configures
//! it on every worker even if it then refuses the listener because of another filter.
//!
//! A client can hold a socket in a listener filter from before an update, so that it becomes a connection
//! of the old configuration with a number that is higher than all others. An earlier configuration
//! therefore takes over only after the newest has had no new connection for [`SETTLING`]: after a rollback
//! it gets none, and in use it does.
//!
//! A worker whose newest configuration has no connection yet learns from the others through shared data
//! at its next tick. Other modules with the same `vm_id` can write there. With `shared_memory_key` they
//! cannot forge a record. They can put an older one back, but its connection is older than the one that a
//! worker knows the newest configuration by. A worker that knows of none yet takes it, until the newest
//! configuration gets a connection there. They can also withhold records: each worker then goes by its
//! own connections.
//!
//! Without the key they can name any configuration that this VM has anyway, so at worst an older one counts
//! as the newest: old connections then keep what they would have without `policy_id`.
//!
//! Configurations of one policy may have different keys, so each reads and writes the record of its own
//! key. While one has a key, those without do not read: their record would undo what the key is for.

use core::{cell::RefCell, time::Duration};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use crate::{
    config::Config, engine::Restrictions, host::Host, shared_by_name::SharedByName,
    shared_record::SharedRecord, time::UnixMillis,
};

/// How long the newest configuration must be without a new connection before an earlier one can take over
/// again. Workers switch to a new listener one after the other, so right after an update a newer
/// connection may still begin on the old one.
const SETTLING: Duration = Duration::from_secs(5);

/// How often a request of the newest configuration is asked for its connection.
const SAMPLING: Duration = Duration::from_secs(1);

const DIGEST_OCTETS: usize = 32;

thread_local! {
    /// The policies of this VM by `policy_id`; each lives as long as one of its configurations.
    static POLICIES: RefCell<SharedByName<RefCell<Succession>>> = const { RefCell::new(SharedByName::new()) };
}

/// A connection's number. Envoy counts all connections of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(u64);

impl ConnectionId {
    /// Reads the property `connection.id`.
    pub(super) fn from_property(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_le_bytes).map(Self)
    }
}

/// A configuration of the policy.
#[derive(Clone, Debug)]
struct Generation {
    /// How many were configured in this VM before.
    order: u64,
    /// Of the configuration's text: the same on every worker.
    digest: [u8; DIGEST_OCTETS],
    config: Rc<Config>,
}

/// The newest configuration.
#[derive(Clone, Debug)]
struct Newest {
    generation: Generation,
    /// Its newest connection that is known; `None` where the host has no numbers.
    since: Option<ConnectionId>,
    /// When that was learnt.
    at: UnixMillis,
}

/// The configurations of one policy in this VM.
#[derive(Debug, Default)]
struct Succession {
    generations: Vec<Generation>,
    arrived: u64,
    newest: Option<Newest>,
    /// When a request of the newest configuration was last asked for its connection.
    sampled_at: UnixMillis,
}

/// The place of one configuration in the succession.
#[derive(Debug)]
pub(super) struct Membership {
    succession: Rc<RefCell<Succession>>,
    own: Generation,
    /// What workers tell each other.
    record: SharedRecord,
}

impl Membership {
    /// Enters a configuration, whose text is `text`, among those of its policy. `None` without
    /// `policy_id`.
    pub(super) fn enter(config: Rc<Config>, text: &[u8]) -> Option<Self> {
        let policy_id = config.policy_id.as_deref()?;
        let record = SharedRecord::about("policy/1", policy_id, config.shared_memory_key.as_ref());
        let succession = POLICIES.with_borrow_mut(|policies| policies.get(policy_id));
        let own = succession.borrow_mut().enter(config, text);
        Some(Self {
            succession,
            own,
            record,
        })
    }

    /// A request has arrived over a connection, whose number is asked for only where it matters.
    pub(super) fn on_request(
        &self,
        connection: impl FnOnce() -> Option<ConnectionId>,
        now: UnixMillis,
        host: &dyn Host,
    ) {
        let mut succession = self.succession.borrow_mut();
        if !succession.asks_for_connection(&self.own, now) {
            return;
        }
        let newest = Newest {
            generation: self.own.clone(),
            since: connection(),
            at: now,
        };
        if succession.yields_to(&newest) {
            write(&self.record, &newest, host);
            succession.newest = Some(newest);
        }
    }

    /// Learns what other workers saw.
    pub(super) fn on_tick(&self, now: UnixMillis, host: &dyn Host) {
        let mut succession = self.succession.borrow_mut();
        succession.learn(&self.record, now, host);
    }

    /// What the newest configuration refuses, if that is another one.
    pub(super) fn restrictions(&self) -> Option<Restrictions> {
        let succession = self.succession.borrow();
        if succession.is_newest(&self.own) {
            return None;
        }
        let newest = succession.newest.as_ref()?;
        Some(Restrictions::new(Rc::clone(&newest.generation.config)))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.succession.borrow_mut().leave(&self.own);
    }
}

impl Succession {
    fn enter(&mut self, config: Rc<Config>, text: &[u8]) -> Generation {
        self.arrived = self.arrived.saturating_add(1);
        let generation = Generation {
            order: self.arrived,
            digest: Sha256::digest(text).into(),
            config,
        };
        self.generations.push(generation.clone());
        generation
    }

    /// A configuration is gone, and with it what it refuses: had it been the newest, one that is still
    /// there was configured again in its place.
    fn leave(&mut self, gone: &Generation) {
        self.generations.retain(|own| own.order != gone.order);
        let newest = self.newest.take();
        self.newest = newest.and_then(|newest| {
            let mut left = self.generations.iter();
            let same = left.find(|own| own.digest == newest.generation.digest)?;
            Some(Newest {
                generation: same.clone(),
                ..newest
            })
        });
    }

    /// Two plugins may have the same text, and are then one configuration.
    fn is_newest(&self, generation: &Generation) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| newest.generation.digest == generation.digest)
    }

    /// Whether the connection of a request matters: always that of another configuration, and one in a while
    /// that of the newest.
    fn asks_for_connection(&mut self, generation: &Generation, now: UnixMillis) -> bool {
        if !self.is_newest(generation) {
            return true;
        }
        let is_due = now < self.sampled_at || now.since(self.sampled_at) >= SAMPLING;
        if is_due {
            self.sampled_at = now;
        }
        is_due
    }

    /// Whether `other`, which took a connection, is newer than the newest.
    fn yields_to(&self, other: &Newest) -> bool {
        let Some(newest) = &self.newest else {
            return true;
        };
        if self.is_newest(&other.generation) {
            return other.since > newest.since;
        }
        let arrived_later = other.generation.order > newest.generation.order;
        match (other.since, newest.since) {
            (Some(connection), Some(since)) => {
                let is_settled = other.at.since(newest.at) >= SETTLING;
                connection > since && (arrived_later || is_settled)
            }
            _ => arrived_later,
        }
    }

    /// Takes over what another worker wrote, if it names a configuration that this VM has.
    fn learn(&mut self, record: &SharedRecord, now: UnixMillis, host: &dyn Host) {
        let has_key = |own: &Generation| own.config.shared_memory_key.is_some();
        if !record.is_sealed() && self.generations.iter().any(has_key) {
            return;
        }
        let entry = host.shared_data(record.name());
        let written = entry.and_then(|entry| decode(record.open(&entry.value)?));
        let Some((digest, since)) = written else {
            return;
        };
        let mut generations = self.generations.iter();
        let Some(named) = generations.find(|own| own.digest == digest) else {
            return;
        };
        let is_newer = match &self.newest {
            None => true,
            Some(newest) => match (since, newest.since) {
                (Some(connection), Some(since)) => connection > since,
                _ => named.order > newest.generation.order,
            },
        };
        if is_newer {
            self.newest = Some(Newest {
                generation: named.clone(),
                since,
                at: now,
            });
        }
    }
}

/// Tells the other workers, unless one of them has seen a newer connection.
fn write(record: &SharedRecord, newest: &Newest, host: &dyn Host) {
    let since = newest.since.map_or(0, |ConnectionId(number)| number);
    let mut replace = |present: Option<&[u8]>| {
        let is_newer = |(_, since)| since > newest.since;
        let is_known = present.and_then(decode).is_some_and(is_newer);
        (!is_known).then(|| [&newest.generation.digest[..], &since.to_le_bytes()].concat())
    };
    // Where shared data is refused, each worker is on its own.
    let _ = record.update(&mut replace, host);
}

/// A configuration's digest, and the connection that made it the newest.
fn decode(record: &[u8]) -> Option<([u8; DIGEST_OCTETS], Option<ConnectionId>)> {
    let (digest, since) = record.split_first_chunk()?;
    let since = ConnectionId::from_property(since)?;
    Some((*digest, (since != ConnectionId(0)).then_some(since)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{filter::one_record::Record, host::SharedData};

    /// A configuration that is known by its `realm`.
    fn enter(policy_id: &str, realm: &str) -> Membership {
        let text = format!(r#"{{"policy_id":"{policy_id}","realm":"{realm}"}}"#);
        let config = Config::parse(text.as_bytes()).unwrap();
        Membership::enter(Rc::new(config), text.as_bytes()).unwrap()
    }

    fn at(seconds: u64) -> UnixMillis {
        UnixMillis::new(seconds * 1000)
    }

    fn request(member: &Membership, connection: u64, seconds: u64, host: &Record) {
        let number = Some(ConnectionId(connection)).filter(|_| connection > 0);
        member.on_request(|| number, at(seconds), host);
    }

    fn is_restricted(member: &Membership) -> bool {
        member.restrictions().is_some()
    }

    #[test]
    fn without_policy_id_there_is_no_succession() {
        let config = Config::parse(b"{}").unwrap();
        assert!(Membership::enter(Rc::new(config), b"{}").is_none());
    }

    #[test]
    fn counts_a_configuration_from_its_first_request_on() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&old, 1, 0, &host);
        assert!(!is_restricted(&old));
        request(&new, 2, 1, &host);
        request(&old, 1, 2, &host);
        assert!(is_restricted(&old) && !is_restricted(&new));
    }

    #[test]
    fn keeps_policies_apart() {
        let host = Record::default();
        let (one, other) = (enter("p", "a"), enter("q", "b"));
        request(&one, 1, 0, &host);
        request(&other, 2, 0, &host);
        assert!(!is_restricted(&one) && !is_restricted(&other));
    }

    /// A client that held a socket since before the update has the highest number, but clients of the newest
    /// configuration go on arriving.
    #[test]
    fn an_earlier_configuration_does_not_take_over_while_the_newest_gets_connections() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&old, 1, 0, &host);
        request(&new, 5, 10, &host);
        for seconds in 11..60 {
            request(&new, seconds, seconds, &host);
            request(&old, seconds + 100, seconds, &host);
            assert!(is_restricted(&old) && !is_restricted(&new), "{seconds}");
        }
        // One connection that stays open is no new one.
        for seconds in 60..65 {
            request(&new, 59, seconds, &host);
        }
        request(&old, 200, 65, &host);
        assert!(!is_restricted(&old));
    }

    #[test]
    fn an_earlier_configuration_takes_over_with_a_newer_connection_once_things_have_settled() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&old, 1, 0, &host);
        request(&new, 5, 10, &host);
        for (connection, seconds, takes_over) in [
            (1, 100, false), // was open before
            (6, 10, false),  // may have been accepted during the switch
            (6, 14, false),
            (6, 15, true),
        ] {
            request(&old, connection, seconds, &host);
            assert_eq!(is_restricted(&new), takes_over, "{connection} {seconds}");
        }
        // A later one needs no time to settle, but a newer connection.
        request(&new, 5, 16, &host);
        assert!(is_restricted(&new));
        request(&new, 7, 16, &host);
        assert!(is_restricted(&old) && !is_restricted(&new));
    }

    #[test]
    fn goes_by_the_order_of_arrival_where_connections_have_no_numbers() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&new, 0, 0, &host);
        request(&old, 0, 100, &host);
        assert!(is_restricted(&old) && !is_restricted(&new));
    }

    /// The same text on two listeners is one configuration.
    #[test]
    fn restricts_no_configuration_by_its_own_text() {
        let host = Record::default();
        let (one, same) = (enter("p", "a"), enter("p", "a"));
        request(&one, 1, 0, &host);
        request(&same, 2, 0, &host);
        assert!(!is_restricted(&one) && !is_restricted(&same));
        let old = enter("p", "old");
        drop(one);
        assert!(is_restricted(&old) && !is_restricted(&same));
    }

    #[test]
    fn a_configuration_that_is_gone_restricts_nothing() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&new, 2, 0, &host);
        assert!(is_restricted(&old));
        drop(new);
        old.on_tick(at(1), &host);
        assert!(!is_restricted(&old));
    }

    #[test]
    fn learns_of_what_it_has_from_other_workers_and_of_nothing_else() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&old, 3, 0, &host);
        let written = |digest: [u8; 32], since: u64| {
            let value = [&digest[..], &since.to_le_bytes()].concat();
            let version = 9;
            *host.entry.borrow_mut() = Some(SharedData { value, version });
            old.on_tick(at(1), &host);
        };
        written([0; 32], 9);
        written(new.own.digest, 3);
        assert!(!is_restricted(&old), "unknown, or no newer");
        for broken in [&b""[..], b"x", &[0; 39], &[0; 41]] {
            let (value, version) = (broken.to_vec(), 9);
            *host.entry.borrow_mut() = Some(SharedData { value, version });
            old.on_tick(at(1), &host);
            assert!(!is_restricted(&old));
        }
        written(new.own.digest, 4);
        assert!(is_restricted(&old));
    }

    /// One of a configuration with `shared_memory_key`.
    fn enter_with_key(realm: &str, key: char) -> Membership {
        let key = key.to_string().repeat(43);
        let text = format!(r#"{{"policy_id":"p","realm":"{realm}","shared_memory_key":"{key}"}}"#);
        let config = Config::parse(text.as_bytes()).unwrap();
        Membership::enter(Rc::new(config), text.as_bytes()).unwrap()
    }

    /// Puts a value where the record lies.
    fn plant(host: &Record, value: Vec<u8>) {
        *host.entry.borrow_mut() = Some(SharedData { value, version: 9 });
    }

    fn naming(member: &Membership, since: u64) -> Vec<u8> {
        [&member.own.digest[..], &since.to_le_bytes()].concat()
    }

    #[test]
    fn with_a_key_learns_only_from_records_with_its_tag() {
        let host = Record::default();
        let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'A'));
        request(&old, 3, 0, &host);
        let named = naming(&new, 9);
        let of_another_key = enter_with_key("c", 'E').record.close(named.clone());
        let other = SharedRecord::about("policy/1", "q", new.own.config.shared_memory_key.as_ref());
        let of_another_policy = other.close(named.clone());
        for forged in [
            named.clone(),
            of_another_key,
            of_another_policy,
            vec![0; 72],
        ] {
            plant(&host, forged);
            old.on_tick(at(1), &host);
            assert!(!is_restricted(&old));
        }
        plant(&host, new.record.close(named));
        old.on_tick(at(1), &host);
        assert!(is_restricted(&old));
    }

    #[test]
    fn an_older_record_with_its_tag_makes_no_older_configuration_the_newest() {
        let host = Record::default();
        let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'A'));
        request(&old, 3, 0, &host);
        let older = host.entry.borrow().clone().unwrap().value;
        request(&new, 5, 1, &host);
        plant(&host, older);
        for member in [&old, &new] {
            member.on_tick(at(100), &host);
        }
        assert!(is_restricted(&old) && !is_restricted(&new));
    }

    #[test]
    fn with_a_key_writes_over_what_is_not_genuine() {
        let host = Record::default();
        let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'A'));
        plant(&host, naming(&old, u64::MAX));
        request(&new, 5, 0, &host);
        let value = host.entry.borrow().clone().unwrap().value;
        assert_eq!(new.record.open(&value), Some(&naming(&new, 5)[..]));
    }

    /// In a host that keeps all records in one place, a record of another key is garbage.
    #[test]
    fn configurations_with_different_keys_learn_each_by_its_own() {
        let host = Record::default();
        let (old, new) = (enter_with_key("a", 'A'), enter_with_key("b", 'E'));
        assert_ne!(old.record.name(), new.record.name());
        request(&old, 3, 0, &host);
        plant(&host, new.record.close(naming(&new, 5)));
        old.on_tick(at(1), &host);
        assert!(!is_restricted(&old));
        new.on_tick(at(1), &host);
        assert!(is_restricted(&old));
    }

    #[test]
    fn while_one_configuration_has_a_key_no_record_without_tag_counts() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter_with_key("b", 'A'));
        request(&new, 5, 0, &host);
        plant(&host, naming(&old, u64::MAX));
        old.on_tick(at(100), &host);
        assert!(is_restricted(&old) && !is_restricted(&new));
        drop(new);
        old.on_tick(at(100), &host);
        assert!(old.succession.borrow().is_newest(&old.own));
    }

    #[test]
    fn tells_other_workers_only_of_newer_connections() {
        let host = Record::default();
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&new, 7, 0, &host);
        let of_new = host.entry.borrow().clone();
        // As on another worker, which does not know of it yet.
        old.succession.borrow_mut().newest = None;
        request(&old, 3, 0, &host);
        assert_eq!(*host.entry.borrow(), of_new);
        old.on_tick(at(1), &host);
        assert!(is_restricted(&old));
    }

    #[test]
    fn each_worker_is_on_its_own_without_shared_data() {
        let host = Record {
            is_withheld: true,
            ..Record::default()
        };
        let (old, new) = (enter("p", "a"), enter("p", "b"));
        request(&new, 2, 0, &host);
        old.on_tick(at(1), &host);
        assert!(is_restricted(&old));
    }

    #[test]
    fn keeps_nothing_of_configurations_that_are_gone() {
        let host = Record::default();
        let mut current = enter("p", "0");
        for number in 1..=1000_u64 {
            let next = enter(&format!("p{}", number % 2), &number.to_string());
            request(&next, number, number, &host);
            current = next;
            assert_eq!(current.succession.borrow().generations.len(), 1);
        }
        drop(current);
        drop(enter("last", "x"));
        POLICIES.with_borrow(|policies| assert_eq!(policies.len(), 1));
    }
}
