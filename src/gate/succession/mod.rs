//! Which configuration of a policy (`policy_id`) is the newest.
//!
//! All configurations with one `vm_id`, one code and one VM configuration live in one VM per worker
//! thread. A replaced configuration stays until its connections are drained, and learns here what
//! the newest one refuses.
//!
//! The newest is the configuration with the newest connection, since Envoy gives new connections to
//! the configuration in force. The order in which configurations arrive does not decide. A
//! rolled-back configuration that is still being drained becomes the newest again without notice
//! from Envoy. And Envoy tries each configuration in a VM of its own, and configures it on every
//! worker even if it then refuses the listener because of another filter.
//!
//! A client can hold a socket in a listener filter since before an update, so that it becomes a
//! connection of the old configuration with a higher number than all others. So such a connection
//! only challenges the newest configuration. The earlier configuration takes over if the newest
//! gets no connection newer than the challenger within [`SETTLING`]. After a rollback it gets none;
//! in use it does.
//!
//! Looking up a request's connection is a call to the host, so normally it is only done for a
//! sample of the requests to the newest configuration. A client that floods one connection could be
//! every sample and hide all other connections. So while the newest configuration is challenged,
//! every request's connection is looked up, on all workers: they learn of the challenge at their
//! next tick.
//!
//! A worker whose newest configuration has no connection yet learns from the others through shared
//! data at its next tick. Other modules with the same `vm_id` can write there. With
//! `shared_memory_key` they cannot forge a record. They can restore an older one, but its
//! connection is older than the one that a worker already knows; only a worker that knows none
//! accepts it, until the newest configuration gets a connection there. They can also withhold
//! records. Then each worker decides by its own connections.
//!
//! Without the key they can make any configuration in this VM the newest, permanently if they give
//! it the highest possible connection number. Old connections then keep what they would have
//! without `policy_id`, and new ones are also refused what the named configuration refuses, until
//! that configuration is drained. No number can be rejected as too high, because a worker only sees
//! those of its own connections.
//!
//! Configurations of one policy may have different keys, so each reads and writes the record of its
//! own key. While one of them has a key, those without a key do not read: their record would defeat
//! the purpose of the key.

