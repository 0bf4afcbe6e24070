//! The notices by which workers tell each other which configuration of a policy is the newest.

use core::cmp::max;

use crate::{
    gate::succession::{config_digest::ConfigDigest, connection_id::ConnectionId},
    shared_memory::{SealedRecord, SharedMemory},
};

/// What one worker knows about the newest configuration of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// The configuration.
    pub(super) digest: ConfigDigest,
    /// The highest connection ID of this configuration; `None` if the host assigns no IDs.
    pub(super) since: Option<ConnectionId>,
    /// The highest connection ID of an earlier configuration. `None` unless that ID is higher than
    /// `since`.
    pub(super) contender: Option<ConnectionId>,
}

impl Notice {
    pub(super) fn new(
        digest: ConfigDigest,
        since: Option<ConnectionId>,
        contender: Option<ConnectionId>,
    ) -> Self {
        Self {
            digest,
            since,
            contender: contender.filter(|_| contender > since),
        }
    }

    /// Reads a notice from a record in shared memory.
    pub(super) fn read(record: &SealedRecord, host: &dyn SharedMemory) -> Option<Self> {
        let entry = host.shared_data(record.name())?;
        Self::decode(record.open(&entry.value)?)
    }

    /// Writes this notice to the record, unless the record already has a newer connection ID.
    pub(super) fn write(&self, record: &SealedRecord, host: &dyn SharedMemory) {
        let mut replace = |present: Option<&[u8]>| {
            let notice = match present.and_then(Self::decode) {
                Some(present) => self.over(&present)?,
                None => *self,
            };
            Some(notice.encode())
        };
        // If the host refuses the write, each worker relies only on its own connections.
        let _ = record.update(&mut replace, host);
    }

    /// Returns the notice to write in place of `present`, or `None` to keep `present`. If both
    /// notices name the same configuration, the result has the higher of their two connection IDs,
    /// and the higher of their two contenders.
    fn over(&self, present: &Self) -> Option<Self> {
        if self.digest != present.digest {
            return (present.since <= self.since).then_some(*self);
        }
        let since = max(self.since, present.since);
        let merged = Self::new(self.digest, since, max(self.contender, present.contender));
        (merged != *present).then_some(merged)
    }

    fn encode(&self) -> Vec<u8> {
        let since = self.since.map_or(0, |ConnectionId(number)| number);
        let mut record = [&self.digest.0[..], &since.to_le_bytes()].concat();
        if let Some(ConnectionId(number)) = self.contender {
            record.extend_from_slice(&number.to_le_bytes());
        }
        record
    }

    fn decode(record: &[u8]) -> Option<Self> {
        let (digest, record) = record.split_first_chunk()?;
        let (since, contender) = record.split_first_chunk()?;
        let contender = match contender {
            [] => None,
            number => Some(ConnectionId(u64::from_le_bytes(number.try_into().ok()?))),
        };
        let since = u64::from_le_bytes(*since);
        let since = (since != 0).then_some(ConnectionId(since));
        Some(Self::new(ConfigDigest(*digest), since, contender))
    }
}
