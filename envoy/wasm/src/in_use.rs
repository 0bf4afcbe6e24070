//! What this VM uses of things that outlive it: records in shared data, gauges.
//!
//! A VM can hold several configurations at once: those of other listeners, and while a listener is
//! replaced the old and the new one. Other VMs use the same things: one on each worker, and more where
//! plugins with one `vm_id` have different VM configurations or code. What the last user of all leaves
//! has to be tidied up, so the VMs count themselves in shared data. One that traps is counted for good,
//! and what it used is then never tidied up: that costs memory, while keys taken from others would cost
//! requests.
//!
//! With `shared_memory_key` the count of a record has the same tag as the record. Another module can
//! still do two things. It can replace the count by garbage: the record is then never cleared. It can put
//! back an older count. If that is smaller, the record is cleared while it is in use, which costs one fetch,
//! as overwriting the record would. If it is larger, the record is cleared too late, and a worker that
//! finds it later goes by its age. No count brings keys into a record. The counts of gauges have no tag,
//! since modules with different keys share them and every module can write the gauges themselves.

use std::cell::RefCell;

use portcullis::{
    jose::SecretKey,
    shared_memory::{SealedRecord, SetSharedDataError, SharedMemory},
};

/// Counts for a number that nobody knows: so many that none is the last.
const UNKNOWN: u32 = u32::MAX;

thread_local! {
    static IN_USE: RefCell<Vec<Use>> = const { RefCell::new(Vec::new()) };
}

/// How this VM uses something.
#[derive(Debug)]
struct Use {
    name: String,
    /// Where the VMs that use it are counted.
    count: SealedRecord,
    /// Configurations of this VM that use it.
    users: usize,
    announced: Announced,
}

/// Whether other VMs can know that this one uses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Announced {
    /// The host refuses shared data: they cannot, and share no record either.
    Alone,
    /// They know.
    Counted,
    /// Not yet.
    No,
}

/// A configuration begins to use what has these names. With a key, the counts are authenticated by it:
/// all who use a name must have the same one.
pub(super) fn enter<'a>(names: impl Iterator<Item = &'a str>, key: Option<&SecretKey>) {
    IN_USE.with_borrow_mut(|in_use| {
        for name in names {
            match in_use.iter_mut().find(|used| used.name == name) {
                Some(used) => used.users = used.users.saturating_add(1),
                None => in_use.push(Use {
                    name: name.to_owned(),
                    count: SealedRecord::new(format!("portcullis/users/1/{name}"), key),
                    users: 1,
                    announced: Announced::No,
                }),
            }
        }
    });
}

/// This VM serves: lets the others know what it uses. False where it has to be tried again. The host
/// tries configurations in VMs that never serve and end without a word, so they must not be counted.
pub(super) fn announce(host: &dyn SharedMemory) -> bool {
    IN_USE.with_borrow_mut(|in_use| {
        let mut all = true;
        for used in in_use {
            if used.announced == Announced::No {
                used.announced = match change(&used.count, |users| users.saturating_add(1), host) {
                    Ok(_) => Announced::Counted,
                    Err(SetSharedDataError::Refused) => Announced::Alone,
                    Err(SetSharedDataError::Changed) => Announced::No,
                };
                all &= used.announced != Announced::No;
            }
        }
        all
    })
}

/// A configuration uses what has these names no longer. Returns what no VM uses any more.
pub(super) fn leave<'a>(
    names: impl Iterator<Item = &'a str>,
    host: &dyn SharedMemory,
) -> Vec<&'a str> {
    IN_USE.with_borrow_mut(|in_use| names.filter(|name| is_last(in_use, name, host)).collect())
}

fn is_last(in_use: &mut Vec<Use>, name: &str, host: &dyn SharedMemory) -> bool {
    let Some(place) = in_use.iter().position(|used| used.name == name) else {
        return false;
    };
    if let Some(used) = in_use.get_mut(place) {
        used.users = used.users.saturating_sub(1);
        if used.users > 0 {
            return false;
        }
    }
    let used = in_use.swap_remove(place);
    match used.announced {
        Announced::Alone => true,
        Announced::Counted => change(&used.count, |users| users.saturating_sub(1), host) == Ok(0),
        Announced::No => false,
    }
}

/// Changes the number of VMs that use something, and returns it.
fn change(
    count: &SealedRecord,
    by: fn(u32) -> u32,
    host: &dyn SharedMemory,
) -> Result<u32, SetSharedDataError> {
    let mut changed = 0;
    let mut write = |present: Option<&[u8]>| {
        // Garbage counted as none would make the next to leave the last.
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

    /// Writes what other VMs have counted.
    fn count_others(host: &OneRecord, users: u32) {
        let (value, version) = (users.to_le_bytes().to_vec(), 1);
        *host.entry.borrow_mut() = Some(SharedData { value, version });
    }

    fn counted(host: &OneRecord) -> Option<u32> {
        decode(&host.entry.borrow().as_ref()?.value)
    }

    #[test]
    fn the_last_configuration_of_the_last_vm_tidies_up() {
        for (others, is_last) in [(0, true), (1, false)] {
            let host = OneRecord::default();
            count_others(&host, others);
            begin();
            assert!(announce(&host) && announce(&host));
            assert_eq!(counted(&host), Some(others + 1), "a VM counts once");
            begin(); // the configuration that replaces it
            assert!(!end(&host));
            assert_eq!(counted(&host), Some(others + 1));
            assert_eq!(end(&host), is_last, "{others} others");
            assert_eq!(counted(&host), Some(others));
        }
    }

    /// The host tries configurations in VMs of which nothing else is seen.
    #[test]
    fn a_vm_that_never_served_tidies_nothing_up() {
        let host = OneRecord::default();
        begin();
        assert!(!end(&host) && !end(&host));
        assert_eq!(counted(&host), None);
    }

    /// The key of a configuration.
    fn key() -> SecretKey {
        SecretKey::new(&[7; 32]).unwrap()
    }

    fn users_of(name: &str, key: Option<&SecretKey>) -> SealedRecord {
        SealedRecord::new(format!("portcullis/users/1/{name}"), key)
    }

    #[test]
    fn with_a_key_the_last_vm_tidies_up_as_well() {
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

    /// Before this VM counts itself, or once it has.
    #[test]
    fn with_a_key_no_count_that_others_wrote_makes_a_vm_the_last() {
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
    fn without_a_key_garbage_makes_no_vm_the_last() {
        let host = OneRecord::default();
        begin();
        assert!(announce(&host));
        let (value, version) = (b"garbage".to_vec(), 9);
        *host.entry.borrow_mut() = Some(SharedData { value, version });
        assert!(!end(&host));
    }

    #[test]
    fn a_vm_without_shared_data_goes_by_itself() {
        let host = OneRecord {
            is_withheld: true,
            ..OneRecord::default()
        };
        begin();
        assert!(announce(&host));
        assert!(end(&host));
    }
}
