//! Numbers in place of addresses: what Envoy keeps for this module as a pointer.

use core::{
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The number of a configuration or of a route's policy. No two in this process have the same, whether
/// they live at one time or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(usize);

impl Number {
    /// The next number.
    pub(super) fn next() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The number as the pointer that Envoy keeps. It is never null, which would mean a refusal.
    pub(super) const fn as_pointer(self) -> *const c_void {
        ptr::without_provenance(self.0)
    }

    /// The number in a pointer that Envoy kept.
    pub(super) fn from_pointer(pointer: *const c_void) -> Self {
        Self(pointer.addr())
    }

    /// The number that Envoy gave back.
    pub(super) const fn new(number: usize) -> Self {
        Self(number)
    }

    /// The number as octets.
    pub(super) const fn octets(self) -> [u8; size_of::<usize>()] {
        self.0.to_ne_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_as_a_pointer_and_is_never_null() {
        let (first, second) = (Number::next(), Number::next());
        assert_ne!(first, second);
        assert!(!first.as_pointer().is_null());
        assert_eq!(Number::from_pointer(first.as_pointer()), first);
    }
}
