//! What one worker knows about the configurations of a policy. Nothing in this file calls the host:
//! [`Membership`](super::Membership) looks up connections, and reads and writes the record.

use core::time::Duration;
use std::{rc::Rc, sync::Arc};

use crate::{
    config::Config,
    gate::succession::{config_digest::ConfigDigest, connection_id::ConnectionId, notice::Notice},
    shared_memory::SealedRecord,
    time::UnixMillis,
};

/// The duration of a contest. If the newest configuration gets no connection with an even higher ID
/// within this time, the earlier configuration takes over. Right after an update, a new connection
/// may still begin on the old listener, because workers switch to the new listener one after the
/// other.
pub(super) const SETTLING: Duration = Duration::from_secs(5);

/// The minimum time between two lookups of a request's connection. This limit applies to requests
/// to the newest configuration, as long as that configuration is not contested.
const SAMPLING: Duration = Duration::from_secs(1);

/// One of the configurations of a policy.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    /// The order of arrival in this VM: 1 for the policy's first configuration, 2 for the second.
    order: u64,
    pub(super) digest: ConfigDigest,
    pub(super) config: Arc<Config>,
    /// The record that tells the workers about this configuration if it is the newest.
    pub(super) record: Rc<SealedRecord>,
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

/// What a connection of a configuration says about which configuration is the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing changes.
    Fails,
    /// A contest has begun, or its highest connection ID has grown. The other workers must learn of
    /// this, so that they look up the connection of every request to the newest configuration.
    Contends,
    /// The configuration is the newest, because of this connection.
    Succeeds,
}

/// The configurations of one policy in this VM.
#[derive(Debug, Default)]
pub(super) struct Succession {
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

impl Succession {
    /// Adds a configuration. `record` tells the workers about the configuration if it is the newest.
    pub(super) fn enter(
        &mut self,
        config: Arc<Config>,
        digest: ConfigDigest,
        record: SealedRecord,
    ) -> Generation {
        self.arrived = self.arrived.saturating_add(1);
        let generation = Generation {
            order: self.arrived,
            digest,
            config,
            record: Rc::new(record),
        };
        self.generations.push(generation.clone());
        generation
    }

    /// Removes a configuration. If it was the newest, another configuration with the same text
    /// becomes the newest. If there is no such configuration, it is unknown which configuration is
    /// the newest, until a request or the record of another worker shows it.
    pub(super) fn leave(&mut self, gone: &Generation) {
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

    /// Returns whether any configuration of the policy has a `shared_memory_key`.
    pub(super) fn has_key(&self) -> bool {
        let mut generations = self.generations.iter();
        generations.any(|own| own.config.shared_memory_key.is_some())
    }

    /// The newest configuration; `None` if it is unknown, or if `generation` is the newest.
    pub(super) fn newer_than(&self, generation: &Generation) -> Option<&Arc<Config>> {
        let newest = self.newest.as_ref()?;
        (!self.is_newest(generation)).then_some(&newest.generation.config)
    }

    /// What this worker knows about the newest configuration, for the other workers, and the record
    /// to write it to. `None` if the newest configuration is unknown.
    pub(super) fn notice(&self) -> Option<(&SealedRecord, Notice)> {
        let Newest { generation, since } = self.newest.as_ref()?;
        let notice = Notice::new(generation.digest, *since, self.contender);
        Some((&generation.record, notice))
    }

    /// Returns whether `generation` is the newest configuration. Compares digests, because two
    /// plugins whose configurations have the same text count as one configuration.
    pub(super) fn is_newest(&self, generation: &Generation) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| newest.generation.digest == generation.digest)
    }

    /// Returns whether the newest configuration is contested on any worker: an earlier
    /// configuration has a connection with a higher ID than all known connections of the newest
    /// configuration.
    pub(super) fn is_contested(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| self.contender > newest.since)
    }

    /// Makes `generation` the newest configuration. `since` is its highest known connection ID.
    pub(super) fn set_newest(&mut self, generation: &Generation, since: Option<ConnectionId>) {
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
    pub(super) fn asks_for_connection(&mut self, generation: &Generation, now: UnixMillis) -> bool {
        if !self.is_newest(generation) || self.is_contested() {
            return true;
        }
        let is_due = !self.sampled_at.is_within(SAMPLING, now);
        if is_due {
            self.sampled_at = now;
        }
        is_due
    }

    /// Returns what `connection` means if it is a connection of `other`. If `other` already is the
    /// newest configuration, it succeeds if `connection` is newer than all its known connections. An
    /// earlier configuration succeeds the newest configuration only after a contest.
    pub(super) fn claim(
        &mut self,
        other: &Generation,
        connection: Option<ConnectionId>,
        now: UnixMillis,
    ) -> Claim {
        let succeeds_if = |holds| if holds { Claim::Succeeds } else { Claim::Fails };
        let Some(newest) = &self.newest else {
            return Claim::Succeeds;
        };
        if self.is_newest(other) {
            return succeeds_if(connection > newest.since);
        }
        let arrived_later = other.order > newest.generation.order;
        match (connection, newest.since) {
            (Some(connection), Some(since)) if connection > since => match arrived_later {
                true => Claim::Succeeds,
                false => self.contend(connection, since, now),
            },
            (Some(_), Some(_)) => Claim::Fails,
            _ => succeeds_if(arrived_later),
        }
    }

    /// Continues the contest, or begins one with `connection` if no contest is open. The earlier
    /// configuration succeeds once the contest has lasted for [`SETTLING`].
    fn contend(&mut self, connection: ConnectionId, since: ConnectionId, now: UnixMillis) -> Claim {
        let is_open = |contest: &Contest| contest.connection > since && contest.at <= now;
        let open = self.contest.filter(is_open);
        let contest = open.unwrap_or(Contest {
            connection,
            at: now,
        });
        self.contest = Some(contest);
        if now.since(contest.at) >= SETTLING {
            return Claim::Succeeds;
        }
        let is_higher = self.contender < Some(connection);
        self.contender = self.contender.max(Some(connection));
        match is_higher {
            true => Claim::Contends,
            false => Claim::Fails,
        }
    }

    /// Adopts the notice of another worker if it names a configuration in this VM and is newer than
    /// what this worker knows.
    pub(super) fn learn(&mut self, notice: &Notice) {
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
impl Succession {
    /// Pretends that this worker does not know the newest configuration.
    pub(super) fn forget_newest(&mut self) {
        self.newest = None;
    }

    /// The number of configurations.
    pub(super) fn count(&self) -> usize {
        self.generations.len()
    }
}
