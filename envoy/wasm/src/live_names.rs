//! Counts the VMs that use a name. Each name stands for a record in shared data or for a gauge.
//! Both outlive a VM, so the last VM that uses a name has to remove the record or reset the gauge.
//!
//! A VM can hold several configurations at once, because there are several listeners, or because a
//! listener is being replaced. Several VMs can use the same names: each worker thread has a VM, and
//! plugins with the same `vm_id` have separate VMs if their VM configurations or their code differ.
//! To find out which VM is the last, the VMs count themselves in shared data. If a VM traps, it
//! never subtracts itself, so its names look as if they were in use forever. That wastes some
//! memory. Cleaning up too early would be worse, because other VMs would lose their keys and refuse
//! requests.
//!
//! Each record has a count of the VMs that use it. If `shared_memory_key` is set, this count is
//! authenticated, like the record itself. Another module can still tamper with the count in two
//! ways:
//!
//! - It can replace the count with garbage. Then the record is never cleared.
//! - It can restore an older count. If the older count is too small, the record is cleared while it
//!   is in use. That costs one extra fetch, which the other module could also cause by overwriting
//!   the record. If the older count is too large, the record is cleared too late. A worker that
//!   finds such a leftover record checks the age of its keys as usual.
//!
//! Changing a count cannot add keys to a record. The counts of gauges are not authenticated,
//! because modules with different values of `shared_memory_key` share gauges, and any module can
//! write a gauge anyway.

use std::cell::RefCell;

use portcullis::{
    jose::SecretKey,
    shared_memory::{SealedRecord, SetSharedDataError, SharedMemory},
};

/// The count that replaces an unreadable count. It is so large that no VM will seem to be the last.
const UNKNOWN: u32 = u32::MAX;

thread_local! {
    static LIVE_NAMES: RefCell<Vec<LiveName>> = const { RefCell::new(Vec::new()) };
}

/// A name that this VM uses.
#[derive(Debug)]
struct LiveName {
    name: String,
    /// The shared count of the VMs that use the name.
    count: SealedRecord,
    /// The number of this VM's configurations that use the name.
    users: usize,
    announced: Announced,
}

/// Tells whether the shared count includes this VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announced {
    /// The host refuses shared data, so VMs cannot share anything and need no count.
    Alone,
    /// The count includes this VM.
    Counted,
    /// The count does not include this VM yet.
    No,
}

/// Notes that a configuration now uses these names. If there is a `key`, it authenticates the
/// counts, so all configurations that use a name must have the same key.
pub(super) fn enter<'a>(names: impl Iterator<Item = &'a str>, key: Option<&SecretKey>) {
    LIVE_NAMES.with_borrow_mut(|live| {
        for name in names {
            match live.iter_mut().find(|entry| entry.name == name) {
                Some(entry) => entry.users = entry.users.saturating_add(1),
                None => live.push(LiveName {
                    name: name.to_owned(),
                    count: SealedRecord::new(format!("portcullis/users/1/{name}"), key),
                    users: 1,
                    announced: Announced::No,
                }),
            }
        }
    });
}

/// Adds this VM to the counts of its names. Returns false if the caller has to try again.
///
/// Call this function only when the VM serves requests or gets ticks. The host also tries out each
/// configuration in a separate VM, which gets neither requests nor ticks. That VM must not be
/// counted, because the host ends it without notice.
pub(super) fn announce(host: &dyn SharedMemory) -> bool {
    LIVE_NAMES.with_borrow_mut(|live| {
        let mut all = true;
        for entry in live {
            if entry.announced == Announced::No {
                entry.announced = match change(&entry.count, |users| users.saturating_add(1), host)
                {
                    Ok(_) => Announced::Counted,
                    Err(SetSharedDataError::Refused) => Announced::Alone,
                    Err(SetSharedDataError::Changed) => Announced::No,
                };
                all &= entry.announced != Announced::No;
            }
        }
        all
    })
}

/// Notes that a configuration no longer uses these names. Returns those of the names that no VM
/// uses any longer.
pub(super) fn leave<'a>(
    names: impl Iterator<Item = &'a str>,
    host: &dyn SharedMemory,
) -> Vec<&'a str> {
    LIVE_NAMES.with_borrow_mut(|live| names.filter(|name| is_last(live, name, host)).collect())
}

fn is_last(live: &mut Vec<LiveName>, name: &str, host: &dyn SharedMemory) -> bool {
    let Some(place) = live.iter().position(|entry| entry.name == name) else {
        return false;
    };
    if let Some(entry) = live.get_mut(place) {
        entry.users = entry.users.saturating_sub(1);
        if entry.users > 0 {
            return false;
        }
    }
    let entry = live.swap_remove(place);
    match entry.announced {
        Announced::Alone => true,
        Announced::Counted => change(&entry.count, |users| users.saturating_sub(1), host) == Ok(0),
        Announced::No => false,
    }
}