use core::{cell::RefCell, time::Duration};
use std::{rc::Rc, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::{
    config::Config,
    engine::Restrictions,
    gate::succession::notice::{DIGEST_OCTETS, Notice},
    shared_by_name::SharedByName,
    shared_memory::{SealedRecord, SharedMemory},
    time::UnixMillis,
};

mod connection_id;
mod notice;

pub use self::connection_id::ConnectionId;

/// How long a challenged configuration may take to get a newer connection before an earlier one
/// takes over. Workers switch to a new listener one after the other, so right after an update a
/// newer connection may still begin on the old one.
const SETTLING: Duration = Duration::from_secs(5);

/// How often the connection of a request to the newest configuration is looked up while nothing
/// challenges that configuration.
const SAMPLING: Duration = Duration::from_secs(1);

/// The policies of one worker by `policy_id`. Each lives as long as one of its configurations.
#[derive(Debug)]
pub struct Policies(SharedByName<RefCell<Succession>>);

impl Policies {
    /// Makes an empty set.
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

/// A configuration of the policy.
#[derive(Clone, Debug)]
struct Generation {
    /// The number of configurations that came before it in this VM.
    order: u64,
    /// A hash of the configuration's text, which is the same on every worker.
    digest: [u8; DIGEST_OCTETS],
    config: Arc<Config>,
}

/// The newest configuration.
#[derive(Clone, Debug)]
struct Newest {
    generation: Generation,
    /// Its newest known connection; `None` if the host has no numbers.
    since: Option<ConnectionId>,
}

/// A connection of an earlier configuration that is newer than all known ones of the newest. A
/// newer connection of the newest configuration ends the challenge.
#[derive(Clone, Copy, Debug)]
struct Challenge {
    connection: ConnectionId,
    at: UnixMillis,
}

/// The configurations of one policy in this VM.
#[derive(Debug, Default)]
struct Succession {
    generations: Vec<Generation>,
    arrived: u64,
    newest: Option<Newest>,
    /// The first challenge on this worker that has not ended.
    challenge: Option<Challenge>,
    /// The newest challenging connection on any worker.
    challenger: Option<ConnectionId>,
    /// When the connection of a request to the newest configuration was last looked up.
    sampled_at: UnixMillis,
}

/// The place of one configuration in the succession.
#[derive(Debug)]
pub struct Membership {
    succession: Rc<RefCell<Succession>>,
    own: Generation,
    /// The record in which workers exchange what they know.
    record: SealedRecord,
}

impl Membership {
    /// Adds a configuration with this `text` to those of its policy; `None` without `policy_id`.
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

    /// Notes that a request arrived. Its connection is only looked up if that matters.
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
        let connection = connection();
        if !succession.yields_to(&self.own, connection, now) {
            return;
        }
        // Another worker may have seen a newer connection since the last tick.
        succession.learn(&self.record, host);
        if succession.yields_to(&self.own, connection, now) {
            succession.set_newest(&self.own, connection);
            self.publish(&succession, host);
        }
    }

    /// Learns what other workers saw, and publishes a challenge.
    pub(super) fn on_tick(&self, host: &dyn SharedMemory) {
        let mut succession = self.succession.borrow_mut();
        succession.learn(&self.record, host);
        if succession.is_newest(&self.own) && succession.is_challenged() {
            self.publish(&succession, host);
        }
    }

    /// Publishes the newest configuration for other workers.
    fn publish(&self, succession: &Succession, host: &dyn SharedMemory) {
        if let Some(newest) = &succession.newest {
            Notice::new(
                newest.generation.digest,
                newest.since,
                succession.challenger,
            )
            .write(&self.record, host);
        }
    }

    /// What the newest configuration refuses, if it is another one.
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

    /// Removes a configuration, and with it what it refuses. If it was the newest, another one that
    /// is still in use was configured again in its place.
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

    /// Two plugins may have the same text, and then count as one configuration.
    fn is_newest(&self, generation: &Generation) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| newest.generation.digest == generation.digest)
    }

    /// Whether a worker has seen a newer connection of an earlier configuration.
    fn is_challenged(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| self.challenger > newest.since)
    }

    fn set_newest(&mut self, generation: &Generation, since: Option<ConnectionId>) {
        // Another configuration gets the full time for a newer connection.
        if !self.is_newest(generation) {
            self.challenge = None;
        }
        self.newest = Some(Newest {
            generation: generation.clone(),
            since,
        });
    }

    /// Whether the connection of a request matters. That of another configuration always does; that
    /// of the newest does once per interval, or always while it is challenged.
    fn asks_for_connection(&mut self, generation: &Generation, now: UnixMillis) -> bool {
        if !self.is_newest(generation) || self.is_challenged() {
            return true;
        }
        let is_due = now < self.sampled_at || now.since(self.sampled_at) >= SAMPLING;
        if is_due {
            self.sampled_at = now;
        }
        is_due
    }

    /// Whether `other`, which has this connection, becomes the newest. An earlier configuration
    /// first challenges.
    fn yields_to(
        &mut self,
        other: &Generation,
        connection: Option<ConnectionId>,
        now: UnixMillis,
    ) -> bool {
        let Some(newest) = &self.newest else {
            return true;
        };
        if self.is_newest(other) {
            return connection > newest.since;
        }
        let arrived_later = other.order > newest.generation.order;
        match (connection, newest.since) {
            (Some(connection), Some(since)) if connection > since => {
                arrived_later || self.has_settled(connection, since, now)
            }
            (Some(_), Some(_)) => false,
            _ => arrived_later,
        }
    }

    /// Whether a challenge has lasted for [`SETTLING`]. Begins one with `connection` if there is
    /// none.
    fn has_settled(
        &mut self,
        connection: ConnectionId,
        since: ConnectionId,
        now: UnixMillis,
    ) -> bool {
        self.challenger = self.challenger.max(Some(connection));
        let is_open = |challenge: &Challenge| challenge.connection > since && challenge.at <= now;
        let open = self.challenge.filter(is_open);
        let challenge = open.unwrap_or(Challenge {
            connection,
            at: now,
        });
        self.challenge = Some(challenge);
        now.since(challenge.at) >= SETTLING
    }

    /// Adopts what another worker wrote, if it names a configuration in this VM.
    fn learn(&mut self, record: &SealedRecord, host: &dyn SharedMemory) {
        let has_key = |own: &Generation| own.config.shared_memory_key.is_some();
        if !record.is_sealed() && self.generations.iter().any(has_key) {
            return;
        }
        let Some(notice) = Notice::read(record, host) else {
            return;
        };
        let mut generations = self.generations.iter();
        let Some(named) = generations.find(|own| own.digest == notice.digest).cloned() else {
            return;
        };
        self.challenger = self.challenger.max(notice.challenger);
        let is_newer = match &self.newest {
            None => true,
            Some(newest) => match (notice.since, newest.since) {
                (Some(connection), Some(since)) => connection > since,
                _ => named.order > newest.generation.order,
            },
        };
        if is_newer {
            self.set_newest(&named, notice.since);
        }
    }
}

#[cfg(test)]
mod tests;
