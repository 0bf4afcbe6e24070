//! Determines which configuration of a policy is the newest. All configurations with the same
//! `policy_id` belong to one policy.
//!
//! All configurations with the same `vm_id`, code and VM configuration share one VM per worker
//! thread. After an update, the old configuration stays until its connections are drained. Until
//! then, it also refuses what the newest configuration refuses ([`Membership::restrictions`]).
//!
//! The newest configuration is the one with the newest connection, because Envoy gives new
//! connections to the active configuration. The order in which configurations arrive does not show
//! which configuration is active, for two reasons:
//!
//! - After a rollback, an earlier configuration that is still being drained becomes active again.
//!   Envoy does not announce this.
//! - Envoy passes a configuration to every worker even if Envoy then rejects the listener because
//!   of another filter.
//!
//! A connection ID can mislead too. During an update, a client can keep a new socket in one of
//! Envoy's listener filters, for example by sending nothing. When the socket later becomes a
//! connection, that connection has the highest ID of all, although it belongs to the old
//! configuration. So an earlier configuration that gets a new connection does not take over at
//! once. Instead, a contest between the two configurations begins. The earlier configuration takes
//! over if the newest configuration gets no connection with an even higher ID within [`SETTLING`].
//! As long as the newest configuration is active, it gets new connections, which have higher IDs.
//! After a rollback, it is no longer active and gets no new connections.
//!
//! Looking up the connection of a request takes a call to the host. For the newest configuration,
//! the gate normally makes this call for only a sample of the requests. A client could flood one
//! connection with so many requests that every sampled request comes from this connection. The
//! sample would then miss all other connections. So while the newest configuration is contested,
//! all workers look up the connection of every request.
//!
//! Workers tell each other about contests through a record in Envoy's shared data. Each worker
//! reads this record periodically. The record also names the configuration that the other workers
//! consider the newest. So a worker can apply the restrictions of the newest configuration even if
//! that configuration has no connection on this worker yet.
//!
//! Other modules with the same `vm_id` can write to shared data. If `shared_memory_key` is set,
//! they cannot forge a record, but they can restore an older one. A worker that knows a newer
//! connection ignores the restored record. A worker that knows no connection accepts the restored
//! record until the newest configuration gets a connection on that worker. Other modules can also
//! remove records. Each worker then relies only on its own connections.
//!
//! Without the key, other modules can make the workers treat any configuration in this VM as the
//! newest. If they also claim the highest possible connection ID for that configuration, no later
//! connection can change this. Connections of that configuration then have the same access as
//! without `policy_id`. Until that configuration is drained, its restrictions also apply to the
//! connections of the other configurations. A worker cannot tell that an ID is too high, because it
//! knows only the IDs of its own connections.
//!
//! The configurations of one policy may have different values of `shared_memory_key`. Each
//! configuration reads and writes the record that is sealed with its own key. Configurations
//! without a key use an unsealed record. While at least one configuration has a key, they do not
//! read this record, because it could be forged.

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

/// The duration of a contest. If the newest configuration gets no connection with an even higher ID
/// within this time, the earlier configuration takes over. Right after an update, a new connection
/// may still begin on the old listener, because workers switch to the new listener one after the
/// other.
const SETTLING: Duration = Duration::from_secs(5);

/// The minimum time between two lookups of a request's connection. This limit applies to requests
/// to the newest configuration, as long as that configuration is not contested.
const SAMPLING: Duration = Duration::from_secs(1);

/// The policies of one worker, by `policy_id`. A policy is dropped together with its last
/// configuration.
#[derive(Debug)]
pub struct Policies(SharedByName<RefCell<Succession>>);

impl Policies {
    /// Creates an empty set of policies.
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

/// One of the configurations of a policy.
#[derive(Clone, Debug)]
struct Generation {
    /// The order of arrival in this VM: 1 for the policy's first configuration, 2 for the second.
    order: u64,
    /// A hash of the configuration's text. The hash is the same on every worker.
    digest: [u8; DIGEST_OCTETS],
    config: Arc<Config>,
}

/// The newest configuration of a policy.
#[derive(Clone, Debug)]
struct Newest {
    generation: Generation,
    /// The highest known connection ID of this configuration; `None` if the host assigns no IDs.
    since: Option<ConnectionId>,
}

/// The state in which an earlier configuration has a connection with a higher ID than all known
/// connections of the newest configuration. The contest ends when the newest configuration gets a
/// connection with an even higher ID.
#[derive(Clone, Copy, Debug)]
struct Contest {
    connection: ConnectionId,
    at: UnixMillis,
}

/// The configurations of one policy in this VM.
#[derive(Debug, Default)]
struct Succession {
    generations: Vec<Generation>,
    arrived: u64,
    newest: Option<Newest>,
    /// The last contest that this worker has seen. It may already have ended.
    contest: Option<Contest>,
    /// The highest known connection ID of any earlier configuration, on any worker.
    contender: Option<ConnectionId>,
    /// The time when this worker last looked up a connection of the newest configuration.
    sampled_at: UnixMillis,
}

/// A configuration's membership in its policy.
#[derive(Debug)]
pub struct Membership {
    succession: Rc<RefCell<Succession>>,
    own: Generation,
    /// The record through which the workers tell each other which configuration is the newest.
    record: SealedRecord,
}

impl Membership {
    /// Adds a configuration to its policy. `text` is the text that the configuration was parsed
    /// from. Returns `None` if the configuration has no `policy_id`.
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

