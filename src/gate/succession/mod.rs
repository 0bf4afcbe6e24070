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
//! over if the newest configuration gets no connection with an even higher ID within
//! [`SETTLING`](state::SETTLING). As long as the newest configuration is active, it gets new
//! connections, which have higher IDs. After a rollback, it is no longer active and gets no new
//! connections.
//!
//! Looking up the connection of a request takes a call to the host. For the newest configuration,
//! the gate normally makes this call for only a sample of the requests. A client could flood one
//! connection with so many requests that every sampled request comes from this connection. The
//! sample would then miss all other connections. So while the newest configuration is contested,
//! all workers look up the connection of every request.
//!
//! Workers tell each other about contests through a record in Envoy's shared data. A worker that
//! sees a contest begin writes it to the record at once. If the newest configuration gets no request
//! on that worker, there is no later opportunity. In the proxy-wasm module, each worker reads the
//! record at every tick. In the dynamic module, it reads the record before a request, at most every
//! 100 ms. The record also names the configuration that the other workers consider the newest. So a
//! worker can apply the restrictions of the newest configuration even if that configuration has no
//! connection on this worker yet.
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
//! configuration reads the record that is sealed with its own key, and a notice about the newest
//! configuration is written to that configuration's record. Configurations without a key use an
//! unsealed record. While at least one configuration has a key, they do not read this record,
//! because it could be forged.

mod config_digest;
mod connection_id;
mod notice;
mod state;

use core::cell::RefCell;
use std::{rc::Rc, sync::Arc};

use crate::{
    config::Config,
    engine::Restrictions,
    shared_by_name::SharedByName,
    shared_memory::{SealedRecord, SharedMemory},
    time::UnixMillis,
};

use self::{
    notice::Notice,
    state::{Claim, Generation, Succession},
};

pub use self::{config_digest::ConfigDigest, connection_id::ConnectionId};

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

/// A configuration's membership in its policy.
#[derive(Debug)]
pub struct Membership {
    succession: Rc<RefCell<Succession>>,
    own: Generation,
}

impl Membership {
    /// Adds a configuration to its policy. Returns `None` if the configuration has no `policy_id`.
    #[must_use]
    pub fn enter(
        config: Arc<Config>,
        digest: ConfigDigest,
        policies: &mut Policies,
    ) -> Option<Self> {
        let policy_id = config.policy_id.as_deref()?;
        let record = SealedRecord::about("policy/1", policy_id, config.shared_memory_key.as_ref());
        let succession = policies.0.get(policy_id);
        let own = succession.borrow_mut().enter(config, digest, record);
        Some(Self { succession, own })
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
        let mut claim = succession.claim(&self.own, connection, now);
        if claim == Claim::Succeeds {
            // Another worker may have published a newer connection after this worker last read the
            // record.
            self.learn(&mut succession, host);
            claim = succession.claim(&self.own, connection, now);
        }
        match claim {
            Claim::Fails => return,
            Claim::Contends => {}
            Claim::Succeeds => succession.set_newest(&self.own, connection),
        }
        publish(&succession, host);
    }

    /// Reads what other workers know. If this configuration is the newest and is contested, informs
    /// the other workers.
    pub(super) fn on_tick(&self, host: &dyn SharedMemory) {
        let mut succession = self.succession.borrow_mut();
        self.learn(&mut succession, host);
        if succession.is_newest(&self.own) && succession.is_contested() {
            publish(&succession, host);
        }
    }

    /// Reads what another worker knows about the newest configuration. A record that is not sealed
    /// could be forged, so it is ignored while any configuration of the policy has a
    /// `shared_memory_key`.
    fn learn(&self, succession: &mut Succession, host: &dyn SharedMemory) {
        let record = &self.own.record;
        if !record.is_sealed() && succession.has_key() {
            return;
        }
        if let Some(notice) = Notice::read(record, host) {
            succession.learn(&notice);
        }
    }

    /// The restrictions of the newest configuration. `None` if this configuration is the newest, or
    /// if the newest configuration is unknown.
    pub(super) fn restrictions(&self) -> Option<Restrictions> {
        let succession = self.succession.borrow();
        let newest = succession.newer_than(&self.own)?;
        Some(Restrictions::new(Arc::clone(newest)))
    }
}

/// Tells the other workers what this worker knows about the newest configuration.
fn publish(succession: &Succession, host: &dyn SharedMemory) {
    if let Some((record, notice)) = succession.notice() {
        notice.write(record, host);
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.succession.borrow_mut().leave(&self.own);
    }
}

#[cfg(test)]
mod tests;
