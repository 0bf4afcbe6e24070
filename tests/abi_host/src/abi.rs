//! The types of Envoy's `abi.h`.

use core::{
    ffi::{c_char, c_void},
    ptr, slice,
};

/// A pointer to an object of this host, which the host passes to the library.
pub(crate) type Handle = *mut c_void;
/// What the library returned for a configuration, a policy or a stream. The library returns
/// numbers, although the type is a pointer.
pub(crate) type Own = *const c_void;

/// Bytes that one side lends to the other.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Octets {
    first: *const u8,
    count: usize,
}

/// A header that one side lends to the other.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) name: Octets,
    pub(crate) value: Octets,
}

impl Octets {
    /// Lends octets. As in Envoy, the pointer is null if there are no octets.
    pub(crate) const fn lend(octets: &[u8]) -> Self {
        let first = match octets {
            [] => ptr::null(),
            _ => octets.as_ptr(),
        };
        let count = octets.len();
        Self { first, count }
    }

    pub(crate) const fn is_null(self) -> bool {
        self.first.is_null()
    }

    /// Copies the octets that the library lends to a callback.
    pub(crate) fn copy(self) -> Vec<u8> {
        match self.count {
            0 => Vec::new(),
            // SAFETY: the library lends the octets for the duration of the callback.
            count => unsafe { slice::from_raw_parts(self.first, count) }.to_vec(),
        }
    }

    /// Copies a UTF-8 string that the library lends to a callback.
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.copy()).unwrap()
    }
}

pub(crate) type VersionText = *const c_char;
