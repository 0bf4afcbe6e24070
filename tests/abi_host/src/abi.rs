//! This host's versions of the types in Envoy's `abi.h`.

use core::{
    ffi::{c_char, c_void},
    ptr, slice,
};

/// A pointer to one of this host's objects. The host passes it to the library.
pub(crate) type Handle = *mut c_void;
/// The pointer that the library returned for a configuration, a policy or a stream. Its value is
/// not an address, but a number that the library chose.
pub(crate) type Own = *const c_void;

/// Bytes that the host lends to the library, or that the library lends to the host.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Octets {
    first: *const u8,
    count: usize,
}

/// A header that the host lends to the library, or that the library lends to the host.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Header {
    pub(crate) name: Octets,
    pub(crate) value: Octets,
}

impl Octets {
    /// Lends bytes to the library. As in Envoy, the pointer is null if there are no bytes.
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

    /// Copies the bytes that the library lends to a callback.
    pub(crate) fn copy(self) -> Vec<u8> {
        match self.count {
            0 => Vec::new(),
            // SAFETY: the library lends the bytes for the duration of the callback.
            count => unsafe { slice::from_raw_parts(self.first, count) }.to_vec(),
        }
    }

    /// Copies a UTF-8 string that the library lends to a callback.
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.copy()).unwrap()
    }
}

pub(crate) type VersionText = *const c_char;
