//! What this VM uses of things that outlive it: records in shared data, gauges.
//!
//! A VM can hold several configurations at once: those of other listeners, and while a listener is
//! replaced the old and the new one. Other VMs use the same things: one on each worker, and more where
//! plugins with one `vm_id` have different VM configurations or code. What the last user of all leaves
//! has to be tidied up, so the VMs count themselves in shared data. One that traps is counted for good,
//! and what it used is then never tidied up: that costs memory, while keys taken from others would cost
//! requests.

use std::cell::RefCell;

use crate::host::{Expected, Host, SetSharedDataError};

/// How often a write is tried again when another VM wrote in between.
const WRITE_ATTEMPTS: usize = 8;

thread_local! {
    static IN_USE: RefCell<Vec<Use>> = const { RefCell::new(Vec::new()) };
}

/// How this VM uses something.
#[derive(Debug)]
struct Use {
    name: String,
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

/// A configuration begins to use what has these names.
pub(super) fn enter<'a>(names: impl Iterator<Item = &'a str>) {
    IN_USE.with_borrow_mut(|in_use| {
        for name in names {
            match in_use.iter_mut().find(|used| used.name == name) {
                Some(used) => used.users = used.users.saturating_add(1),
                None => in_use.push(Use {
                    name: name.to_owned(),
                    users: 1,
                    announced: Announced::No,
                }),
            }
        }
    });
}

/// This VM serves: lets the others know what it uses. False where it has to be tried again. The host
/// tries configurations in VMs that never serve and end without a word, so they must not be counted.
pub(super) fn announce(host: &dyn Host) -> bool {
    IN_USE.with_borrow_mut(|in_use| {
        let mut all = true;
        for used in in_use {
            if used.announced == Announced::No {
                used.announced = match count(&used.name, |users| users.saturating_add(1), host) {
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
pub(super) fn leave<'a>(names: impl Iterator<Item = &'a str>, host: &dyn Host) -> Vec<&'a str> {
    IN_USE.with_borrow_mut(|in_use| names.filter(|name| is_last(in_use, name, host)).collect())
}

fn is_last(in_use: &mut Vec<Use>, name: &str, host: &dyn Host) -> bool {
    let Some(place) = in_use.iter().position(|used| used.name == name) else {
        return false;
    };
    if let Some(used) = in_use.get_mut(place) {
        used.users = used.users.saturating_sub(1);
        if used.users > 0 {
            return false;
        }
    }
    match in_use.swap_remove(place).announced {
        Announced::Alone => true,
        Announced::Counted => count(name, |users| users.saturating_sub(1), host) == Ok(0),
        Announced::No => false,
    }
}

/// Changes the number of VMs that use something, and returns it.
fn count(
    name: &str,
    change: impl Fn(u32) -> u32,
    host: &dyn Host,
) -> Result<u32, SetSharedDataError> {
    let record_name = format!("portcullis/users/1/{name}");
    for _ in 0..WRITE_ATTEMPTS {
        let present = host.shared_data(&record_name);
        let users = present.as_ref().and_then(|entry| decode(&entry.value));
        let changed = change(users.unwrap_or(0));
        let expected = present.map_or(Expected::Absent, |entry| Expected::Version(entry.version));
        match host.set_shared_data(&record_name, &changed.to_le_bytes(), expected) {
            Ok(()) => return Ok(changed),
            Err(SetSharedDataError::Changed) => {}
            Err(refused) => return Err(refused),
        }
    }
    Err(SetSharedDataError::Changed)
}

fn decode(record: &[u8]) -> Option<u32> {
    record.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{filter::one_record::Record, host::SharedData};

    const NAME: &str = "name";

    fn begin() {
        enter([NAME].into_iter());
    }

    fn end(host: &Record) -> bool {
        !leave([NAME].into_iter(), host).is_empty()
    }

    /// Writes what other VMs have counted.
    fn count_others(host: &Record, users: u32) {
        let (value, version) = (users.to_le_bytes().to_vec(), 1);
        *host.entry.borrow_mut() = Some(SharedData { value, version });
    }

    fn counted(host: &Record) -> Option<u32> {
        decode(&host.entry.borrow().as_ref()?.value)
    }

    #[test]
    fn the_last_configuration_of_the_last_vm_tidies_up() {
        for (others, is_last) in [(0, true), (1, false)] {
            let host = Record::default();
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
        let host = Record::default();
        begin();
        assert!(!end(&host) && !end(&host));
        assert_eq!(counted(&host), None);
    }

    #[test]
    fn a_vm_without_shared_data_goes_by_itself() {
        let host = Record {
            is_withheld: true,
            ..Record::default()
        };
        begin();
        assert!(announce(&host));
        assert!(end(&host));
    }
}
