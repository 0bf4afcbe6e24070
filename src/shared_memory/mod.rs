//! The memory that the modules of a proxy share: a map from names to bytes.
//!
//! Every module with the same `vm_id` can write to this memory. So a value is only used if it is
//! well formed, belongs to the right key source or policy and, if `shared_memory_key` is
//! configured, is authentic. Any other value is treated as absent. Writes use compare-and-swap. If
//! another VM has written in the meantime, a [`SealedRecord`] retries several times before it
//! returns a [`SetSharedDataError`].
//!
//! This module does not interpret the records. The records of key sets are interpreted in
//! [`keys`](crate::keys). The records that say which configuration of a policy is the newest are
//! interpreted in [`gate`](crate::gate).
//!
//! ```
//! use portcullis::{
//!     jose::SecretKey,
//!     shared_memory::{OneRecord, SealedRecord, SharedMemory},
//! };
//!
//! let memory = OneRecord::default();
//! let key = SecretKey::new(&[7; 32])?;
//! let record = SealedRecord::about("example/1", "subject", Some(&key));
//! assert!(record.update(&mut |_| Some(b"text".to_vec()), &memory).is_ok());
//!
//! let value = memory.shared_data(record.name()).ok_or("no entry")?.value;
//! assert_eq!(record.open(&value), Some(&b"text"[..]));
//! assert_eq!(record.open(b"text"), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod memory;
mod one_record;
mod sealed;

pub use self::{
    memory::{Expected, SetSharedDataError, SharedData, SharedMemory, clear},
    one_record::OneRecord,
    sealed::SealedRecord,
};