    /// Records a request's connection. `connection` looks up the connection, and is called only if
    /// the result could matter.
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
        // Another worker may have published a newer connection after this worker last read the
        // record.
        succession.learn(&self.record, host);
        if succession.yields_to(&self.own, connection, now) {
            succession.set_newest(&self.own, connection);
            self.publish(&succession, host);
        }
    }

    /// Reads what other workers know. If this configuration is the newest and is contested, informs
    /// the other workers.
    pub(super) fn on_tick(&self, host: &dyn SharedMemory) {
        let mut succession = self.succession.borrow_mut();
        succession.learn(&self.record, host);
        if succession.is_newest(&self.own) && succession.is_contested() {
            self.publish(&succession, host);
        }
    }

    /// Tells the other workers what this worker knows about the newest configuration.
    fn publish(&self, succession: &Succession, host: &dyn SharedMemory) {
        if let Some(newest) = &succession.newest {
            Notice::new(newest.generation.digest, newest.since, succession.contender)
                .write(&self.record, host);
        }
    }

    /// The restrictions of the newest configuration. `None` if this configuration is the newest, or
    /// if the newest configuration is unknown.
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

    /// Removes a configuration. If it was the newest, another configuration with the same text
    /// becomes the newest. If there is no such configuration, it is unknown which configuration is
    /// the newest, until a request or the record of another worker shows it.
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

    /// Returns whether `generation` is the newest configuration. Compares digests, because two
    /// plugins whose configurations have the same text count as one configuration.
    fn is_newest(&self, generation: &Generation) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| newest.generation.digest == generation.digest)
    }

    /// Returns whether the newest configuration is contested on any worker: an earlier
    /// configuration has a connection with a higher ID than all known connections of the newest
    /// configuration.
    fn is_contested(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| self.contender > newest.since)
    }

    fn set_newest(&mut self, generation: &Generation, since: Option<ConnectionId>) {
        // A contest challenges one particular configuration. The contest ends when another
        // configuration becomes the newest.
        if !self.is_newest(generation) {
            self.contest = None;
        }
        self.newest = Some(Newest {
            generation: generation.clone(),
            since,
        });
    }

    /// Returns whether to look up the connection of a request to `generation`. If `generation` is
    /// the newest configuration and is not contested, returns true once per [`SAMPLING`]. Otherwise
    /// always returns true.
    fn asks_for_connection(&mut self, generation: &Generation, now: UnixMillis) -> bool {
        if !self.is_newest(generation) || self.is_contested() {
            return true;
        }
        let is_due = !self.sampled_at.is_within(SAMPLING, now);
        if is_due {
            self.sampled_at = now;
        }
        is_due
    }

    /// Returns whether `other` replaces the newest configuration because it got `connection`. If
    /// `other` already is the newest configuration, returns whether `connection` is newer than all
    /// known connections of `other`. An earlier configuration replaces the newest configuration
    /// only after a contest.
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

    /// Returns whether the contest has lasted for [`SETTLING`]. If no contest is open, begins one
    /// with `connection`.
    fn has_settled(
        &mut self,
        connection: ConnectionId,
        since: ConnectionId,
        now: UnixMillis,
    ) -> bool {
        self.contender = self.contender.max(Some(connection));
        let is_open = |contest: &Contest| contest.connection > since && contest.at <= now;
        let open = self.contest.filter(is_open);
        let contest = open.unwrap_or(Contest {
            connection,
            at: now,
        });
        self.contest = Some(contest);
        now.since(contest.at) >= SETTLING
    }

    /// Reads the notice of another worker. Adopts the notice if it names a configuration in this VM
    /// and is newer than what this worker knows.
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
        self.contender = self.contender.max(notice.contender);
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
