//! The numbers that Envoy stores for this module in place of addresses.

use core::{
    ffi::c_void,
    ptr,
    sync::atomic::{AtomicUsize, Ordering},
};

/// The number of address bits that locate a byte within a page of memory. No two libraries share a
/// page.
const PAGE_BITS: u32 = 12;

/// The number of low bits that contain the counter. The higher bits identify the library.
const COUNT_BITS: u32 = 28;

/// The number of a configuration or of a route's policy. It is unique in the process and never
/// reused.
///
/// During an upgrade, two versions of this library are loaded. Envoy passes the number of a route's
/// policy to the version that handles the request, even if the other version made the number. So a
/// number must not be valid in both versions. The upper bits of a number identify the library: they
/// are the address of the memory page that holds one of the library's variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(usize);

impl Number {
    /// Makes a number that has never been used.
    pub(super) fn next() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let page = (&raw const COUNT).addr() >> PAGE_BITS;
        Self((page << COUNT_BITS) | COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// The number as a pointer for Envoy. The pointer is never null, because Envoy takes null as a
    /// rejection.
    pub(super) const fn as_pointer(self) -> *const c_void {
        ptr::without_provenance(self.0)
    }

    /// The number in a pointer that Envoy passes back to the module.
    pub(super) fn from_pointer(pointer: *const c_void) -> Self {
        Self(pointer.addr())
    }

    /// Makes a [`Number`] from a plain number that Envoy has passed back to the module.
    pub(super) const fn new(number: usize) -> Self {
        Self(number)
    }

    /// The number as bytes.
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

    /// A number that another version of the library has made must not be valid in this version.
    #[test]
    fn the_upper_bits_identify_this_library() {
        let [first, second] = [(); 2].map(|()| Number::next().0 >> COUNT_BITS);
        assert_eq!(first, second);
        assert_ne!(first, 0);
    }
}