/// Changes the number of VMs that use a name. Returns the new number.
fn change(
    count: &SealedRecord,
    by: fn(u32) -> u32,
    host: &dyn SharedMemory,
) -> Result<u32, SetSharedDataError> {
    let mut changed = 0;
    let mut write = |present: Option<&[u8]>| {
        // If an unreadable count were taken as zero, the next VM to leave would seem to be the
        // last.
        let users = present.map_or(0, |document| decode(document).unwrap_or(UNKNOWN));
        changed = by(users);
        Some(changed.to_le_bytes().to_vec())
    };
    count.update(&mut write, host)?;
    Ok(changed)
}

fn decode(record: &[u8]) -> Option<u32> {
    record.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::shared_memory::{OneRecord, SharedData};

    const NAME: &str = "name";

    fn begin() {
        enter([NAME].into_iter(), None);
    }

    fn end(host: &OneRecord) -> bool {
        !leave([NAME].into_iter(), host).is_empty()
    }

    /// Sets the shared count as if this many other VMs had added themselves.
    fn count_others(host: &OneRecord, users: u32) {
        let (value, version) = (users.to_le_bytes().to_vec(), 1);
        *host.entry.borrow_mut() = Some(SharedData { value, version });
    }

    fn counted(host: &OneRecord) -> Option<u32> {
        decode(&host.entry.borrow().as_ref()?.value)
    }

    #[test]
    fn the_last_configuration_of_the_last_vm_cleans_up() {
        for (others, is_last) in [(0, true), (1, false)] {
            let host = OneRecord::default();
            count_others(&host, others);
            begin();
            assert!(announce(&host) && announce(&host));
            assert_eq!(counted(&host), Some(others + 1), "a VM counts once");
            begin(); // the configuration that replaces the first
            assert!(!end(&host));
            assert_eq!(counted(&host), Some(others + 1));
            assert_eq!(end(&host), is_last, "{others} others");
            assert_eq!(counted(&host), Some(others));
        }
    }

    /// The host tries out each configuration in a VM that never serves requests.
    #[test]
    fn a_vm_that_never_served_cleans_up_nothing() {
        let host = OneRecord::default();
        begin();
        assert!(!end(&host) && !end(&host));
        assert_eq!(counted(&host), None);
    }

    /// A `shared_memory_key`.
    fn key() -> SecretKey {
        SecretKey::new(&[7; 32]).unwrap()
    }

    fn users_of(name: &str, key: Option<&SecretKey>) -> SealedRecord {
        SealedRecord::new(format!("portcullis/users/1/{name}"), key)
    }

    #[test]
    fn with_a_key_the_last_vm_also_cleans_up() {
        let key = key();
        for (others, is_last) in [(0_u32, true), (1, false)] {
            let host = OneRecord::default();
            let value = users_of(NAME, Some(&key)).close(others.to_le_bytes().to_vec());
            *host.entry.borrow_mut() = Some(SharedData { value, version: 1 });
            enter([NAME].into_iter(), Some(&key));
            assert!(announce(&host));
            assert_eq!(end(&host), is_last, "{others} others");
        }
    }

    /// Another module may write the count before or after this VM is added.
    #[test]
    fn with_a_key_an_untagged_count_does_not_make_a_vm_the_last() {
        let key = key();
        let one = 1_u32.to_le_bytes().to_vec();
        let of_another_record = users_of("other", Some(&key)).close(one.clone());
        let of_another_key = SecretKey::new(&[8; 32]).unwrap();
        let of_another_key = users_of(NAME, Some(&of_another_key)).close(one.clone());
        for planted in [one, vec![], vec![0; 36], of_another_record, of_another_key] {
            for is_early in [true, false] {
                let host = OneRecord::default();
                let plant = || {
                    let (value, version) = (planted.clone(), 9);
                    *host.entry.borrow_mut() = Some(SharedData { value, version });
                };
                enter([NAME].into_iter(), Some(&key));
                if is_early {
                    plant();
                }
                assert!(announce(&host));
                if !is_early {
                    plant();
                }
                assert!(!end(&host), "{planted:?} {is_early}");
            }
        }
    }

    #[test]
    fn without_a_key_garbage_does_not_make_a_vm_the_last() {
        let host = OneRecord::default();
        begin();
        assert!(announce(&host));
        let (value, version) = (b"garbage".to_vec(), 9);
        *host.entry.borrow_mut() = Some(SharedData { value, version });
        assert!(!end(&host));
    }

    #[test]
    fn a_vm_without_shared_data_counts_only_itself() {
        let host = OneRecord {
            is_withheld: true,
            ..OneRecord::default()
        };
        begin();
        assert!(announce(&host));
        assert!(end(&host));
    }
}
