//! Memory that all modules of a proxy share: bytes under names.
//!
//! Every module with the same `vm_id` can write there, so a value counts only if it is well formed,
//! about the right subject and, with `shared_memory_key`, authentic. Anything else reads as absent.
//! Writes are compare-and-swap: a [`SealedRecord`] retries if another VM wrote in between, and
//! reports [`SetSharedDataError`] if that does not help.
//!
//! This module knows nothing about what the records say. Key sets are in [`keys`](crate::keys),
//! policies in [`gate`](crate::gate).
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
