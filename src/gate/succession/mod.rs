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
use std::{rc::Rc, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    engine::Restrictions,
    shared_by_name::SharedByName,
    shared_memory::{SealedRecord, SharedMemory},
    time::UnixMillis,
};

/// How long the newest configuration must be without a new connection before an earlier one can take over
/// again. Workers switch to a new listener one after the other, so right after an update a newer
/// connection may still begin on the old one.
const SETTLING: Duration = Duration::from_secs(5);

/// How often a request of the newest configuration is asked for its connection.
const SAMPLING: Duration = Duration::from_secs(1);

const DIGEST_OCTETS: usize = 32;

/// The policies of one worker by `policy_id`; each lives as long as one of its configurations.
#[derive(Debug)]
pub struct Policies(SharedByName<RefCell<Succession>>);

/// A connection's number. Envoy counts all connections of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(u64);

impl Policies {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(SharedByName::new())
    }
}

impl Default for Policies {
    fn default() -> Self {
        Self::new()
    }
}

impl ConnectionId {
    /// The connection with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// A configuration of the policy.
#[derive(Clone, Debug)]
struct Generation {
    /// How many were configured in this VM before.
    order: u64,
    /// Of the configuration's text: the same on every worker.
    digest: [u8; DIGEST_OCTETS],
    config: Arc<Config>,
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
pub struct Membership {
    succession: Rc<RefCell<Succession>>,
    own: Generation,
    /// What workers tell each other.
    record: SealedRecord,
}

impl Membership {
    /// Enters a configuration, whose text is `text`, among those of its policy. `None` without
    /// `policy_id`.
    #[must_use]
    pub fn enter(config: Arc<Config>, text: &[u8], policies: &mut Policies) -> Option<Self> {
        let policy_id = config.policy_id.as_deref()?;
        let record = SealedRecord::about("policy/1", policy_id, config.shared_memory_key.as_ref());
        let succession = policies.0.get(policy_id);
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
        host: &dyn SharedMemory,
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
    pub(super) fn on_tick(&self, now: UnixMillis, host: &dyn SharedMemory) {
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
        Some(Restrictions::new(Arc::clone(&newest.generation.config)))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.succession.borrow_mut().leave(&self.own);
    }
}

impl Succession {
    fn enter(&mut self, config: Arc<Config>, text: &[u8]) -> Generation {
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
    fn learn(&mut self, record: &SealedRecord, now: UnixMillis, host: &dyn SharedMemory) {
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
fn write(record: &SealedRecord, newest: &Newest, host: &dyn SharedMemory) {
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
    let since = u64::from_le_bytes(since.try_into().ok()?);
    Some((*digest, (since != 0).then_some(ConnectionId(since))))
}

#[cfg(test)]
mod tests;
