//! One worker's copy of the record that all workers share, and the rules for replacing this record.
//!
//! Several workers write the record. A write succeeds only if the record still has the version that
//! the worker last read. Otherwise the worker reads the record again, and applies its change to what
//! it has read, as long as its lease is still valid.

use core::{mem, time::Duration};

use crate::{
    keys::{
        FetchCause, KeySetVersion, News, Reading, Record, Records, SourceId, Timing, Version,
        WriteError,
    },
    time::UnixMillis,
};

/// The maximum number of attempts to write a record that other workers also write.
const WRITE_ATTEMPTS: usize = 4;
/// The minimum time between two reads of the shared record, if tokens without a matching key cause
/// both reads.
const READ_INTERVAL: Duration = Duration::from_millis(1);
/// Replaces [`READ_INTERVAL`] while `Record::may_be_outdated` returns false, that is, while no
/// other worker is expected to have written a newer record.
const SETTLED_READ_INTERVAL: Duration = Duration::from_millis(20);

/// One worker's copy of the record of a key source.
#[derive(Debug)]
pub(super) struct Replica {
    id: SourceId,
    record: Record,
    /// The last known version of the shared record.
    version: Option<Version>,
    key_set_version: KeySetVersion,
    /// The last time when a token without a matching key caused a read of the shared record.
    read_at: Option<UnixMillis>,
    /// What a read has shown that the next [`synchronize`](Self::synchronize) must return.
    missed: News,
}

impl Replica {
    /// A copy of the record of the source `id`. The record is empty until it is read or written.
    pub(super) fn new(id: SourceId) -> Self {
        Self {
            id,
            record: Record::default(),
            version: None,
            key_set_version: KeySetVersion::default(),
            read_at: None,
            missed: News::Nothing,
        }
    }

    /// The source whose record this is.
    pub(super) const fn id(&self) -> SourceId {
        self.id
    }

    /// The local record.
    pub(super) const fn record(&self) -> &Record {
        &self.record
    }

    /// The version of the key set in the local record.
    pub(super) const fn key_set_version(&self) -> KeySetVersion {
        self.key_set_version
    }

    /// Reads the shared record, and returns what has happened since this worker last read it.
    pub(super) fn synchronize(&mut self, records: &dyn Records) -> News {
        let missed = mem::replace(&mut self.missed, News::Nothing);
        match self.read(records) {
            Found::New(news) => missed.max(news),
            Found::Nothing | Found::Same => missed,
        }
    }

    /// Reads the shared record because no key matches a token. Does nothing if the last such read
    /// was too recent. A read can copy the whole record, and clients that send many unknown kids
    /// must not cause many reads. Returns what has happened since the last read.
    pub(super) fn read_at(
        &mut self,
        timing: &Timing,
        now: UnixMillis,
        records: &dyn Records,
    ) -> News {
        let interval = if self.record.may_be_outdated(timing, now) {
            READ_INTERVAL
        } else {
            SETTLED_READ_INTERVAL
        };
        let read_at = self.read_at;
        if read_at.is_some_and(|last| last.is_within(interval, now)) {
            return News::Nothing;
        }
        self.read_at = Some(now);
        self.synchronize(records)
    }

    /// Takes the lease. Returns the time when the lease ends, or `None` if another worker has taken
    /// a lease first.
    pub(super) fn take_lease(
        &mut self,
        timing: &Timing,
        cause: FetchCause,
        now: UnixMillis,
        records: &dyn Records,
    ) -> Option<UnixMillis> {
        let mut leased = self.record.clone();
        let until = leased.begin(timing, cause, now);
        leased.revise();
        for _ in 0..WRITE_ATTEMPTS {
            match self.set(&leased, records) {
                Ok(()) => return Some(until),
                Err(WriteError::Refused) => break,
                Err(WriteError::Changed) => match self.read(records) {
                    Found::New(news) => {
                        self.missed = self.missed.max(news);
                        return None;
                    }
                    Found::Nothing => break,
                    // The shared data is older than the local record, or is not a record. The next
                    // attempt overwrites the shared data.
                    Found::Same => {}
                },
            }
        }
        // The host cannot share records, or other workers keep writing. This worker fetches with a
        // lease that the other workers do not see.
        self.install(leased);
        Some(until)
    }

    /// Reads what other workers have written, and then applies a change to the local and the shared
    /// record. If the lease was lost, changes nothing and returns false.
    pub(super) fn write(
        &mut self,
        lease: UnixMillis,
        records: &dyn Records,
        change: impl Fn(&mut Record),
    ) -> bool {
        self.read(records);
        for _ in 0..WRITE_ATTEMPTS {
            if !self.record.is_leased_until(lease) {
                return false;
            }
            let mut changed = self.record.clone();
            change(&mut changed);
            changed.revise();
            let written = self.set(&changed, records);
            if written == Err(WriteError::Changed) && self.read(records) != Found::Nothing {
                continue;
            }
            if written.is_err() {
                self.install(changed);
            }
            return true;
        }
        // Other workers keep writing, so the change is applied only to the local record. The next
        // read reconciles the records.
        let mut changed = self.record.clone();
        change(&mut changed);
        self.install(changed);
        true
    }

    /// Replaces the local record. Every change of the document must also change the key set's
    /// version, because cached tokens depend on this version. So no other function assigns
    /// `self.record`, and no function returns it mutably.
    pub(super) fn install(&mut self, record: Record) {
        if record.document != self.record.document {
            self.key_set_version = self.key_set_version.next();
        }
        self.record = record;
    }

    fn read(&mut self, records: &dyn Records) -> Found {
        match records.read(self.id, self.version, self.record.order) {
            Reading::Absent => Found::Nothing,
            Reading::Same => Found::Same,
            Reading::Unusable(version) => {
                self.version = Some(version);
                Found::Same
            }
            Reading::New(record, version) => {
                self.version = Some(version);
                let news = self.news(&record);
                self.install(record);
                Found::New(news)
            }
        }
    }

    /// What has happened if `record` replaces the local record. If it has a lease, but not the keys
    /// and failures of the local record, one fetch has ended and another has begun.
    fn news(&self, record: &Record) -> News {
        let fetched = |record: &Record| (record.order.generation, record.failures);
        if record.lease_until.is_some() && fetched(record) == fetched(&self.record) {
            News::Leased
        } else {
            News::Ended
        }
    }

    /// Writes a record to the shared data and makes it the local record, unless another worker has
    /// written the shared record since the last read.
    fn set(&mut self, record: &Record, records: &dyn Records) -> Result<(), WriteError> {
        self.version = Some(records.write(self.id, record, self.version)?);
        self.install(record.clone());
        Ok(())
    }
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// There is no shared record, or the host cannot share records.
    Nothing,
    /// The shared record is not newer than the local record.
    Same,
    /// The shared record was new and has replaced the local record.
    New(News),
}
