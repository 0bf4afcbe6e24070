//! The process-wide key-value store, with exactly the rules of Envoy's proxy-wasm host.
//!
//! The rules are in `src/shared_data.cc` of `proxy-wasm-cpp-host`. A write with the CAS
//! (compare-and-swap) number 0 overwrites any value. A write with any other number succeeds only if
//! this is the CAS number of the key's last write. If the key is missing, a write with any number
//! creates it. Keys are never deleted.

use std::collections::BTreeMap;

use proxy_wasm::types::Status;

/// The values, each with the CAS number of its last write.
#[derive(Debug, Default)]
pub struct SharedData {
    values: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    last_cas: u32,
}

impl SharedData {
    /// The value and its CAS number, which is never 0.
    pub fn read(&self, key: &[u8]) -> Option<(&[u8], u32)> {
        self.values
            .get(key)
            .map(|(value, cas)| (value.as_slice(), *cas))
    }

    /// Writes a value, or returns [`Status::CasMismatch`].
    pub fn write(&mut self, key: &[u8], value: &[u8], cas: u32) -> Status {
        match self.values.get(key) {
            Some((_, current)) if cas != 0 && cas != *current => Status::CasMismatch,
            _ => {
                // All keys share one counter, which skips 0 when it wraps around.
                self.last_cas = self.last_cas.checked_add(1).unwrap_or(1);
                self.values
                    .insert(key.to_vec(), (value.to_vec(), self.last_cas));
                Status::Ok
            }
        }
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.values.keys().map(Vec::as_slice)
    }
}
